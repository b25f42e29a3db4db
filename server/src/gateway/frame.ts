import type { SocketEvent } from '../bus/socket-events.ts'

/** A WebSocket frame, ready to be written to any number of sockets. */
export type Frame = Buffer

const textOpcode = 0x1
const ping = 0x9

/** One final frame without a mask, as servers send them (RFC 6455 §5.2), and where its content of that many bytes begins. */
function emptyFrame(opcode: number, length: number): { readonly frame: Frame; readonly start: number } {
  const start = length < 126 ? 2 : length < 65536 ? 4 : 10
  const frame = Buffer.allocUnsafeSlow(start + length)
  frame[0] = 0x80 | opcode
  frame[1] = start === 2 ? length : start === 4 ? 126 : 127
  if (start === 4) frame.writeUInt16BE(length, 2)
  else if (start === 10) frame.writeBigUInt64BE(BigInt(length), 2)
  return { frame, start }
}

/** Put together once for all who hear it. */
function framed(opcode: number, content: string): Frame {
  const { frame, start } = emptyFrame(opcode, Buffer.byteLength(content))
  frame.write(content, start)
  return frame
}

interface Headers {
  readonly type: string
  readonly messageType?: string | undefined
  readonly reason?: string | undefined
}

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
export const eventFrame = ({ type, messageType, reason, payload }: SocketEvent) =>
  envelope({ type, messageType, reason }, JSON.stringify(payload))

/** The part of a CHANNEL_DETAILS frame that is the same for all readers: the end of its text, from a member of the payload on. */
export type DetailsText = Buffer

/** `payload` has at least one member. */
export const detailsText = (payload: object): DetailsText => Buffer.from(`${JSON.stringify(JSON.stringify(payload)).slice(2)}}`)

const openedDetails = `${JSON.stringify({
  Headers: { 'x-amz-chime-event-type': 'CHANNEL_DETAILS', 'x-amz-chime-message-type': 'SYSTEM' },
}).slice(0, -1)},"Payload":"{`

/** The details of one channel that a prefetch sends to a client: its own read marker, and what is the same for all readers. */
export function channelDetailsFrame(text: DetailsText, readAt: Date | undefined): Frame {
  const own = readAt ? `${openedDetails}\\"ReadMarkerTimestamp\\":\\"${readAt.toISOString()}\\",` : openedDetails
  const { frame, start } = emptyFrame(textOpcode, own.length + text.length)
  frame.write(own, start, 'latin1')
  text.copy(frame, start + own.length)
  return frame
}

let lastPing: { readonly at: number; readonly frame: Frame } | undefined

/** A ping that says when it was sent, which its pong says again; one frame for all sockets of a turn. */
export function pingFrame(at: number): Frame {
  if (lastPing?.at !== at) lastPing = { at, frame: framed(ping, String(at)) }
  return lastPing.frame
}
