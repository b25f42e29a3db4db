/** A Map with a bounded number of entries: the least recently used one, read or set, is removed first. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #capacity: number

  constructor(capacity: number) {
    super()
    this.#capacity = capacity
  }

  override get(key: Key): Value | undefined {
    const value = super.get(key)
    // Moves the entry to the end of the order.
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
