import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import { isObject, type JsonObject } from '../tools/json.ts'
import { destinationSecret, secretSource } from './destination-secrets.ts'
import { webhookDestination, type WebhookDestination } from './webhook-destination.ts'

/** Firebase Cloud Messaging, as a service account. */
export interface FcmDestination {
  readonly url: string
  readonly projectId: string
  readonly clientEmail: string
  readonly tokenUri: string
  readonly privateKey: KeyObject
}

/** Apple Push Notification service, with a key of the team. */
export interface ApnsDestination {
  readonly url: string
  readonly sandboxUrl: string
  readonly keyId: string
  readonly teamId: string
  /** The bundle id of the app. */
  readonly topic: string
  readonly privateKey: KeyObject
}

/** The push services of browsers, which the devices name themselves. */
export interface WebPushDestination {
  /** The contact of the operator for push services: a mailto: or https: URL. */
  readonly subject: string
  /** The key with which pages subscribe (`applicationServerKey`), in base64url. */
  readonly publicKey: string
  readonly privateKey: KeyObject
  /** Whether devices may name services in the operator's network, and over plain HTTP. */
  readonly privateNetworks: boolean
}

/** The push services of an application. */
export interface PushDestination {
  /** `id-only` leaves out Title and Body: the device fetches the message. */
  readonly content: 'full' | 'id-only'
  /** The text that an Apple device shows with `id-only`, unless the app replaces it. */
  readonly placeholder: string
  /** A webhook that gets the pushes for all devices, instead of the services below. */
  readonly webhook: WebhookDestination | undefined
  readonly fcm: FcmDestination | undefined
  readonly apns: ApnsDestination | undefined
  readonly webPush: WebPushDestination | undefined
}

const membersOf = {
  webhook: ['type', 'content', 'url', 'secretFile', 'secretVariable'],
  push: ['type', 'content', 'placeholder', 'fcm', 'apns', 'webPush'],
  fcm: ['serviceAccountFile', 'serviceAccountVariable', 'url'],
  apns: ['keyFile', 'keyVariable', 'keyId', 'teamId', 'topic', 'url'],
  webPush: ['privateKeyFile', 'privateKeyVariable', 'subject', 'privateNetworks'],
} as const

/** Throws unless the entry has these members only. `what` names it. */
export function refuseUnknown(entry: JsonObject, what: string, members: readonly string[]) {
  const unknown = Object.keys(entry).find(member => !members.includes(member))
  if (unknown !== undefined) throw new Error(`${unknown} is not a member; ${what} has ${members.join(', ')}`)
}

function text(entry: JsonObject, member: string, pattern: RegExp, example: string): string {
  const value = entry[member]
  if (typeof value === 'string' && pattern.test(value)) return value
  throw new Error(`${member} must be ${example}, not ${JSON.stringify(value)}`)
}

function urlOf(entry: JsonObject, fallback: string): string {
  const { url = fallback } = entry
  if (typeof url === 'string' && /^https?:\/\/[^/?#]+$/.test(url) && URL.canParse(url)) return url
  throw new Error(`url must be a URL without a path such as ${fallback}, not ${JSON.stringify(url)}`)
}

/** A private key in PEM. In a variable its lines may be separated by \n. The error does not show the key. */
function privateKeyOf(pem: string, source: string, kind: 'rsa' | 'ec'): KeyObject {
  try {
    const key = createPrivateKey(pem.replaceAll('\\n', '\n'))
    if (key.asymmetricKeyType === kind && (kind === 'rsa' || key.asymmetricKeyDetails?.namedCurve === 'prime256v1')) return key
  } catch {}
  throw new Error(`${source} must have a private key in PEM: ${kind === 'rsa' ? 'an RSA key' : 'a key on the curve P-256'}`)
}

async function fcmOf(entry: JsonObject, environment: NodeJS.ProcessEnv): Promise<FcmDestination> {
  const source = secretSource(entry, 'serviceAccount')
  const secret = await destinationSecret(entry, 'serviceAccount', 'fcm', environment)
  let account: unknown
  try {
    account = JSON.parse(secret)
  } catch {
    // The parser's message would quote the key.
    throw new Error(`${source} is not JSON: it must be the key file of a service account, from Firebase's project settings`)
  }
  const { project_id: projectId, client_email: clientEmail, private_key: pem, token_uri: tokenUri } = isObject(account) ? account : {}
  for (const [member, value] of Object.entries({ project_id: projectId, client_email: clientEmail, private_key: pem, token_uri: tokenUri }))
    if (typeof value !== 'string') throw new Error(`${source} is not the key file of a service account: it has no ${member}`)
  if (!URL.canParse(tokenUri as string)) throw new Error(`the token_uri of ${source} is not a URL`)
  return {
    url: urlOf(entry, 'https://fcm.googleapis.com'),
    projectId: projectId as string,
    clientEmail: clientEmail as string,
    tokenUri: tokenUri as string,
    privateKey: privateKeyOf(pem as string, source, 'rsa'),
  }
}

async function apnsOf(entry: JsonObject, environment: NodeJS.ProcessEnv): Promise<ApnsDestination> {
  const ten = /^[A-Z0-9]{10}$/
  return {
    url: urlOf(entry, 'https://api.push.apple.com'),
    sandboxUrl: urlOf(entry, 'https://api.sandbox.push.apple.com'),
    keyId: text(entry, 'keyId', ten, 'the ten letters and digits of the key'),
    teamId: text(entry, 'teamId', ten, 'the ten letters and digits of the team'),
    topic: text(entry, 'topic', /^[\w.-]{1,255}$/, "the app's bundle id such as com.example.chat"),
    privateKey: privateKeyOf(await destinationSecret(entry, 'key', 'apns', environment), secretSource(entry, 'key'), 'ec'),
  }
}

/** The keys of VAPID from 32 bytes in base64url, as `npx web-push generate-vapid-keys` prints them. */
function vapidKeys(secret: string, source: string): Pick<WebPushDestination, 'publicKey' | 'privateKey'> {
  const d = Buffer.from(secret, 'base64url')
  try {
    if (!/^[\w-]{43}=?$/.test(secret) || d.length !== 32) throw new Error('another length')
    const ecdh = createECDH('prime256v1')
    ecdh.setPrivateKey(d)
    const point = ecdh.getPublicKey()
    const [x = '', y = ''] = [point.subarray(1, 33), point.subarray(33)].map(coordinate => coordinate.toString('base64url'))
    const privateKey = createPrivateKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', d: d.toString('base64url'), x, y } })
    return { publicKey: point.toString('base64url'), privateKey }
  } catch {
    throw new Error(`${source} must have a private key of VAPID: 32 bytes in base64url`)
  }
}

async function webPushOf(entry: JsonObject, environment: NodeJS.ProcessEnv): Promise<WebPushDestination> {
  const { privateNetworks = false } = entry
  if (typeof privateNetworks !== 'boolean') throw new Error('privateNetworks must be true or false')
  const example = 'where push services reach you, such as mailto:ops@example.com'
  const subject = text(entry, 'subject', /^(?:mailto:[^\s@]+@\S+|https:\/\/\S+)$/, example)
  const secret = await destinationSecret(entry, 'privateKey', 'webPush', environment)
  return { subject, ...vapidKeys(secret, secretSource(entry, 'privateKey')), privateNetworks }
}

type Read<Destination> = (entry: JsonObject, environment: NodeJS.ProcessEnv) => Promise<Destination>

/** Reads a part of an entry; its errors name the part. */
async function part<Destination>(
  entry: JsonObject,
  name: 'fcm' | 'apns' | 'webPush',
  read: Read<Destination>,
  environment: NodeJS.ProcessEnv,
): Promise<Destination | undefined> {
  const value = entry[name]
  if (value === undefined) return undefined
  try {
    if (!isObject(value)) throw new Error('must be an object')
    refuseUnknown(value, name, membersOf[name])
    return await read(value, environment)
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
  }
}

/** Reads the entry of a Pinpoint application (docs/push.md). Throws an Error that says what it must be. */
export async function pushDestinationOf(entry: unknown, environment: NodeJS.ProcessEnv): Promise<PushDestination> {
  if (!isObject(entry)) throw new Error('must be an object such as {"type": "push", "fcm": {"serviceAccountFile": "…"}}')
  const { type, content = 'full', placeholder = 'New message' } = entry
  if (type !== 'push' && type !== 'webhook') throw new Error(`type must be push or webhook, not ${JSON.stringify(type)}`)
  refuseUnknown(entry, type, membersOf[type])
  if (content !== 'full' && content !== 'id-only') throw new Error(`content must be full or id-only, not ${JSON.stringify(content)}`)
  if (typeof placeholder !== 'string' || placeholder === '' || placeholder.length > 150)
    throw new Error('placeholder must be a text of 1 to 150 characters')
  const webhook = type === 'webhook' ? await webhookDestination(entry, environment) : undefined
  const fcm = await part(entry, 'fcm', fcmOf, environment)
  const apns = await part(entry, 'apns', apnsOf, environment)
  const webPush = await part(entry, 'webPush', webPushOf, environment)
  if (!(webhook ?? fcm ?? apns ?? webPush)) throw new Error('push needs fcm, apns or webPush, or several of them')
  return { content, placeholder, webhook, fcm, apns, webPush }
}
