import { createDecipheriv, createECDH, generateKeyPairSync, hkdfSync, randomBytes, type ECDH } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  type IncomingHttpHeaders as Http2Headers,
  type Http2Session,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { importJWK, jwtVerify } from 'jose'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './process.ts'

const portOf = (server: Server) => (server.address() as AddressInfo).port

const listening = async (server: Server) => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${portOf(server)}`
}

/** A plain HTTP server for the length of a test; an error that the handler throws is answered with 500. */
export async function startHttp(handle: (request: IncomingMessage, body: Buffer, response: ServerResponse) => unknown): Promise<string> {
  const server = createServer((request, response) => {
    void (async () => {
      try {
        await handle(request, await buffer(request), response)
      } catch (error) {
        if (!response.headersSent) response.writeHead(500)
        response.end(String(error))
      }
    })()
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return listening(server)
}

interface FcmMessage {
  readonly token: string
  readonly data: Readonly<Record<string, string>>
  readonly android: { readonly priority: string; readonly ttl: string }
}

/** Firebase Cloud Messaging and Google's token endpoint, which check what the real ones check. */
export interface Fcm {
  readonly url: string
  /** The key file of a service account. */
  readonly serviceAccountFile: string
  /** The messages that were accepted. */
  readonly taken: FcmMessage[]
  /** The number of access tokens that were issued, and of messages that were sent. */
  tokens: number
  asked: number
  /** The most requests that were open at once. */
  mostAtOnce: number
  /** The seconds for which a token is valid. */
  expiresIn: number
  /** The answer to a message; undefined accepts it. */
  answer: (message: FcmMessage) => FcmRefusal | 'hang' | 'cut' | undefined
}

interface FcmRefusal {
  readonly status: number
  readonly code: string
  readonly retryAfter?: number
  readonly field?: string
  /** The devices whose quota is used up. */
  readonly quotaOf?: string
}

const fcmType = 'type.googleapis.com/google.firebase.fcm.v1.FcmError'

const error = (response: ServerResponse, status: number, code: string, field?: string, quotaOf?: string) => {
  const quota = { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ subject: quotaOf, description: 'Too many.' }] }
  const details = field
    ? [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description: 'invalid' }] }]
    : [{ '@type': fcmType, errorCode: code }, ...(quotaOf === undefined ? [] : [quota])]
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: { code: status, message: `${code} it is`, status: code, details } }))
}

export async function startFcm(projectId = 'chat-project'): Promise<Fcm> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const clientEmail = `push@${projectId}.iam.gserviceaccount.com`
  let valid = { token: '', until: 0 }
  const fcm: Fcm & { url: string; serviceAccountFile: string } = {
    url: '',
    serviceAccountFile: join(await temporaryFolder(), 'service-account.json'),
    taken: [],
    tokens: 0,
    asked: 0,
    mostAtOnce: 0,
    expiresIn: 3600,
    answer: () => undefined,
  }
  const giveToken = async (body: Buffer, response: ServerResponse) => {
    const form = new URLSearchParams(body.toString())
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      return response.writeHead(400).end('{"error":"invalid_grant"}')
    try {
      const { payload } = await jwtVerify(form.get('assertion')!, publicKey, {
        algorithms: ['RS256'],
        issuer: clientEmail,
        audience: `${fcm.url}/token`,
        maxTokenAge: 60,
      })
      if (payload.exp! - payload.iat! > 3600) throw new Error('it lives too long')
      if (payload['scope'] !== 'https://www.googleapis.com/auth/firebase.messaging') throw new Error('another scope')
    } catch (thrown) {
      return response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant', error_description: String(thrown) }))
    }
    fcm.tokens += 1
    valid = { token: `ya29.${randomBytes(8).toString('hex')}`, until: Date.now() + fcm.expiresIn * 1000 }
    return response.end(JSON.stringify({ access_token: valid.token, expires_in: fcm.expiresIn, token_type: 'Bearer' }))
  }
  const send = (request: IncomingMessage, body: Buffer, response: ServerResponse) => {
    fcm.asked += 1
    if (request.headers.authorization !== `Bearer ${valid.token}` || Date.now() > valid.until)
      return error(response, 401, 'UNAUTHENTICATED')
    const { message, validate_only: isTrial } = JSON.parse(body.toString()) as { message: FcmMessage; validate_only?: boolean }
    if (isTrial || typeof message.token !== 'string') return error(response, 400, 'INVALID_ARGUMENT', 'message.token')
    if (Object.values(message.data).some(value => typeof value !== 'string'))
      return error(response, 400, 'INVALID_ARGUMENT', 'message.data')
    if (!/^\d+s$/.test(message.android.ttl) || Number.parseInt(message.android.ttl, 10) > 2_419_200)
      return error(response, 400, 'INVALID_ARGUMENT', 'message.android.ttl')
    const answered = fcm.answer(message)
    if (answered === 'hang') return undefined
    if (answered === 'cut') return request.socket.destroy()
    if (answered) {
      if (answered.retryAfter !== undefined) response.setHeader('retry-after', String(answered.retryAfter))
      return error(response, answered.status, answered.code, answered.field, answered.quotaOf)
    }
    fcm.taken.push(message)
    return response.end(JSON.stringify({ name: `projects/${projectId}/messages/${fcm.taken.length}` }))
  }
  let atOnce = 0
  fcm.url = await startHttp(async (request, body, response) => {
    fcm.mostAtOnce = Math.max(fcm.mostAtOnce, ++atOnce)
    response.on('close', () => (atOnce -= 1))
    // As long as an answer of the real service takes at least, so that requests overlap.
    await setTimeout(10)
    if (request.method === 'POST' && request.url === '/token') return giveToken(body, response)
    if (request.method === 'POST' && request.url === `/v1/projects/${projectId}/messages:send`) return send(request, body, response)
    return error(response, 404, 'NOT_FOUND')
  })
  const account = {
    type: 'service_account',
    project_id: projectId,
    client_email: clientEmail,
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `${fcm.url}/token`,
  }
  await writeFile(fcm.serviceAccountFile, JSON.stringify(account))
  return fcm
}

interface ApnsPush {
  readonly token: string
  readonly headers: Http2Headers
  readonly payload: { readonly aps: Readonly<Record<string, unknown>>; readonly data?: unknown }
}

/** Apple Push Notification service over HTTP/2 without TLS, which checks what the real one checks. */
export interface Apns {
  readonly url: string
  /** The entry of the file of destinations. */
  readonly entry: Readonly<Record<string, string>>
  readonly taken: ApnsPush[]
  /** The provider tokens that were seen. */
  readonly tokens: Set<string>
  /** The connections that were opened. */
  readonly sessions: ServerHttp2Session[]
  /** The answer to a push; undefined accepts it. */
  answer: (push: ApnsPush) => ApnsRefusal | 'hang' | 'cut' | 'goaway' | undefined
}

interface ApnsRefusal {
  readonly status: number
  readonly reason: string
  readonly timestamp?: number
  /** Seconds, or a date. */
  readonly retryAfter?: number | string
}

export async function startApns(topic = 'com.example.chat'): Promise<Apns> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const keyFile = join(await temporaryFolder(), 'key.p8')
  await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const [keyId, teamId] = ['ABC123DEFG', 'TEAM123456']
  const apns: Apns & { url: string } = { url: '', entry: {}, taken: [], tokens: new Set(), sessions: [], answer: () => undefined }
  const server = createHttp2Server()
  /** The last stream that was accepted, by connection. */
  const highest = new WeakMap<Http2Session, number>()
  server.on('session', session => apns.sessions.push(session))

  const refusalOf = async ({ token, headers, payload }: ApnsPush): Promise<ApnsRefusal | undefined> => {
    const [scheme, jwt = ''] = headers.authorization?.split(' ') ?? []
    if (scheme !== 'bearer') return { status: 403, reason: 'MissingProviderToken' }
    try {
      const { protectedHeader } = await jwtVerify(jwt, publicKey, { algorithms: ['ES256'], issuer: teamId, maxTokenAge: '1 hour' })
      if (protectedHeader.kid !== keyId) throw new Error('another key')
    } catch {
      return { status: 403, reason: 'InvalidProviderToken' }
    }
    apns.tokens.add(jwt)
    const type = headers['apns-push-type']
    if (type !== 'alert' && type !== 'voip') return { status: 400, reason: 'InvalidPushType' }
    if (headers['apns-topic'] !== (type === 'voip' ? `${topic}.voip` : topic)) return { status: 400, reason: 'TopicDisallowed' }
    if (!['5', '10'].includes(headers['apns-priority'] as string)) return { status: 400, reason: 'BadPriority' }
    if (!/^\d{1,10}$/.test(headers['apns-expiration'] as string)) return { status: 400, reason: 'BadExpirationDate' }
    if (((headers['apns-collapse-id'] as string | undefined)?.length ?? 0) > 64) return { status: 400, reason: 'BadCollapseId' }
    if (JSON.stringify(payload).length > 4096) return { status: 413, reason: 'PayloadTooLarge' }
    if (!/^[0-9a-f]{64}$/.test(token) || /^0+$/.test(token)) return { status: 400, reason: 'BadDeviceToken' }
    return undefined
  }

  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    void (async () => {
      const body = await buffer(stream)
      const [, token = ''] = /^\/3\/device\/(.+)$/.exec(headers[':path']!) ?? []
      const push: ApnsPush = { token, headers, payload: JSON.parse(body.toString()) as ApnsPush['payload'] }
      const answered = (await refusalOf(push)) ?? apns.answer(push)
      if (answered === 'hang') return
      if (answered === 'cut') return stream.session!.socket.destroy()
      // An accepted request gets its answer; all later streams have not been processed.
      if (answered === 'goaway') stream.session!.goaway(0, highest.get(stream.session!) ?? 0)
      if (answered === 'goaway') return stream.close(7)
      if (answered) {
        const { status, retryAfter } = answered
        stream.respond({ ':status': status, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) })
        return stream.end(JSON.stringify({ reason: answered.reason, timestamp: answered.timestamp }))
      }
      highest.set(stream.session!, Math.max(highest.get(stream.session!) ?? 0, stream.id!))
      apns.taken.push(push)
      stream.respond({ ':status': 200, 'apns-id': randomBytes(4).toString('hex') })
      return stream.end()
    })().catch(() => {})
  })
  apns.url = await listening(server)
  onTestFinished(() => {
    for (const session of apns.sessions) session.destroy()
    server.close()
  })
  Object.assign(apns.entry, { keyFile, keyId, teamId, topic, url: apns.url })
  return apns
}

interface WebPushed {
  readonly headers: IncomingHttpHeaders
  readonly path: string
  /** What the browser decrypts. */
  readonly payload: Readonly<Record<string, unknown>>
}

/** A browser that has subscribed: its keys, and how it decrypts (RFC 8291, from the receiver's side). */
export function browser(endpoint: string) {
  const key = createECDH('prime256v1')
  key.generateKeys()
  const auth = randomBytes(16)
  const keys = { p256dh: key.getPublicKey('base64url'), auth: auth.toString('base64url') }
  return { subscription: JSON.stringify({ endpoint, expirationTime: null, keys }), decrypt: (body: Buffer) => decrypted(body, key, auth) }
}

const hkdf = (secret: Uint8Array, salted: Uint8Array, info: string | Buffer, bytes: number) =>
  Buffer.from(hkdfSync('sha256', secret, salted, info, bytes))

export function decrypted(body: Buffer, key: ECDH, auth: Buffer): Buffer {
  const [salt, size, length] = [body.subarray(0, 16), body.readUInt32BE(16), body[20]!]
  const [theirs, record] = [body.subarray(21, 21 + length), body.subarray(21 + length)]
  if (record.length > size) throw new Error('more than one record')
  const secret = hkdf(key.computeSecret(theirs), auth, Buffer.concat([Buffer.from('WebPush: info\0'), key.getPublicKey(), theirs]), 32)
  const decipher = createDecipheriv(
    'aes-128-gcm',
    hkdf(secret, salt, 'Content-Encoding: aes128gcm\0', 16),
    hkdf(secret, salt, 'Content-Encoding: nonce\0', 12),
  )
  decipher.setAuthTag(record.subarray(-16))
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
  const end = padded.findLastIndex(byte => byte !== 0)
  if (padded[end] !== 2) throw new Error('no last record')
  return padded.subarray(0, end)
}

/** A push service of browsers, which checks what the real ones check. */
export interface WebPushService {
  readonly url: string
  readonly taken: WebPushed[]
  asked: number
  /** A browser that has subscribed here with the public key of the operator; its DeviceToken. */
  readonly subscribe: (path: string, publicKey?: string) => string
  answer: (path: string) => number | { readonly status: number; readonly retryAfter: number } | 'hang' | 'cut' | 'upgrade' | undefined
}

/** With a name devices find the service under that one, which has to lead to this machine. */
export async function startWebPush(name = '127.0.0.1'): Promise<WebPushService> {
  const browsers = new Map<string, { decrypt: (body: Buffer) => Buffer; publicKey: string | undefined }>()
  const service: WebPushService & { url: string } = {
    url: '',
    taken: [],
    asked: 0,
    subscribe(path, publicKey) {
      const { subscription, decrypt } = browser(`${service.url}${path}`)
      browsers.set(path, { decrypt, publicKey })
      return subscription
    },
    answer: () => undefined,
  }
  const isSigned = async ({ authorization = '' }: IncomingHttpHeaders, publicKey: string | undefined) => {
    const [, token, key] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(authorization) ?? []
    if (!token || !key || (publicKey !== undefined && key !== publicKey)) return false
    const point = Buffer.from(key, 'base64url')
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(each => each.toString('base64url'))
    const verified = await jwtVerify(token, await importJWK({ kty: 'EC', crv: 'P-256', x: x!, y: y! }, 'ES256'), {
      audience: service.url,
    }).catch(() => undefined)
    const { exp = 0, sub = '' } = verified?.payload ?? {}
    return exp > Date.now() / 1000 && exp <= Date.now() / 1000 + 24 * 3600 && /^(mailto:|https:)/.test(sub)
  }
  const url = await startHttp(async ({ url = '', headers, socket }, body, response) => {
    service.asked += 1
    const subscribed = browsers.get(url)
    if (!subscribed) return response.writeHead(404).end()
    if (!(await isSigned(headers, subscribed.publicKey))) return response.writeHead(403).end()
    if (!/^\d+$/.test(headers['ttl'] as string) || headers['content-encoding'] !== 'aes128gcm') return response.writeHead(400).end()
    if (!/^[\w-]{1,32}$/.test(headers['topic'] as string) || headers['urgency'] !== 'high') return response.writeHead(400).end()
    if (body.length > 4096) return response.writeHead(413).end()
    const answered = service.answer(url)
    if (answered === 'hang') return undefined
    if (answered === 'cut') return socket.destroy()
    if (answered === 'upgrade') return socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
    if (typeof answered === 'object') return response.writeHead(answered.status, { 'retry-after': String(answered.retryAfter) }).end()
    if (answered !== undefined) return response.writeHead(answered).end()
    const payload = JSON.parse(subscribed.decrypt(body).toString()) as WebPushed['payload']
    service.taken.push({ headers, path: url, payload })
    return response.writeHead(201, { location: `${service.url}/message` }).end()
  })
  service.url = url.replace('127.0.0.1', name)
  return service
}

/** A pair of VAPID keys: the private one as the file of destinations has it, the public one as pages subscribe with it. */
export function vapidKeys(): { readonly privateKey: string; readonly publicKey: string } {
  const key = createECDH('prime256v1')
  key.generateKeys()
  const keys = { privateKey: key.getPrivateKey('base64url'), publicKey: key.getPublicKey('base64url') }
  // A key that begins with a zero byte comes out shorter.
  return keys.privateKey.length === 43 ? keys : vapidKeys()
}
