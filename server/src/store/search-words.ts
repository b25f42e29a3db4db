import { wordsOf, type Phrase } from '../tools/words.ts'

/*
 * What both indexes have in common: each word of a message is stored with a prefix for the scope in which the message can be seen, so a
 * search reads only what its caller may see. A scope is a channel, or a sub-channel of an elastic one, and for a targeted message one of the
 * two who see it. The sender of a message is one of its words, too.
 */

/** Where messages can be seen, by all members or by one viewer only. */
export interface SearchScope {
  readonly channelId: number
  readonly subChannelId: number
  readonly viewerId: number | undefined
}

const short = (id: number) => id.toString(36)

/** Characters that words cannot contain. */
export const scopeCharacters = ':/~@'

const prefixOf = ({ channelId, subChannelId, viewerId }: SearchScope) =>
  `${short(channelId)}${subChannelId === 0 ? '' : `/${short(subChannelId)}`}${viewerId === undefined ? '' : `~${short(viewerId)}`}:`

const senderWord = (senderId: number) => `@${short(senderId)}`

/** The parts of a message that are indexed. */
export interface IndexedMessage {
  readonly channelId: number
  readonly subChannelId: number
  readonly senderId: number
  readonly targetId: number | null
  readonly content: string
}

/** The words of a message as the index stores them, in their order. */
export function indexedWords({ channelId, subChannelId, senderId, targetId, content }: IndexedMessage): string[] {
  const words = [senderWord(senderId), ...wordsOf(content)]
  const viewers = targetId === null ? [undefined] : [...new Set([senderId, targetId])]
  return viewers.flatMap(viewerId => {
    const prefix = prefixOf({ channelId, subChannelId, viewerId })
    return words.map(word => prefix + word)
  })
}

/** What a search looks for in its scopes. */
export interface Searched {
  readonly phrases: readonly Phrase[]
  readonly senderId: number | undefined
}

/** The phrases of the search in one scope, with each word as the index stores it. */
export const searchedIn = (scope: SearchScope, { phrases, senderId }: Searched): Phrase[] => {
  const prefix = prefixOf(scope)
  const sender = senderId === undefined ? [] : [{ words: [senderWord(senderId)], isPrefix: false }]
  return [...sender, ...phrases].map(({ words, isPrefix }) => ({ words: words.map(word => prefix + word), isPrefix }))
}
