import { BoundedMap } from './bounded-map.ts'

/** The most subjects. For one that is forgotten something is due again. */
const mostSubjects = 1000

/** Says when something is due that happens at most once in some milliseconds, such as a line of the log, for each of many subjects. */
export class Seldom {
  readonly #milliseconds: number
  readonly #lastAt = new BoundedMap<string, number>(mostSubjects)

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /** If it is due, it counts as done now. */
  isDue(subject = ''): boolean {
    const now = performance.now()
    const lastAt = this.#lastAt.get(subject)
    if (lastAt !== undefined && now - lastAt < this.#milliseconds) return false
    this.#lastAt.set(subject, now)
    return true
  }

  /** The next time it is due immediately. False if it was anyway. */
  forget(subject = ''): boolean {
    return this.#lastAt.delete(subject)
  }
}
