import { setTimeout } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { presignedPath } from '../support/fuzz-sockets.ts'
import type { Heard, History, SocketLife } from './history.ts'

/** A client gives up a socket that is not established within that time. */
const establishMilliseconds = 5000
const pauseMilliseconds = 300

interface Target {
  readonly name: string
  readonly url: string
}

interface Envelope {
  readonly Headers: Readonly<Record<string, string>>
  readonly Payload?: string
}

/** The message in a frame; undefined for any other frame. */
function heardOf(data: string): Heard | 'established' | undefined {
  const { Headers, Payload } = JSON.parse(data) as Envelope
  const type = Headers['x-amz-chime-event-type']!
  if (type === 'SESSION_ESTABLISHED') return 'established'
  if (!type.endsWith('_CHANNEL_MESSAGE') || Payload === undefined) return undefined
  const { ChannelArn, MessageId, Content = '' } = JSON.parse(Payload) as Record<string, string>
  return { type, channel: ChannelArn!, messageId: MessageId!, content: Content, at: performance.now() }
}

/** A user who stays connected: to any node, and to another one when the socket ends, with the same sessionId. */
export class Listener {
  readonly user: string
  readonly #history: History
  readonly #next: () => Target
  readonly #sessionId: string = crypto.randomUUID()
  #socket: WebSocket | undefined
  #life: SocketLife | undefined
  #isStopped = false
  readonly #running: Promise<void>

  /** `next` returns the node to connect to. */
  constructor(user: string, { history, next }: { history: History; next: () => Target }) {
    this.user = user
    this.#history = history
    this.#next = next
    this.#running = this.#run()
  }

  /** The socket that is established, if there is one. */
  get life(): SocketLife | undefined {
    return this.#life
  }

  async stop() {
    this.#isStopped = true
    this.#socket?.terminate()
    await this.#running
  }

  async #run() {
    while (!this.#isStopped) {
      await this.#connect(this.#next())
      if (!this.#isStopped) await setTimeout(pauseMilliseconds)
    }
  }

  /** Resolves when the socket has ended. */
  async #connect({ name, url }: Target) {
    const { host } = new URL(url)
    const path = presignedPath(host, { userArn: this.user, sessionId: this.#sessionId })
    const socket = new WebSocket(`ws://${host}${path}`, { handshakeTimeout: establishMilliseconds })
    this.#socket = socket
    const impatience = globalThis.setTimeout(() => socket.terminate(), establishMilliseconds)
    socket.on('message', data => {
      const heard = heardOf((data as Buffer).toString())
      if (heard === 'established') {
        clearTimeout(impatience)
        this.#life = { user: this.user, node: name, establishedAt: performance.now(), heard: [] }
        this.#history.sockets.push(this.#life)
      } else if (heard) this.#life?.heard.push(heard)
    })
    socket.on('error', () => {})
    const code = await new Promise<number>(resolve => socket.once('close', resolve))
    clearTimeout(impatience)
    if (this.#isStopped) return
    if (this.#life) this.#life.closedAt = performance.now()
    // A close code after which a client would not reconnect.
    if (code >= 4000) this.#history.refusals.push(`${this.user} is closed with ${code} by ${name}`)
    this.#life = undefined
  }
}
