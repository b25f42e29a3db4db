import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { JsonObject } from '../tools/json.ts'
import { destinationSecret, secretSource } from './destination-secrets.ts'
import { isNatsCredentials, isNkeySeed, type NatsAccess, type NatsLogin } from './nats-access.ts'
import { natsUrls } from './setting-values.ts'

/** A subject of NATS for the records of a stream. */
export interface NatsDestination extends NatsAccess {
  readonly type: 'nats'
  readonly subject: string
  /** Whether a record counts as delivered when JetStream has stored it; otherwise when a server of NATS has received it. */
  readonly isStored: boolean
}

/** The names of the secrets of an entry; each is given as NAMEFile or NAMEVariable. */
const secretNames = ['password', 'token', 'nkey', 'credentials', 'ca', 'cert', 'key'] as const

export const natsMembers = [
  'type',
  'url',
  'subject',
  'jetStream',
  'user',
  ...secretNames.flatMap(name => [`${name}File`, `${name}Variable`]),
]

/** Subjects without wildcards, and not those that NATS reserves. */
const subjectPattern = /^(?!\$)[\w-]+(?:\.[\w-]+)*$/

const certificate = (text: string) => new X509Certificate(text)
const pem = { ca: certificate, cert: certificate, key: (text: string) => createPrivateKey(text) }

function canParse(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}

type Secrets = Readonly<Record<(typeof secretNames)[number], string | undefined>>

async function secretsOf(entry: JsonObject, environment: NodeJS.ProcessEnv): Promise<Secrets> {
  const found: Partial<Record<keyof Secrets, string>> = {}
  for (const name of secretNames)
    if (entry[`${name}File`] !== undefined || entry[`${name}Variable`] !== undefined)
      found[name] = await destinationSecret(entry, name, 'nats', environment)
  return found as Secrets
}

function loginOf(entry: JsonObject, { password, token, nkey, credentials }: Secrets): NatsLogin | undefined {
  const { user } = entry
  if (user !== undefined && (typeof user !== 'string' || user === '')) throw new Error(`user must be a name, not ${JSON.stringify(user)}`)
  if ((user === undefined) !== (password === undefined)) throw new Error('user and the password are given together, or neither is')
  if ([user, token, nkey, credentials].filter(given => given !== undefined).length > 1)
    throw new Error('give one login: a user with a password, a token, an nkey or credentials')
  if (nkey !== undefined && !isNkeySeed(nkey))
    throw new Error(`${secretSource(entry, 'nkey')} must have the seed of a user, which begins with SU`)
  if (credentials !== undefined && !isNatsCredentials(credentials))
    throw new Error(`${secretSource(entry, 'credentials')} must have a credentials file of NATS, with a JWT and a seed`)
  if (user !== undefined) return { user, password }
  if (token !== undefined) return { token }
  if (nkey !== undefined) return { nkeySeed: nkey }
  return credentials === undefined ? undefined : { credentials }
}

/** Reads the entry of a subject of NATS. Throws an Error that says what it must be. */
export async function natsDestination(entry: JsonObject, environment: NodeJS.ProcessEnv): Promise<NatsDestination> {
  const { url, subject, jetStream = true } = entry
  if (typeof url !== 'string') throw new Error('url must be the URL of a NATS server such as nats://127.0.0.1:4222')
  let urls: readonly string[]
  try {
    urls = natsUrls(url)
  } catch (error) {
    throw new Error(`url ${(error as Error).message}`, { cause: error })
  }
  if (urls.some(each => new URL(each).username !== '' || new URL(each).password !== ''))
    throw new Error('url must not have a user or a password: give user with passwordFile or passwordVariable')
  if (typeof subject !== 'string' || !subjectPattern.test(subject) || subject.length > 255)
    throw new Error(`subject must be a subject of NATS without wildcards such as carillon.records, not ${JSON.stringify(subject)}`)
  if (typeof jetStream !== 'boolean') throw new Error('jetStream must be true or false')
  const secrets = await secretsOf(entry, environment)
  const { ca, cert, key } = secrets
  if ((cert === undefined) !== (key === undefined)) throw new Error('cert and key are given together, or neither is')
  for (const [name, parse] of Object.entries(pem)) {
    const text = secrets[name as keyof typeof pem]
    if (text !== undefined && !canParse(parse, text))
      throw new Error(`${secretSource(entry, name)} must have a ${name === 'key' ? 'private key' : 'certificate'} in PEM`)
  }
  return { type: 'nats', urls, subject, isStored: jetStream, login: loginOf(entry, secrets), ca, cert, key }
}
