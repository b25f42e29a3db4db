import { badRequest } from '../errors.ts'
import type { Limits } from '../settings/limits.ts'
import type { MessageContent, MessageType } from '../store/messages.ts'

/** Sizes in bytes of UTF-8 that no setting changes (docs/service/limits.md#sizes). */
const resourceMetadataBytes = 1024
const attributesBytes = 1024

type Sizes = Pick<Limits, 'contentBytes' | 'metadataBytes' | 'controlBytes'>

const tooLarge = (what: string, bytes: number, limit: number) =>
  badRequest('Channel Messages size limit exceeded', `${what} has ${bytes} bytes of UTF-8; at most ${limit} are allowed.`)

/** Throws for a message that is larger than the limits. */
export function checkMessageSize(
  type: MessageType,
  message: Pick<MessageContent, 'content' | 'metadata' | 'attributes'>,
  { contentBytes, metadataBytes, controlBytes }: Sizes,
) {
  const content = Buffer.byteLength(message.content)
  const most = type === 'CONTROL' ? controlBytes : contentBytes
  if (content > most) throw tooLarge(`The Content of a ${type} message`, content, most)
  if (message.metadata !== undefined) {
    if (type === 'CONTROL' && message.metadata !== '') throw badRequest('A CONTROL message has no Metadata', 'Leave Metadata out.')
    const metadata = Buffer.byteLength(message.metadata)
    if (metadata > metadataBytes) throw tooLarge('Metadata', metadata, metadataBytes)
  }
  if (message.attributes === undefined) return
  let attributes = 0
  for (const [name, { StringValues = [] }] of Object.entries(message.attributes)) {
    attributes += Buffer.byteLength(name)
    for (const value of StringValues) attributes += Buffer.byteLength(value)
  }
  if (attributes > attributesBytes) throw tooLarge('MessageAttributes, names and values together,', attributes, attributesBytes)
}

/** Metadata of channels, users, bots and app instances has at most 1 KB of UTF-8; the model's 1,024 characters do not say that. */
export function checkMetadataSize(metadata: string | undefined) {
  if (metadata === undefined) return
  const bytes = Buffer.byteLength(metadata)
  if (bytes <= resourceMetadataBytes) return
  throw badRequest(
    "1 validation error detected: Value at 'metadata' failed to satisfy constraint: Member must have length less than or equal to 1024",
    `Metadata has ${bytes} bytes of UTF-8; at most ${resourceMetadataBytes} are allowed.`,
  )
}
