import { Compile } from 'typebox/schema'
import { parseArn, streamArn } from '../arn.ts'
import { Configuration } from '../contract/bots.ts'
import { PresenceStatus, StatusText } from '../contract/carillon/presence.ts'
import { Reaction } from '../contract/carillon/reactions.ts'
import { EventNames } from '../contract/carillon/app-instance-settings.ts'
import { ChannelMode, ChannelPrivacy } from '../contract/channels.ts'
import {
  ChimeArn,
  Metadata,
  NonEmptyResourceName,
  ResourceName,
  SubChannelId,
  TagKey,
  TagValue,
  anything,
  idPattern,
} from '../contract/common.ts'
import { ProcessorList } from '../contract/flows.ts'
import { ChannelMembershipPreferences } from '../contract/memberships.ts'
import { ContentType, MessageAttributeMap } from '../contract/messages.ts'
import { Required, boolean, integer, oneOf, structure, text, type Shape, type ValueOf } from '../contract/shapes.ts'
import { sizeLimits } from '../settings/limits.ts'
import { isObject } from '../tools/json.ts'

/** Epoch milliseconds; the last one of the year 9999. */
const Time = integer({ minimum: 0, maximum: 253_402_300_799_999 })
const Id = text({ minLength: 1, maxLength: 64, pattern: idPattern })
/** The name of a user or bot, which it has only in the export. */
const Reference = text({ minLength: 1, maxLength: 200, pattern: '[!-~]+' })
const Text = (most: number) => text({ maxLength: most, pattern: anything })
const Count = integer({ minimum: 0, maximum: 2 ** 40 })
const Days = integer({ minimum: 1, maximum: 5475 })
const MessageIdHere = text({ pattern: '[0-9a-f]{64}' })
const Elastic = structure({
  maximum: Required(integer({ minimum: 2, maximum: 1_000_000 })),
  target: Required(integer({ minimum: 2, maximum: 1_000_000 })),
  percentage: Required(integer({ minimum: 1, maximum: 40 })),
})
const made = { createdAt: Required(Time), updatedAt: Required(Time) }
/** A line that belongs to a message names it by its id. */
const ofMessage = { channel: Required(Id), subChannel: SubChannelId, message: Required(MessageIdHere) }
const role = { channel: Required(Id), identity: Required(Reference), createdBy: Required(Reference), createdAt: Required(Time) }

const appInstance = {
  arn: Required(ChimeArn),
  name: Required(NonEmptyResourceName),
  metadata: Metadata,
  ...made,
  retentionDays: Days,
  retentionStartsAt: Time,
  channelStream: ChimeArn,
  messageStream: ChimeArn,
  ownEvents: EventNames,
  presenceOff: boolean(),
}

/** The members of each kind of line. Each line is a JSON object with its kind as the member `type`. */
const members = {
  flow: { id: Required(Id), name: Required(NonEmptyResourceName), processors: Required(ProcessorList), ...made },
  identity: {
    ref: Required(Reference),
    kind: Required(oneOf('user', 'bot')),
    id: Required(Id),
    name: Required(ResourceName),
    metadata: Metadata,
    configuration: Configuration,
    expirationDays: Days,
    ...made,
    deletedAt: Time,
    ifUnknown: boolean(),
  },
  admin: { identity: Required(Reference), createdAt: Required(Time) },
  device: {
    identity: Required(Reference),
    id: Required(text({ minLength: 1, maxLength: 64, pattern: '[!-~]+' })),
    name: Text(1600),
    platform: Required(oneOf('APNS', 'APNS_SANDBOX', 'GCM')),
    resourceArn: Required(ChimeArn),
    deviceToken: Required(Text(1600)),
    voipDeviceToken: Text(1600),
    allowMessages: Required(oneOf('ALL', 'NONE')),
    statusReason: oneOf('INVALID_DEVICE_TOKEN', 'INVALID_PINPOINT_ARN'),
    ...made,
  },
  presence: { identity: Required(Reference), status: PresenceStatus, statusText: StatusText, lastSeenAt: Time },
  channel: {
    id: Required(Id),
    name: Required(NonEmptyResourceName),
    metadata: Metadata,
    mode: Required(ChannelMode),
    privacy: Required(ChannelPrivacy),
    createdBy: Required(Reference),
    ...made,
    sequence: Required(Count),
    lastEventAt: Required(Time),
    expirationDays: Days,
    expirationCriterion: oneOf('CREATED_TIMESTAMP', 'LAST_MESSAGE_TIMESTAMP'),
    flow: Id,
    elastic: Elastic,
  },
  subChannel: {
    channel: Required(Id),
    id: Required(SubChannelId),
    capacity: Required(integer({ minimum: 1, maximum: 1_000_000 })),
    wanted: Required(integer({ minimum: 0, maximum: 1_000_000 })),
    isOpen: Required(boolean()),
    createdAt: Required(Time),
  },
  moderator: role,
  ban: role,
  tag: {
    of: Required(oneOf('app-instance', 'identity', 'channel', 'channel-flow')),
    id: Required(text({ maxLength: 200, pattern: '[!-~]*' })),
    key: Required(TagKey),
    value: Required(TagValue),
  },
  membership: {
    channel: Required(Id),
    subChannel: SubChannelId,
    member: Required(Reference),
    visibility: Required(oneOf('DEFAULT', 'HIDDEN')),
    invitedBy: Required(Reference),
    ...made,
    readAt: Time,
    preferences: ChannelMembershipPreferences,
    placed: Required(boolean()),
    readUpTo: Count,
    readUpToAt: Time,
  },
  message: {
    channel: Required(Id),
    subChannel: SubChannelId,
    id: Required(MessageIdHere),
    idAtOrigin: text({ maxLength: 128, pattern: '[!-~]*' }),
    sender: Required(Reference),
    target: Reference,
    kind: Required(oneOf('STANDARD', 'CONTROL')),
    content: Text(sizeLimits.contentBytes.most),
    metadata: text({ maxLength: sizeLimits.metadataBytes.most, pattern: anything }),
    attributes: MessageAttributeMap,
    contentType: ContentType,
    redacted: Required(boolean()),
    failed: boolean(),
    statusDetail: Text(4096),
    editedAt: Time,
    updatedAt: Required(Time),
    released: Count,
  },
  reply: { ...ofMessage, rootAt: Required(Time), rootSequence: Required(Count) },
  reaction: {
    ...ofMessage,
    identity: Required(Reference),
    reaction: Required(Reaction),
    addedWith: Required(Count),
    firstAddedWith: Required(Count),
  },
  pin: { ...ofMessage, pinnedBy: Required(Reference), pinnedAt: Required(Time), pinnedWith: Required(Count) },
  unreadCorrection: {
    ...ofMessage,
    viewer: Required(Reference),
    unread: Required(integer({ minimum: -1, maximum: 1 })),
    mentions: Required(integer({ minimum: 0, maximum: 1 })),
  },
} as const

export type AppInstanceLine = ValueOf<typeof appInstance>
export type LineType = keyof typeof members
export type LineOf<Type extends LineType> = { readonly type: Type } & ValueOf<(typeof members)[Type]>
export type Line = { [Type in LineType]: LineOf<Type> }[LineType]

/** The same shape, without any other members. */
function closed(shape: Shape): Shape {
  if (shape.items) return { ...shape, items: closed(shape.items) }
  if (!shape.properties) return shape.additionalProperties ? { ...shape, additionalProperties: closed(shape.additionalProperties) } : shape
  const properties = Object.fromEntries(Object.entries(shape.properties).map(([name, each]) => [name, closed(each)]))
  return { ...shape, properties, additionalProperties: false as unknown as Shape }
}

const checkOf = (given: Parameters<typeof structure>[0]) => Compile(closed(structure(given) as Shape))

const checks = new Map(Object.entries(members).map(([type, given]) => [type, checkOf({ type: Required(oneOf(type)), ...given })]))
const appInstanceCheck = checkOf(appInstance)

/** What is wrong with a line, as a sentence. It does not show values, since they are users' content. */
export class WrongLine extends Error {}

function explain(check: ReturnType<typeof checkOf>, value: unknown): string {
  const [error] = check.Errors(value)[1]
  if (!error) return 'It has values that this version of Carillon does not know.'
  const path = error.instancePath.slice(1).replaceAll('/', '.')
  return `${path === '' ? 'It' : `The member ${path}`} ${error.keyword === 'boolean' ? 'is unknown' : error.message}.`
}

function parsedJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new WrongLine('It is not JSON.')
  }
}

/** The line, which has the members of its kind only, within their limits; throws a WrongLine otherwise. */
export function lineOf(json: string): Line {
  const value = parsedJson(json)
  const type = isObject(value) ? value['type'] : undefined
  const check = typeof type === 'string' ? checks.get(type) : undefined
  if (!check) throw new WrongLine(`Its type must be one of ${[...checks.keys()].join(', ')}.`)
  if (!check.Check(value)) throw new WrongLine(explain(check, value))
  return value as Line
}

/** The app instance of a manifest; throws a WrongLine otherwise. */
export function appInstanceOf(value: unknown): AppInstanceLine {
  if (!appInstanceCheck.Check(value)) throw new WrongLine(`The app instance in it is invalid: ${explain(appInstanceCheck, value)}`)
  const line = value as AppInstanceLine
  if (parseArn(line.arn)?.kind !== 'app-instance') throw new WrongLine('Its ARN is not that of an app instance.')
  for (const stream of [line.channelStream, line.messageStream])
    if (stream !== undefined && !streamArn.test(stream)) throw new WrongLine('The ARN of a stream is not that of a Kinesis stream.')
  return line
}
