/** A Map of at most so many entries: the oldest goes first. What is set again counts as new. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #capacity: number

  constructor(capacity: number) {
    super()
    this.#capacity = capacity
  }

  override set(key: Key, value: Value): this {
    this.delete(key)
    super.set(key, value)
    if (this.size > this.#capacity) {
      const [oldest] = this.keys()
      this.delete(oldest!)
    }
    return this
  }
}
