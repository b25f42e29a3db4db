/** What a service that does not say how long wants at the first refusal, and the longest pause, in milliseconds. */
const firstMilliseconds = 60_000
const longestMilliseconds = 10 * 60_000

/** The time in which a service wants no pushes at all: as long as it says, or a minute, then two, up to ten. */
export class Pause {
  #until = 0
  #refusals = 0

  get isOn(): boolean {
    return performance.now() < this.#until
  }

  /** The service has refused, and asks for so many milliseconds if it says so. What was under way then makes the pause no longer. */
  begin(asked: number | undefined) {
    if (this.isOn) return
    const own = firstMilliseconds * 2 ** this.#refusals++
    this.#until = performance.now() + Math.min(asked ?? own, longestMilliseconds)
  }

  /** The service has taken a push. */
  forget() {
    if (!this.isOn) this.#refusals = 0
  }
}
