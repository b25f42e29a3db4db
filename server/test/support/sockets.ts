import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { App } from '../../src/app.ts'
import { patience } from './patience.ts'
import type { SigningKey } from './signed.ts'

/** An event as it arrived: the payload is parsed, and undefined where there is none. */
export interface Received {
  readonly type: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Readonly<Record<string, unknown>> | undefined
}

export interface Asked {
  readonly key?: SigningKey
  readonly sessionId?: string
  readonly expiresIn?: number
  readonly date?: Date
  /** More of the query: prefetch-on and so on. */
  readonly query?: Readonly<Record<string, string>>
}

/** The URL that a client connects to, presigned by Amazon's own signer; over plain HTTP. */
export async function presignedUrl(app: Pick<App, 'url' | 'rootKey'>, userArn: string, asked: Asked = {}): Promise<string> {
  const { host, hostname, port } = new URL(app.url)
  const { key: credentials = app.rootKey, sessionId = crypto.randomUUID(), expiresIn = 10, date, query = {} } = asked
  const signer = new SignatureV4({ service: 'chime', region: 'us-east-1', credentials, sha256: Sha256 })
  const signed = await signer.presign(
    {
      method: 'GET',
      protocol: 'ws:',
      hostname,
      port: Number(port),
      path: '/connect',
      query: { userArn, sessionId, ...query },
      headers: { host },
    },
    { expiresIn, ...(date ? { signingDate: date } : {}) },
  )
  const pairs = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
  )
  return `ws://${host}/connect?${pairs.join('&')}`
}

/** A socket that stores what it has heard. */
export class Listening {
  readonly events: Received[] = []
  /** The same events as they arrived. */
  readonly texts: string[] = []
  /** With what has broken the connection as the reason, where the server has given none. */
  readonly closed: Promise<{ code: number; reason: string }>
  readonly socket: WebSocket
  #taken = 0

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(url, { headers })
    let failure = ''
    this.socket.on('error', ({ message }) => (failure = message))
    this.socket.on('message', data => {
      const text = (data as Buffer).toString()
      this.texts.push(text)
      const { Headers, Payload } = JSON.parse(text)
      const payload = Payload === undefined ? undefined : JSON.parse(Payload)
      this.events.push({ type: Headers['x-amz-chime-event-type'], headers: Headers, payload })
    })
    this.closed = new Promise(resolve => {
      this.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() || failure }))
    })
  }

  /** The next event that no call has returned yet; fails where none comes. */
  async next(): Promise<Received> {
    for (const start = Date.now(); ; await setTimeout(5)) {
      const event = this.events[this.#taken]
      if (event) {
        this.#taken++
        return event
      }
      if (Date.now() - start > patience) throw new Error(`nothing more was heard after ${this.events.map(({ type }) => type).join(', ')}`)
    }
  }

  /** All events that no call has returned yet, up to and without the first for which the condition holds. */
  async until(condition: (event: Received) => boolean): Promise<Received[]> {
    const events = []
    for (let event = await this.next(); !condition(event); event = await this.next()) events.push(event)
    return events
  }

  /** Whether the server answers a ping, after everything that it has sent before; false if it closes the socket instead. */
  async isAnswered(): Promise<boolean> {
    this.socket.ping()
    const answered = new Promise<boolean>(resolve => this.socket.once('pong', () => resolve(true)))
    return Promise.race([answered, this.closed.then(() => false)])
  }
}

/** A socket of that user, as soon as it is established; it is closed with the test. A concurrent test gives its own `onFinished`. */
export async function listen(
  app: Pick<App, 'url' | 'rootKey'>,
  userArn: string,
  asked: Asked = {},
  onFinished: typeof onTestFinished = onTestFinished,
): Promise<Listening> {
  const listening = new Listening(await presignedUrl(app, userArn, asked))
  onFinished(() => listening.socket.terminate())
  const { type } = await Promise.race([
    listening.next(),
    listening.closed.then(({ code, reason }) => Promise.reject(new Error(`closed with ${code} ${reason}`))),
  ])
  if (type !== 'SESSION_ESTABLISHED') throw new Error(`${type} came first`)
  return listening
}

/** A connection that asks for a session, and which sends and receives bytes only. */
export interface RawSocket {
  readonly socket: Socket
  readonly heard: () => Buffer
  readonly closed: Promise<unknown>
}

/** It is closed after the test. */
export async function connectRaw(app: Pick<App, 'url' | 'rootKey'>, userArn: string, asked: Asked = {}): Promise<RawSocket> {
  const { host, port, pathname, search } = new URL(await presignedUrl(app, userArn, asked))
  const socket = connect(Number(port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const received: Buffer[] = []
  socket.on('data', bytes => received.push(bytes)).on('error', () => {})
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  )
  return { socket, heard: () => Buffer.concat(received), closed }
}
