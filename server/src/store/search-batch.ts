import { cursorAfter, endOfPortion, type BuildCursor, type MessageRow } from './search-words.ts'

/** How many messages are sorted, or fewer if they are long, so that they fit the memory of the thread (search/file-index.ts). */
const mostSorted = 100_000
const mostCharacters = 16 * 2 ** 20

const keyOf = ({ channelId, sequence }: Pick<MessageRow, 'channelId' | 'sequence'>) => `${channelId} ${sequence}`

/**
 * Messages of a new index. They are read in the order of the channels and stored in the order of their rowids: so a transaction writes
 * pages that lie beside each other, and not one page for each of its messages.
 */
export class SearchBatch {
  readonly #rows: MessageRow[] = []
  /** Messages that have changed since the batch was begun: their text in the batch may be old, and the change itself is in the index. */
  readonly #changed = new Set<string>()
  #characters = 0
  #stored = 0
  /** Where the next batch begins; undefined after the last message. */
  cursor: BuildCursor | undefined
  isRead = false

  constructor(cursor: BuildCursor) {
    this.cursor = cursor
  }

  add(rows: readonly MessageRow[]) {
    for (const row of rows) {
      if (row.content === null) continue
      this.#rows.push(row)
      this.#characters += row.content.length
    }
    const last = rows.at(-1)
    this.cursor = last && cursorAfter(last)
    this.isRead = !last || this.#rows.length >= mostSorted || this.#characters >= mostCharacters
    if (this.isRead) this.#rows.sort((a, b) => a.at - b.at)
  }

  /** A message has changed. False once so many have that the batch has to be read again. */
  hasChanged(message: Pick<MessageRow, 'channelId' | 'sequence'>): boolean {
    this.#changed.add(keyOf(message))
    return this.#changed.size < mostSorted
  }

  /** The next messages to store: as many as have so many characters. */
  take(characters: number): MessageRow[] {
    const from = this.#stored
    this.#stored = endOfPortion(this.#rows, from, row => row.content!.length, characters)
    return this.#rows.slice(from, this.#stored).filter(row => !this.#changed.has(keyOf(row)))
  }

  get isStored() {
    return this.#stored >= this.#rows.length
  }
}
