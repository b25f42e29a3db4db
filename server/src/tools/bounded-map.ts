/** A Map of at most so many entries: the one that has been used, which is read or set, the longest ago goes first. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #capacity: number

  constructor(capacity: number) {
    super()
    this.#capacity = capacity
  }

  override get(key: Key): Value | undefined {
    const value = super.get(key)
    // To the end of the order in which the entries stand.
    if (value !== undefined && super.delete(key)) super.set(key, value)
    return value
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
