import { setTimeout } from 'node:timers/promises'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { WebSocket } from 'ws'
import type { ClientConfig, HeardEvent, HeardOptions } from './types.ts'

const usualWait = 5000

/** The URL of a messaging session, signed as clients of Amazon sign it. */
async function sessionUrl({ endpoint, region, credentials }: ClientConfig, userArn: string): Promise<string> {
  const { host, hostname, port } = new URL(endpoint)
  const signer = new SignatureV4({ service: 'chime', region, credentials, sha256: Sha256 })
  const query = { userArn, sessionId: crypto.randomUUID() }
  const unsigned = { method: 'GET', protocol: 'ws:', hostname, port: Number(port), path: '/connect', query, headers: { host } }
  const signed = await signer.presign(unsigned, { expiresIn: 60 })
  const pairs = Object.entries(signed.query ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  return `ws://${host}/connect?${pairs.join('&')}`
}

/** A messaging session of a user. It holds the events that it gets until `next` returns them. */
export class Listener {
  readonly #socket: WebSocket
  readonly #arn: string
  readonly #events: HeardEvent[] = []
  #closed: string | undefined
  #news = Promise.withResolvers<void>()

  private constructor(socket: WebSocket, arn: string) {
    this.#socket = socket
    this.#arn = arn
    socket.on('message', data => {
      const { Headers: headers, Payload: payload } = JSON.parse((data as Buffer).toString())
      this.#events.push({
        type: headers['x-amz-chime-event-type'],
        headers,
        payload: payload === undefined ? undefined : JSON.parse(payload),
      })
      this.#wake()
    })
    socket.on('error', error => this.#end(error.message))
    socket.on('close', (code, reason) => this.#end(`closed with ${code} ${String(reason)}`.trim()))
  }

  /** Resolves once the session is established. */
  static async open(config: ClientConfig, arn: string): Promise<Listener> {
    const listener = new Listener(new WebSocket(await sessionUrl(config, arn)), arn)
    await listener.heard('SESSION_ESTABLISHED')
    return listener
  }

  async heard(type: string, { within = usualWait, where = () => true }: HeardOptions = {}): Promise<HeardEvent> {
    const giveUp = new AbortController()
    const late = setTimeout(within, 'late' as const, { signal: giveUp.signal, ref: false }).catch(() => 'late' as const)
    try {
      for (;;) {
        const index = this.#events.findIndex(event => event.type === type && where(event))
        if (index !== -1) return this.#events.splice(index, 1)[0]!
        if (this.#closed !== undefined) throw new Error(`${this.#arn} gets no more events: the session was ${this.#closed}.`)
        if ((await Promise.race([this.#news.promise, late])) === 'late') throw new Error(this.#silence(type, within))
      }
    } finally {
      giveUp.abort()
    }
  }

  close() {
    this.#socket.terminate()
  }

  #silence(type: string, within: number) {
    const others = [...new Set(this.#events.map(event => event.type))]
    const instead =
      others.length === 0 ? 'No other events have arrived.' : `Events that have arrived and were not returned: ${others.join(', ')}.`
    return `${this.#arn} has not received ${type} within ${within} ms. ${instead}`
  }

  #end(why: string) {
    this.#closed ??= why
    this.#wake()
  }

  #wake() {
    this.#news.resolve()
    this.#news = Promise.withResolvers<void>()
  }
}
