/** How fast one user may connect: so many at once, and then one each second (spec/realtime.md §2). */
export class ConnectRate {
  readonly #atOnce: number
  /** When each user would have used up nothing again, in milliseconds. */
  readonly #full = new Map<number, number>()

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** False where it is one too many. */
  take(userId: number, now: number): boolean {
    const full = Math.max(this.#full.get(userId) ?? now, now) + 1000
    if (full > now + this.#atOnce * 1000) return false
    this.#full.set(userId, full)
    return true
  }

  /** Forgets those who may connect as if they never had. */
  forget(now: number) {
    for (const [userId, full] of this.#full) if (full <= now) this.#full.delete(userId)
  }
}
