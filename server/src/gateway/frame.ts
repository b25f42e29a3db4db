import type { SocketEvent } from '../bus/socket-events.ts'

/** A WebSocket frame, ready to be written to any number of sockets. */
export type Frame = Buffer

const textOpcode = 0x1
const ping = 0x9

/** The header of one final frame without a mask, as servers send them (RFC 6455 §5.2), in a buffer with that much room behind it. */
function frameHeader(opcode: number, length: number, room = 0): Buffer {
  const start = length < 126 ? 2 : length < 65536 ? 4 : 10
  const frame = Buffer.allocUnsafeSlow(start + room)
  frame[0] = 0x80 | opcode
  frame[1] = start === 2 ? length : start === 4 ? 126 : 127
  if (start === 4) frame.writeUInt16BE(length, 2)
  else if (start === 10) frame.writeBigUInt64BE(BigInt(length), 2)
  return frame
}

/** Made once for all sessions that get it. */
function framed(opcode: number, content: string): Frame {
  const length = Buffer.byteLength(content)
  const frame = frameHeader(opcode, length, length)
  frame.write(content, frame.length - length)
  return frame
}

type Headers = Readonly<Partial<Record<'messageType' | 'reason', string>>> & { readonly type: string }

/** `payload` is a JSON document, put into the envelope as a string (docs/service/sessions.md#frames). */
const envelope = ({ type, messageType = 'SYSTEM', reason }: Headers, payload: string | undefined) =>
  framed(
    textOpcode,
    JSON.stringify({
      Headers: { 'x-amz-chime-event-type': type, 'x-amz-chime-message-type': messageType, 'x-amz-chime-event-reason': reason },
      Payload: payload,
    }),
  )

/** The only event without a payload. */
export const sessionEstablished = envelope({ type: 'SESSION_ESTABLISHED' }, undefined)

/** Writes a Date as clients of sockets expect it: ISO 8601 with milliseconds. */
export const eventFrame = (event: SocketEvent) => envelope(event, JSON.stringify(event.payload))

/** The content of a presence frame: JSON texts of presences, and of the numbers of large channels. */
export const presenceFrame = (presences: readonly string[], numbers: readonly string[]) =>
  envelope({ type: 'UPDATE_PRESENCE' }, `{"Presences":[${presences.join(',')}],"Channels":[${numbers.join(',')}]}`)

/** The part of a CHANNEL_DETAILS frame that is the same for all readers: the end of its text, from a member of the payload on. */
export type DetailsText = Buffer

/** `payload` has at least one member. */
export const detailsText = (payload: object): DetailsText => Buffer.from(`${JSON.stringify(JSON.stringify(payload)).slice(2)}}`)

const openedDetails = `${JSON.stringify({
  Headers: { 'x-amz-chime-event-type': 'CHANNEL_DETAILS', 'x-amz-chime-message-type': 'SYSTEM' },
}).slice(0, -1)},"Payload":"{`

/** The details of a channel that are for one reader only. The counts are for sessions that ask for them. */
export interface OwnDetails {
  /** The read marker, in epoch milliseconds. */
  readonly readAt: number | undefined
  readonly counts?: { readonly unread: number; readonly mentions: number; readonly firstMessageId: string | undefined } | undefined
}

/** The details of one channel that a prefetch sends to a client: a frame in two parts, its own and what is the same for all readers. */
export function channelDetailsFrame(text: DetailsText, { readAt, counts }: OwnDetails): [Frame, Frame] {
  let own = openedDetails
  if (readAt !== undefined) own += `\\"ReadMarkerTimestamp\\":\\"${new Date(readAt).toISOString()}\\",`
  if (counts) {
    own += `\\"UnreadCount\\":${counts.unread},\\"UnreadMentionCount\\":${counts.mentions},`
    if (counts.firstMessageId !== undefined) own += `\\"FirstUnreadMessageId\\":\\"${counts.firstMessageId}\\",`
  }
  const head = frameHeader(textOpcode, own.length + text.length, own.length)
  head.write(own, head.length - own.length, 'latin1')
  return [head, text]
}

let lastPing: { readonly at: number; readonly frame: Frame } | undefined

/** A ping with the time at which it was sent, which its pong repeats. All sockets of a turn get one frame. */
export function pingFrame(at: number): Frame {
  if (lastPing?.at !== at) lastPing = { at, frame: framed(ping, String(at)) }
  return lastPing.frame
}
