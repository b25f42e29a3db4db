import { wordsOf, type Phrase } from '../tools/words.ts'
import type { Place } from './places.ts'

/*
 * What both indexes have in common: each word of a message is stored with a prefix for the scope in which the message can be seen, so a
 * search reads only what its caller may see. A scope is a channel, or a sub-channel of an elastic one, and for a targeted message one of the
 * two who see it. The sender of a message is one of its words, too.
 */

/** Where messages can be seen, by all members or by one viewer only. */
export interface SearchScope extends Place {
  readonly viewerId: number | undefined
}

const short = (id: number) => id.toString(36)

/** Characters that words cannot contain. */
export const scopeCharacters = ':/~@'

const prefixOf = ({ channelId, subChannelId, viewerId }: SearchScope) =>
  `${short(channelId)}${subChannelId === 0 ? '' : `/${short(subChannelId)}`}${viewerId === undefined ? '' : `~${short(viewerId)}`}:`

const senderWord = (senderId: number) => `@${short(senderId)}`

/** The parts of a message that are indexed. */
export interface IndexedMessage extends Place {
  readonly senderId: number
  readonly targetId: number | null
  readonly content: string
}

/** The words of a message as the index stores them, in their order, with a blank between two. */
export function indexedText({ channelId, subChannelId, senderId, targetId, content }: IndexedMessage): string {
  const words = [senderWord(senderId), ...wordsOf(content)]
  const viewers = targetId === null ? [undefined] : [...new Set([senderId, targetId])]
  const prefixes = viewers.map(viewerId => prefixOf({ channelId, subChannelId, viewerId }))
  return prefixes.map(prefix => prefix + words.join(` ${prefix}`)).join(' ')
}

/**
 * Where the portion of a list ends that begins at that place: with the message by which it has `most` characters, as `lengthOf` counts them
 * for each. Each takes as long as a hundred characters more.
 */
export function endOfPortion<Each>(all: readonly Each[], from: number, lengthOf: (one: Each) => number, most: number): number {
  let end = from
  for (let left = most; end < all.length && left > 0; end++) left -= lengthOf(all[end]!) + 100
  return end
}

/** What a search looks for in its scopes. */
export interface Searched {
  readonly phrases: readonly Phrase[]
  /** The message is of one of these users and bots; undefined for all. */
  readonly senderIds: readonly number[] | undefined
}

/** The search in one scope, with each word as the index stores it: all phrases, and one of the senders, must be in a message. */
export const searchedIn = (scope: SearchScope, { phrases, senderIds }: Searched) => {
  const prefix = prefixOf(scope)
  return {
    phrases: phrases.map(({ words, isPrefix }): Phrase => ({ words: words.map(word => prefix + word), isPrefix })),
    senders: senderIds?.map(senderId => prefix + senderWord(senderId)),
  }
}

/** A search in all its scopes. */
export interface ScopedSearch extends Searched {
  readonly scopes: readonly SearchScope[]
  /** Bounds of the creation time, in epoch milliseconds, inclusive. */
  readonly notBefore: number
  readonly notAfter: number
}

/** A row of `messagesAfter`. */
export interface MessageRow extends Place {
  readonly isPrivate: number
  readonly at: number
  readonly sequence: number
  readonly senderId: number
  readonly targetId: number | null
  /** Null for a message that is not to be found. */
  readonly content: string | null
}

/** How far an index has been built: channel, sub-channel, private, time and number of the last message that was read. */
export type BuildCursor = readonly [number, number, number, number, number]
export const buildStart: BuildCursor = [0, 0, 0, 0, 0]

export const cursorAfter = (row: MessageRow): BuildCursor => [row.channelId, row.subChannelId, row.isPrivate, row.at, row.sequence]

/** SQL: the message `m` is to be found. */
export const searchable = `m.status is null and m.type = 'STANDARD'`

/** SQL: the messages after the cursor $1 to $5, in the order of their table. `content` is SQL for the content of `m`. */
export const messagesAfter = (content: string, limit: '$6' | '$7') => `
  select m.channel_id as "channelId", m.sub_channel_id as "subChannelId", m.private as "isPrivate", m.created_at as at, m.sequence,
    m.sender_id as "senderId", m.target_id as "targetId", case when ${searchable} then ${content} end as content
  from messages m
  where (m.channel_id, m.sub_channel_id, m.private, m.created_at, m.sequence) > ($1, $2, $3, $4, $5)
  order by m.channel_id, m.sub_channel_id, m.private, m.created_at, m.sequence limit ${limit}`
