import { readFile } from 'node:fs/promises'
import { normalize } from 'node:path'
import { streamArn } from '../arn.ts'
import { isObject, type JsonObject } from '../tools/json.ts'
import { natsDestination, natsMembers, type NatsDestination } from './nats-destination.ts'
import { pushDestinationOf, refuseUnknown, type PushDestination } from './push-destinations.ts'
import { webhookDestination, type WebhookDestination } from './webhook-destination.ts'

/** A file of JSON lines. It is renamed once it is larger than `maxBytes`; `keep` renamed files stay. */
export interface FileDestination {
  readonly type: 'file'
  readonly path: string
  readonly maximumBytes: number
  readonly keep: number
}

export type StreamDestination = WebhookDestination | FileDestination | NatsDestination

/**
 * The destinations that replace Amazon's services, by ARN: of a Kinesis stream, Lambda function, bot alias, event bus or Pinpoint
 * application.
 */
export interface Destinations {
  readonly streams: ReadonlyMap<string, StreamDestination>
  readonly functions: ReadonlyMap<string, WebhookDestination>
  /** By the LexBotAliasArn. */
  readonly bots: ReadonlyMap<string, WebhookDestination>
  readonly eventBuses: ReadonlyMap<string, WebhookDestination>
  /** The push services of applications. */
  readonly applications: ReadonlyMap<string, PushDestination>
}

const membersOf = {
  webhook: ['type', 'url', 'secretFile', 'secretVariable'],
  file: ['type', 'path', 'maximumMegabytes', 'keep'],
  nats: natsMembers,
} as const

/** A whole number of an entry, or the default if it is left out. */
function wholeNumber(entry: JsonObject, member: string, fallback: number, most: number): number {
  const { [member]: value = fallback } = entry
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new Error(`${member} must be a whole number from 1 to ${most}, not ${JSON.stringify(value)}`)
}

/** The entry, which has one of these types, and only members of that type. */
function checked<Type extends keyof typeof membersOf>(entry: unknown, what: string, types: readonly Type[]): JsonObject & { type: Type } {
  if (!isObject(entry)) throw new Error('must be an object such as {"type": "webhook", "url": "https://…", "secretFile": "…"}')
  const type = types.find(each => each === entry['type'])
  if (type === undefined) {
    const known = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(types)
    throw new Error(`the type of ${what} must be ${known}, not ${JSON.stringify(entry['type'])}`)
  }
  refuseUnknown(entry, `a ${type}`, membersOf[type])
  return { ...entry, type }
}

async function webhookOf(entry: unknown, what: string, environment: NodeJS.ProcessEnv): Promise<WebhookDestination> {
  return webhookDestination(checked(entry, what, ['webhook']), environment)
}

async function streamOf(given: unknown, environment: NodeJS.ProcessEnv): Promise<StreamDestination> {
  const entry = checked(given, 'a stream', ['webhook', 'file', 'nats'])
  const { type, path } = entry
  if (type === 'webhook') return webhookDestination(entry, environment)
  if (type === 'nats') return natsDestination(entry, environment)
  if (typeof path !== 'string' || !path.startsWith('/')) throw new Error(`path must be an absolute path, not ${JSON.stringify(path)}`)
  const maximumBytes = wholeNumber(entry, 'maximumMegabytes', 100, 100_000) * 1024 * 1024
  return { type, path: normalize(path), maximumBytes, keep: wholeNumber(entry, 'keep', 10, 1000) }
}

/** Whether a path is that of the file, or of one of its renamed files. */
const isOneOf = (path: string, { path: own, keep }: FileDestination) => {
  const number = path.startsWith(`${own}.`) ? path.slice(own.length + 1) : ''
  return path === own || (/^[1-9]\d*$/.test(number) && Number(number) <= keep)
}

const applicationArn = /^arn:[a-z0-9-]+:mobiletargeting:[a-z0-9-]+:\d{12}:apps\/[\w-]+$/
const functionArn = /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w.$:-]+$/

const aliasArn = /^arn:aws:lex:[a-z]{2}-[a-z]+-\d:\d{12}:bot-alias\/[A-Z0-9]{10}\/[A-Z0-9]{10}$/
const eventBusArn = /^arn:aws:events:[a-z0-9-]+:\d{12}:event-bus\/[\w./-]{1,256}$/

/** Reads the file of --destinations (docs/streaming.md). Throws an Error of one line that names the entry and what it must be. */
export async function readDestinations(file: string | undefined, environment: NodeJS.ProcessEnv): Promise<Destinations> {
  const streams = new Map<string, StreamDestination>()
  const functions = new Map<string, WebhookDestination>()
  const bots = new Map<string, WebhookDestination>()
  const eventBuses = new Map<string, WebhookDestination>()
  const applications = new Map<string, PushDestination>()
  const destinations = { streams, functions, bots, eventBuses, applications }
  if (file === undefined) return destinations
  const refuse = (what: string, cause?: unknown) =>
    new Error(`--destinations ${file}: ${what}.`, cause === undefined ? undefined : { cause })
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw refuse(`the file cannot be read: ${(error as Error).message}`, error)
  })
  let entries: unknown
  try {
    // Some editors begin a file with a byte order mark.
    entries = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw refuse(`the file is not JSON: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`, error)
  }
  if (!isObject(entries)) throw refuse('the file must hold an object whose members are ARNs')
  const ofWebhooks = [
    { pattern: functionArn, map: functions, what: 'a function' },
    { pattern: aliasArn, map: bots, what: 'a bot' },
    { pattern: eventBusArn, map: eventBuses, what: 'an event bus' },
  ]
  for (const [arn, entry] of Object.entries(entries)) {
    // Editors find the schema by it.
    if (arn === '$schema') continue
    const refuseEntry = (error: unknown) => {
      throw refuse(`${arn}: ${(error as Error).message}`, error)
    }
    // JSON.parse has only the last one.
    if (text.split(JSON.stringify(arn)).length > 2) throw refuse(`${arn} is in the file more than once`)
    const webhooks = ofWebhooks.find(({ pattern }) => pattern.test(arn))
    if (applicationArn.test(arn)) applications.set(arn, await pushDestinationOf(entry, environment).catch(refuseEntry))
    else if (streamArn.test(arn)) streams.set(arn, await streamOf(entry, environment).catch(refuseEntry))
    else if (webhooks) webhooks.map.set(arn, await webhookOf(entry, webhooks.what, environment).catch(refuseEntry))
    else
      throw refuse(
        `${arn} is not the ARN of a Kinesis stream chime-messaging-…, Lambda function, bot alias, event bus or Pinpoint application`,
      )
  }
  const files = [...streams].flatMap(([arn, destination]) => (destination.type === 'file' ? [{ arn, ...destination }] : []))
  for (const { arn, path } of files) {
    const other = files.find(each => each.arn !== arn && isOneOf(path, each))
    if (other) throw refuse(`${arn}: the stream ${other.arn} writes to ${path}, or renames its files to it`)
  }
  return destinations
}
