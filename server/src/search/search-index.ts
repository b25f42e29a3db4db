import type { Cursor } from '../store/page.ts'
import type { Searched, SearchedPlace } from '../store/search-words.ts'

/** A message that the index has found, by its time and number in its channel. */
export interface Candidate {
  readonly channelId: number
  readonly subChannelId: number
  readonly at: number
  readonly sequence: number
  /** Where the search goes on behind it. */
  readonly cursor: Cursor
}

export interface CandidateSearch extends Searched {
  readonly places: readonly SearchedPlace[]
  /** Bounds of the creation time, in epoch milliseconds, inclusive. */
  readonly notBefore: number
  readonly notAfter: number
}

/**
 * The index that finds messages by their words. It is some moments late, so its answers are candidates: whether a message still exists and
 * still has these words is for the caller to check.
 */
export interface SearchIndex {
  /** False while the index is built anew: until then it has some of the messages only. */
  isComplete(): Promise<boolean>
  /** At most `limit` candidates behind the cursor, the newest first. Throws 503 if the index does not answer in time. */
  candidates(search: CandidateSearch, after: Cursor | undefined, limit: number): Promise<Candidate[]>
  /** Tells the index that there are changes. */
  soon(): void
  stop(): Promise<void>
}
