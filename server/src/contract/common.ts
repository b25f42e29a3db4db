import { Required, integer, list, structure, text, timestamp } from './shapes.ts'

/**
 * JSON text, such as a page that SQL has built. It is sent unchanged wherever an output member may be, so it must be well-formed
 * and contain contract members only.
 */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export const anyLine = '.*'
export const anything = String.raw`[\s\S]*`
export const tokenCharacters = '[-_a-zA-Z0-9]*'
export const arnPattern = String.raw`arn:[a-z0-9-\.]{1,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[^/].{0,1023}`
export const idPattern = String.raw`[A-Za-z0-9]([A-Za-z0-9\:\-\_\.\@]{0,62}[A-Za-z0-9])?`
export const nameCharacters = String.raw`[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]*`

/** Any text, in an output. */
export const Text = text({ pattern: anything })
export const ChimeArn = text({ minLength: 5, maxLength: 1600, pattern: arnPattern })
export const SubChannelId = text({ minLength: 1, maxLength: 128, pattern: tokenCharacters })
export const NonEmptyResourceName = text({ minLength: 1, maxLength: 256, pattern: nameCharacters, sensitive: true })
export const ResourceName = text({ minLength: 0, maxLength: 256, pattern: nameCharacters, sensitive: true })
export const Metadata = text({ minLength: 0, maxLength: 1024, pattern: anyLine, sensitive: true })
export const Timestamp = timestamp()

export const ClientRequestToken = text({ minLength: 2, maxLength: 64, pattern: tokenCharacters, sensitive: true })
/** The NextToken of the identity service, whose model does not mark it as sensitive. */
export const IdentityClientRequestToken = text({ minLength: 2, maxLength: 64, pattern: tokenCharacters })

export const NextToken = text({ minLength: 0, maxLength: 2048, pattern: anyLine, sensitive: true })
/** The members of every list operation, in addition to its own. */
export const paging = { MaxResults: integer({ minimum: 1, maximum: 50 }), NextToken }

/** The fields of an input with which a user or bot acts in a channel. */
export const inChannel = { ChannelArn: Required(ChimeArn), ChimeBearer: Required(ChimeArn) }
/** The same for an act on a member of the channel. */
export const onMember = { ...inChannel, MemberArn: Required(ChimeArn) }
/** The fields of an input about an app instance. */
export const ofAppInstance = { AppInstanceArn: Required(ChimeArn) }

/** A user or a bot with its present display name. */
export const Identity = structure({ Arn: ChimeArn, Name: ResourceName })

export const TagKey = text({ minLength: 1, maxLength: 128, sensitive: true })
export const TagValue = text({ minLength: 1, maxLength: 256, sensitive: true })
const Tag = structure({ Key: Required(TagKey), Value: Required(TagValue) })
export const TagList = list(Tag, { minItems: 1, maxItems: 50 })
