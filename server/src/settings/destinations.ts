import { readFile } from 'node:fs/promises'
import { streamArn } from '../arn.ts'
import { isObject, type JsonObject } from '../tools/json.ts'

/** An HTTP service that takes what Amazon's service would take, signed with a secret that both know. */
export interface WebhookDestination {
  readonly type: 'webhook'
  readonly url: string
  readonly secret: string
}

/** A file of JSON lines: it is renamed once it is larger, and of those so many are kept. */
export interface FileDestination {
  readonly type: 'file'
  readonly path: string
  readonly maximumBytes: number
  readonly keep: number
}

/** Where to go instead of Amazon's service, by the ARN of what stands there: a Kinesis stream, Lambda function, bot alias or event bus. */
export interface Destinations {
  readonly streams: ReadonlyMap<string, WebhookDestination | FileDestination>
  readonly functions: ReadonlyMap<string, WebhookDestination>
  /** By the LexBotAliasArn. */
  readonly bots: ReadonlyMap<string, WebhookDestination>
  readonly eventBuses: ReadonlyMap<string, WebhookDestination>
}

const noDestinations: Destinations = { streams: new Map(), functions: new Map(), bots: new Map(), eventBuses: new Map() }

const shortestSecret = 16
const membersOf = {
  webhook: ['type', 'url', 'secretFile', 'secretVariable'],
  file: ['type', 'path', 'maximumMegabytes', 'keep'],
} as const

/** A whole number of an entry, or what it is where it is left out. */
function wholeNumber(entry: JsonObject, member: string, fallback: number, most: number): number {
  const value = entry[member] ?? fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new Error(`${member} must be a whole number from 1 to ${most}, not ${JSON.stringify(value)}`)
}

/** The secret of an entry, from a file or a variable: it stands in neither this file nor a command line. */
async function secretOf({ secretFile, secretVariable }: JsonObject, environment: NodeJS.ProcessEnv): Promise<string> {
  if ((secretFile === undefined) === (secretVariable === undefined))
    throw new Error('a webhook needs either secretFile, a file with the secret, or secretVariable, the name of an environment variable')
  let secret: string | undefined
  if (typeof secretFile === 'string') {
    const text = await readFile(secretFile, 'utf8').catch((error: unknown) => {
      throw new Error(`secretFile cannot be read: ${(error as Error).message}`, { cause: error })
    })
    secret = text.trim()
  } else if (typeof secretVariable === 'string') secret = environment[secretVariable]?.trim()
  const from = `${secretFile === undefined ? 'secretVariable' : 'secretFile'} ${JSON.stringify(secretFile ?? secretVariable)}`
  if (secret === undefined) throw new Error(`${from} names nothing that is there`)
  if (secret.length < shortestSecret)
    throw new Error(`the secret of ${from} must have at least ${shortestSecret} characters: openssl rand -base64 30 makes one`)
  return secret
}

async function destinationOf(entry: unknown, environment: NodeJS.ProcessEnv): Promise<WebhookDestination | FileDestination> {
  if (!isObject(entry)) throw new Error('must be an object such as {"type": "webhook", "url": "https://…", "secretFile": "…"}')
  const { type } = entry
  if (type !== 'webhook' && type !== 'file') throw new Error(`type must be webhook or file, not ${JSON.stringify(type)}`)
  const unknown = Object.keys(entry).find(member => !(membersOf[type] as readonly string[]).includes(member))
  if (unknown !== undefined) throw new Error(`${unknown} is not known; a ${type} has ${membersOf[type].join(', ')}`)
  if (type === 'webhook') {
    const { url } = entry
    if (typeof url !== 'string' || !/^https?:\/\//.test(url) || !URL.canParse(url))
      throw new Error(`url must be a URL such as https://audit.example.com/records, not ${JSON.stringify(url)}`)
    const { username, password } = new URL(url)
    if (username !== '' || password !== '') throw new Error('url must not hold a user or a password: the secret signs each request')
    return { type, url, secret: await secretOf(entry, environment) }
  }
  const { path } = entry
  if (typeof path !== 'string' || !path.startsWith('/')) throw new Error(`path must be an absolute path, not ${JSON.stringify(path)}`)
  const maximumBytes = wholeNumber(entry, 'maximumMegabytes', 100, 100_000) * 1024 * 1024
  return { type, path, maximumBytes, keep: wholeNumber(entry, 'keep', 10, 1000) }
}

const functionArn = /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w.$:-]+$/

const aliasArn = /^arn:aws:lex:[a-z]{2}-[a-z]+-\d:\d{12}:bot-alias\/[A-Z0-9]{10}\/[A-Z0-9]{10}$/
const eventBusArn = /^arn:aws:events:[a-z0-9-]+:\d{12}:event-bus\/[\w./-]{1,256}$/

/** Reads the file of --destinations (docs/streaming.md). Throws an Error of one line that names the entry and what it must be. */
export async function readDestinations(file: string | undefined, environment: NodeJS.ProcessEnv): Promise<Destinations> {
  if (file === undefined) return noDestinations
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
  const streams = new Map<string, WebhookDestination | FileDestination>()
  const functions = new Map<string, WebhookDestination>()
  const bots = new Map<string, WebhookDestination>()
  const eventBuses = new Map<string, WebhookDestination>()
  const ofWebhooks = [
    { pattern: functionArn, map: functions, what: 'a function' },
    { pattern: aliasArn, map: bots, what: 'a bot' },
    { pattern: eventBusArn, map: eventBuses, what: 'an event bus' },
  ]
  const paths = new Set<string>()
  for (const [arn, entry] of Object.entries(entries)) {
    const destination = await destinationOf(entry, environment).catch((error: unknown) => {
      throw refuse(`${arn}: ${(error as Error).message}`, error)
    })
    if (streamArn.test(arn)) {
      if (destination.type === 'file' && paths.has(destination.path))
        throw refuse(`${arn}: another stream has the path ${destination.path}`)
      if (destination.type === 'file') paths.add(destination.path)
      streams.set(arn, destination)
      continue
    }
    const place = ofWebhooks.find(({ pattern }) => pattern.test(arn))
    if (!place)
      throw refuse(`${arn} is neither the ARN of a Kinesis stream chime-messaging-… nor that of a Lambda function, bot alias or event bus`)
    if (destination.type === 'file') throw refuse(`${arn}: ${place.what} is a webhook, not a file`)
    place.map.set(arn, destination)
  }
  return { streams, functions, bots, eventBuses }
}
