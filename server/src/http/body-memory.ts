/** The memory for the bodies of all requests together. Each body takes what it needs and gives it back when its call is over. */
export class BodyMemory {
  #free: number

  constructor(bytes: number) {
    this.#free = bytes
  }

  /** False if there is not enough left. */
  take(bytes: number): boolean {
    if (bytes > this.#free) return false
    this.#free -= bytes
    return true
  }

  give(bytes: number) {
    this.#free += bytes
  }
}
