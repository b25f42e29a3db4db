/** Where a stored message is: its place in the primary key, and what makes its id impossible to guess. */
export interface MessagePlace {
  readonly at: number
  readonly sequence: number
  readonly nonce: string
}

/**
 * A MessageId has 64 hexadecimal digits: 12 of the time, 12 of the channel's sequence, 40 random ones. The first two are the
 * message's place in the primary key; the random ones make the id impossible to guess.
 */
export const messageId = ({ at, sequence, nonce }: MessagePlace) =>
  at.toString(16).padStart(12, '0') + sequence.toString(16).padStart(12, '0') + nonce

/** The id of a message that is delivered and not stored. */
export const passingMessageId = (at: number, nonce: string) => messageId({ at, sequence: 0, nonce })

/** The place of a stored message, from its id. */
export function placeOfId(id: string): MessagePlace | undefined {
  if (!/^[0-9a-f]{64}$/.test(id)) return undefined
  return { at: Number.parseInt(id.slice(0, 12), 16), sequence: Number.parseInt(id.slice(12, 24), 16), nonce: id.slice(24) }
}

/** The number of a stored message, from its id. */
export const sequenceOf = (id: string) => placeOfId(id)?.sequence
