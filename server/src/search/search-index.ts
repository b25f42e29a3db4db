import type { Cursor } from '../store/page.ts'
import type { Place } from '../store/places.ts'
import type { ScopedSearch } from '../store/search-words.ts'

/** A message that the index has found, by its time and number in its channel. */
export interface Candidate extends Place {
  readonly at: number
  readonly sequence: number
  /** The cursor after this candidate. */
  readonly cursor: Cursor
}

/**
 * The index that finds messages by their words. It is some moments behind the messages, so it returns candidates: the caller must check
 * whether a message still exists and still has the words.
 */
export interface SearchIndex {
  /** False while the index is rebuilt and does not have all messages yet. */
  isComplete(): Promise<boolean>
  /** At most `limit` candidates behind the cursor, the newest first. Throws 503 if the index does not answer in time. */
  candidates(search: ScopedSearch, after: Cursor | undefined, limit: number): Promise<Candidate[]>
  /** Called when there are new changes. */
  soon(): void
  stop(): Promise<void>
}
