/** The parts of a MessageId: the key of a stored message in its channel, and random digits that make the id impossible to guess. */
export interface MessageIdParts {
  readonly at: number
  readonly sequence: number
  readonly nonce: string
}

/**
 * A MessageId has 64 hexadecimal digits: 12 of the time, 12 of the channel's sequence, 40 random ones. The first two are the message's key
 * in its channel; the random ones make the id impossible to guess.
 */
export const messageId = ({ at, sequence, nonce }: MessageIdParts) =>
  at.toString(16).padStart(12, '0') + sequence.toString(16).padStart(12, '0') + nonce

/** The id of a message that is delivered and not stored. */
export const passingMessageId = (at: number, nonce: string) => messageId({ at, sequence: 0, nonce })

/** The parts of a MessageId; undefined for any other text. */
export function partsOfId(id: string): MessageIdParts | undefined {
  if (!/^[0-9a-f]{64}$/.test(id)) return undefined
  return { at: Number.parseInt(id.slice(0, 12), 16), sequence: Number.parseInt(id.slice(12, 24), 16), nonce: id.slice(24) }
}

/** The number of a stored message, from its id. */
export const sequenceOf = (id: string) => partsOfId(id)?.sequence
