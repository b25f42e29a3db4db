import { setImmediate as turn } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import { badRequest } from '../errors.ts'
import type { Candidate, SearchIndex } from '../search/search-index.ts'
import { messageOfNumbers, type Message } from '../store/messages.ts'
import type { Cursor, Page } from '../store/page.ts'
import type { Place } from '../store/places.ts'
import type { PlaceOfMember } from '../store/searched-places.ts'
import { phrasesOf, scoreOf, snippetOf, type Phrase } from '../tools/words.ts'

/** The most phrases of a search, and the most words in all of them. */
const mostPhrases = 10
const mostWords = 60

/** A search. */
export interface MessageSearch {
  readonly viewerId: number
  readonly places: readonly PlaceOfMember[]
  readonly phrases: readonly Phrase[]
  /** The users and bots whose messages are searched; undefined for all. */
  readonly senderIds: readonly number[] | undefined
  /** Bounds of the creation time, in epoch milliseconds, inclusive. */
  readonly notBefore: number
  readonly notAfter: number
  /** Whether the viewer sees a message of these places. */
  readonly sees: (message: Message) => boolean
}

export interface FoundMessage {
  readonly place: PlaceOfMember
  readonly message: Message
  /** A part of the content, divided into pieces that match and pieces that do not. */
  readonly snippet: readonly { readonly text: string; readonly isMatch: boolean }[]
}

/** Parses SearchText. Throws BadRequestException if it has no word, or too many. */
export function searchedPhrases(text: string): Phrase[] {
  const phrases = phrasesOf(text)
  const words = phrases.reduce((sum, phrase) => sum + phrase.words.length, 0)
  if (phrases.length === 0) throw badRequest('SearchText has no word', 'A word consists of letters, digits or emoji.')
  if (phrases.length <= mostPhrases && words <= mostWords) return phrases
  throw badRequest(
    'SearchText has too many words',
    `Search for at most ${mostPhrases} words or phrases, with at most ${mostWords} words together.`,
  )
}

/**
 * How many candidates a page reads at once, and in all before it ends short. It first reads as many as it shows, since nearly all of them
 * still match.
 */
const step = 60
const mostCandidates = 600
/** BEST ranks this many of the newest messages. */
const mostRanked = 1000

const keyOf = ({ channelId, subChannelId }: Place) => `${channelId}/${subChannelId}`

/** A search in the index, each of whose candidates is looked up in the database before it counts. */
class Searching {
  readonly #db: Database
  readonly #index: SearchIndex
  readonly #search: MessageSearch
  readonly #placeOf: ReadonlyMap<string, PlaceOfMember>

  constructor(db: Database, index: SearchIndex, search: MessageSearch) {
    this.#db = db
    this.#index = index
    this.#search = search
    this.#placeOf = new Map(search.places.map(place => [keyOf(place), place]))
  }

  async candidates(after: Cursor | undefined, limit: number): Promise<Candidate[]> {
    const { places, viewerId, phrases, senderIds, notBefore, notAfter } = this.#search
    const searched = places.flatMap(({ channelId, subChannelId, hasPrivate }) => [
      { channelId, subChannelId, viewerId: undefined },
      ...(hasPrivate ? [{ channelId, subChannelId, viewerId }] : []),
    ])
    return searched.length === 0 ? [] : this.#index.candidates({ scopes: searched, phrases, senderIds, notBefore, notAfter }, after, limit)
  }

  /** The messages of the candidates, with their score; undefined for candidates that do not match any more. */
  async found(candidates: readonly Candidate[]): Promise<({ place: PlaceOfMember; message: Message; score: number } | undefined)[]> {
    const { phrases, senderIds, notBefore, notAfter, sees } = this.#search
    const messages = await Promise.all(candidates.map(async candidate => messageOfNumbers(this.#db, candidate)))
    return messages.map((message, index) => {
      const place = this.#placeOf.get(keyOf(candidates[index]!))
      if (!place || !message || message.content === undefined || message.type !== 'STANDARD' || !sees(message)) return undefined
      const at = message.createdAt.getTime()
      if (at < notBefore || at > notAfter || senderIds?.includes(message.sender.id) === false) return undefined
      const score = scoreOf(message.content, phrases)
      return score === 0 ? undefined : { place, message, score }
    })
  }

  shown({ place, message }: { place: PlaceOfMember; message: Message }): FoundMessage {
    return { place, message, snippet: snippetOf(message.content ?? '', this.#search.phrases) }
  }
}

/** A page of the messages that match, the newest first. It examines a bounded number of candidates. */
export async function newestFound(
  db: Database,
  index: SearchIndex,
  search: MessageSearch,
  after: Cursor | undefined,
  limit: number,
): Promise<Page<FoundMessage>> {
  const searching = new Searching(db, index, search)
  const items: FoundMessage[] = []
  let last = after
  let looked = 0
  for (let asked = Math.min(limit + 1, step); looked < mostCandidates; asked = step) {
    const candidates = await searching.candidates(last, asked)
    looked += asked
    const found = await searching.found(candidates)
    for (const [position, { cursor }] of candidates.entries()) {
      const each = found[position]
      if (each && items.length === limit) return { items, next: last }
      if (each) items.push(searching.shown(each))
      last = cursor
    }
    if (candidates.length < asked) return { items, next: undefined }
  }
  return { items, next: last }
}

/** Whether a candidate with that cursor comes after the other one: candidates are listed from the newest to the oldest. */
function isAfter(cursor: Cursor, other: Cursor) {
  const at = cursor.findIndex((number, index) => number !== other[index])
  return at >= 0 && cursor[at]! < other[at]!
}

/**
 * A page of the best of the newest thousand messages that match. The cursor is the score of the last message of the page before, its place
 * in the index, and that of the newest candidate. So neither later messages nor those that are gone move the pages.
 */
export async function bestFound(
  db: Database,
  index: SearchIndex,
  search: MessageSearch,
  after: Cursor | undefined,
  limit: number,
): Promise<Page<FoundMessage>> {
  const searching = new Searching(db, index, search)
  const [lastScore = Infinity, ...places] = after ?? []
  const [last, newest] = [places.slice(0, places.length / 2), places.slice(places.length / 2)]
  const candidates = await searching.candidates(after && newest, mostRanked)
  const found = []
  for (let from = 0; from < candidates.length; from += step) {
    const some = candidates.slice(from, from + step)
    const matching = await searching.found(some)
    found.push(...matching.flatMap((each, position) => (each ? [{ ...each, cursor: some[position]!.cursor }] : [])))
    await turn()
  }
  const ranked = found
    .filter(({ score, cursor }) => score < lastScore || (score === lastScore && isAfter(cursor, last)))
    .toSorted((a, b) => b.score - a.score)
  const page = ranked.slice(0, limit)
  const shown = page.at(-1)
  const [first] = candidates
  const before =
    after || !first ? newest : first.cursor.map((number, position) => (position === first.cursor.length - 1 ? number + 1 : number))
  const next = shown && ranked.length > limit ? [shown.score, ...shown.cursor, ...before] : undefined
  return { items: page.map(each => searching.shown(each)), next }
}
