import { wordsOf, type Phrase } from '../tools/words.ts'

/*
 * What both indexes have in common: each word of a message is stored after the place in which the message can be seen, so a search reads
 * only what its caller may see. A place is a channel, or a sub-channel of an elastic one, and for a targeted message one of the two who see
 * it. The sender of a message is one of its words, too.
 */

/** Where a message can be seen: by all members, or by one viewer only. */
export interface SearchedPlace {
  readonly channelId: number
  readonly subChannelId: number
  readonly viewerId: number | undefined
}

const short = (id: number) => id.toString(36)

/** Letters and digits are in every word; these characters are in none. */
export const placeCharacters = ':/~@'

const prefixOf = ({ channelId, subChannelId, viewerId }: SearchedPlace) =>
  `${short(channelId)}${subChannelId === 0 ? '' : `/${short(subChannelId)}`}${viewerId === undefined ? '' : `~${short(viewerId)}`}:`

const senderWord = (senderId: number) => `@${short(senderId)}`

/** What of a message is in the index. */
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

/** What is searched in the places of the caller. */
export interface Searched {
  readonly phrases: readonly Phrase[]
  readonly senderId: number | undefined
}

/** The same for one place, with each word as the index stores it. */
export const searchedIn = (place: SearchedPlace, { phrases, senderId }: Searched): Phrase[] => {
  const prefix = prefixOf(place)
  const sender = senderId === undefined ? [] : [{ words: [senderWord(senderId)], isPrefix: false }]
  return [...sender, ...phrases].map(({ words, isPrefix }) => ({ words: words.map(word => prefix + word), isPrefix }))
}
