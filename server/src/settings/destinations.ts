import { readFile } from 'node:fs/promises'
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

async function destinationOf(entry: unknown, environment: NodeJS.ProcessEnv): Promise<StreamDestination> {
  if (!isObject(entry)) throw new Error('must be an object such as {"type": "webhook", "url": "https://…", "secretFile": "…"}')
  const { type } = entry
  if (type !== 'webhook' && type !== 'file' && type !== 'nats')
    throw new Error(`type must be webhook, file or nats, not ${JSON.stringify(type)}`)
  refuseUnknown(entry, `a ${type}`, membersOf[type])
  if (type === 'webhook') return webhookDestination(entry, environment)
  if (type === 'nats') return natsDestination(entry, environment)
  const { path } = entry
  if (typeof path !== 'string' || !path.startsWith('/')) throw new Error(`path must be an absolute path, not ${JSON.stringify(path)}`)
  const maximumBytes = wholeNumber(entry, 'maximumMegabytes', 100, 100_000) * 1024 * 1024
  return { type, path, maximumBytes, keep: wholeNumber(entry, 'keep', 10, 1000) }
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
    entries = JSON.parse(text)
  } catch (error) {
    throw refuse(`the file is not JSON: ${(error as Error).message}`, error)
  }
  if (!isObject(entries)) throw refuse('the file must hold an object whose members are ARNs')
  const ofWebhooks = [
    { pattern: functionArn, map: functions, what: 'a function' },
    { pattern: aliasArn, map: bots, what: 'a bot' },
    { pattern: eventBusArn, map: eventBuses, what: 'an event bus' },
  ]
  const paths = new Set<string>()
  for (const [arn, entry] of Object.entries(entries)) {
    const refuseEntry = (error: unknown) => {
      throw refuse(`${arn}: ${(error as Error).message}`, error)
    }
    if (applicationArn.test(arn)) {
      applications.set(arn, await pushDestinationOf(entry, environment).catch(refuseEntry))
      continue
    }
    const destination = await destinationOf(entry, environment).catch(refuseEntry)
    if (streamArn.test(arn)) {
      if (destination.type === 'file' && paths.has(destination.path))
        throw refuse(`${arn}: another stream has the path ${destination.path}`)
      if (destination.type === 'file') paths.add(destination.path)
      streams.set(arn, destination)
      continue
    }
    const webhooks = ofWebhooks.find(({ pattern }) => pattern.test(arn))
    if (!webhooks)
      throw refuse(
        `${arn} is not the ARN of a Kinesis stream chime-messaging-…, Lambda function, bot alias, event bus or Pinpoint application`,
      )
    if (destination.type !== 'webhook') throw refuse(`${arn}: ${webhooks.what} is a webhook, not a ${destination.type}`)
    webhooks.map.set(arn, destination)
  }
  return destinations
}
