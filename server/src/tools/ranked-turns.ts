type Work = () => Promise<void>

/** Bounds how many works run at once. Of those that wait, the lowest rank runs first, and among equals the one that has waited longest. */
export class RankedTurns {
  readonly #most: number
  /** The waiting works, by rank, which is a small integer. */
  readonly #waiting: Set<Work>[] = []
  #running = 0

  constructor(most: number) {
    this.#most = most
  }

  /** The work must not reject. */
  add(rank: number, work: Work) {
    while (this.#waiting.length <= rank) this.#waiting.push(new Set())
    this.#waiting[rank]!.add(work)
    if (this.#running < this.#most) void this.#run()
  }

  async #run() {
    this.#running++
    for (let work = this.#next(); work; work = this.#next()) await work()
    this.#running--
  }

  #next(): Work | undefined {
    for (const works of this.#waiting) {
      for (const work of works) {
        works.delete(work)
        return work
      }
    }
    return undefined
  }
}
