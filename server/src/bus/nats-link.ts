import { setTimeout } from 'node:timers/promises'
import type { ConnectionOptions, Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { Log } from '../observe/log.ts'
import { messageOf } from '../tools/error-text.ts'
import { Seldom } from '../tools/seldom.ts'
import { connectNats } from './nats-connect.ts'
import { largestMessage } from './wire.ts'

/** A server that does not answer within this time is replaced by another one. */
const dialMilliseconds = 3000
/** The least pause between two attempts to connect; the most is twice that. */
const pauseMilliseconds = 250
/** How often the server is pinged. */
const askMilliseconds = 3000
/** How long the answer to a ping may take. A dead connection is noticed within ten seconds. */
const patienceMilliseconds = 4000
/** The most bytes that may wait for the server. */
const mostWaiting = 32 * 1024 * 1024
/** How often the log repeats the same error of the server, and the same reason why it cannot connect again. */
const reminderMilliseconds = 60_000

interface Wiring {
  /** Called before each attempt to connect, since the files of a login and of certificates may be replaced. */
  readonly options: () => Promise<ConnectionOptions>
  readonly log: Log
  /** Called for each message; it must not throw. */
  readonly hear: (data: Uint8Array) => void
  /** The answer to every request on a subject. */
  readonly answer?: { readonly subject: string; readonly content: () => string } | undefined
}

/** No server of NATS accepts the connection; the message names the servers. */
export class NatsUnavailable extends Error {}

const dial = async (options: ConnectionOptions) =>
  connectNats({ ...options, name: 'carillon', reconnect: false, noEcho: true, timeout: dialMilliseconds })

const whyNot = (error: unknown) => messageOf((error as Error).cause ?? error)

/**
 * A connection to NATS that reconnects for ever. A client of the library that is not connected drops messages silently. So each connection
 * has a client of its own, and `publish` returns whether there is one.
 */
export class NatsLink {
  readonly #wiring: Wiring
  readonly #subscriptions = new Map<string, Subscription | undefined>()
  #connection: NatsConnection | undefined
  /** The bytes that were given to this client, and those that the server has confirmed. */
  #sent = 0
  #taken = 0
  #asking: NodeJS.Timeout | undefined
  #deafSince: number | undefined
  /** Everything that the server had for this client before this time has arrived; in epoch milliseconds. */
  answeredAt = Date.now()
  #isClosed = false
  /** Called each time that it is connected again. */
  onBack: () => void = () => {}
  /** Called when the connection is lost. */
  onDeaf: () => void = () => {}

  private constructor(wiring: Wiring) {
    this.#wiring = wiring
  }

  /** Throws NatsUnavailable if no server accepts the connection. Its message has no password. */
  static async open(wiring: Wiring): Promise<NatsLink> {
    const link = new NatsLink(wiring)
    const options = await wiring.options()
    try {
      link.#use(await dial(options))
    } catch (error) {
      const servers = String(options.servers).replaceAll(',', ', ')
      throw new NatsUnavailable(`NATS at ${servers} cannot be used: ${whyNot(error)}.`, { cause: error })
    }
    return link
  }

  get isConnected(): boolean {
    return this.#connection !== undefined
  }

  /** The largest message that the server accepts. */
  get mostBytes(): number {
    return this.#connection?.info?.max_payload ?? 0
  }

  /** False if the message cannot be sent now; then it is dropped. */
  publish(subject: string, data: Uint8Array): boolean {
    if (!this.#connection || this.#sent - this.#taken + data.byteLength > mostWaiting) return false
    try {
      this.#connection.publish(subject, data)
    } catch {
      return false
    }
    this.#sent += data.byteLength
    return true
  }

  /** Returns whether the subscription is new. The server has it after `confirm`. */
  subscribe(subject: string): boolean {
    if (this.#subscriptions.has(subject)) return false
    this.#subscriptions.set(subject, this.#subscribed(subject))
    return true
  }

  /** Ends all other subscriptions. */
  unsubscribeOthers(subjects: ReadonlySet<string>) {
    for (const [subject, subscription] of this.#subscriptions) {
      if (subjects.has(subject)) continue
      this.#subscriptions.delete(subject)
      subscription?.unsubscribe()
    }
  }

  /**
   * Resolves to whether the server has taken everything that was published and subscribed before; a server that does not answer in
   * time is given up.
   */
  async confirm(): Promise<boolean> {
    const connection = this.#connection
    if (!connection) return false
    const before = this.#sent
    const askedAt = Date.now()
    const answered = connection.flush().then(
      () => true,
      () => false,
    )
    if (!(await Promise.race([answered, setTimeout(patienceMilliseconds, false, { ref: false })]))) {
      this.#lose(connection, 'The server does not answer')
      return false
    }
    if (connection !== this.#connection) return false
    this.#taken = Math.max(this.#taken, before)
    this.answeredAt = Math.max(this.answeredAt, askedAt)
    return true
  }

  /** Resolves when everything published has been sent, if the server is available. */
  async close() {
    await this.confirm()
    this.#isClosed = true
    clearTimeout(this.#asking)
    const connection = this.#connection
    this.#connection = undefined
    if (connection) await Promise.race([connection.close(), setTimeout(patienceMilliseconds, undefined, { ref: false })])
  }

  #use(connection: NatsConnection) {
    this.#connection = connection
    this.#taken = this.#sent
    for (const subject of this.#subscriptions.keys()) this.#subscriptions.set(subject, this.#subscribed(subject))
    this.#answerOn(connection)
    void connection.closed().then(error => this.#lose(connection, error ? error.message : 'The connection was closed'))
    if (this.mostBytes < largestMessage)
      this.#wiring.log.error(
        { maxPayload: this.mostBytes, needed: largestMessage },
        'NATS does not accept the largest messages of nodes: raise its max_payload; those that are stored nowhere are lost for other nodes',
      )
    void this.#watch(connection)
    this.#ask()
  }

  #answerOn(connection: NatsConnection) {
    const { answer, log } = this.#wiring
    if (!answer) return
    const { subject, content } = answer
    const callback = (error: Error | null, request: Msg) => {
      if (error) log.error({ err: error, subject }, 'NATS refuses a subscription: carillon doctor cannot find this node')
      else if (this.#connection === connection) request.respond(content())
    }
    connection.subscribe(subject, { callback })
  }

  #subscribed(subject: string): Subscription | undefined {
    const callback = (error: Error | null, { data }: { data: Uint8Array }) => {
      if (error)
        this.#wiring.log.error({ err: error, subject }, 'NATS refuses a subscription: this node does not get the events of other nodes')
      else this.#wiring.hear(data)
    }
    return this.#connection?.subscribe(subject, { callback })
  }

  /** Logs errors that the server reports, such as a subject to which the user may not publish. */
  async #watch(connection: NatsConnection) {
    const reminders = new Seldom(reminderMilliseconds)
    for await (const status of connection.status()) {
      // A user that may not publish gets an error for each message, which names one of thousands of subjects.
      if (status.type === 'error' && reminders.isDue(status.error.message.replaceAll(/"[^"]*"/g, '')))
        this.#wiring.log.error({ err: status.error }, 'NATS reports an error')
    }
  }

  #ask() {
    clearTimeout(this.#asking)
    this.#asking = globalThis.setTimeout(() => void this.confirm().then(isThere => isThere && this.#ask()), askMilliseconds).unref()
  }

  #lose(connection: NatsConnection, why: string) {
    if (connection !== this.#connection || this.#isClosed) return
    this.#connection = undefined
    this.#deafSince ??= performance.now()
    this.#wiring.log.warn({ why }, 'The connection to NATS is lost: events of other nodes are read from the database until it is back')
    // Not awaited: if the server reads nothing, this may never end.
    void connection.close()
    this.onDeaf()
    void this.#return()
  }

  async #return() {
    const { options, log } = this.#wiring
    const reminders = new Seldom(reminderMilliseconds)
    while (!this.#isClosed && !this.#connection) {
      await setTimeout(pauseMilliseconds * (1 + Math.random()), undefined, { ref: false })
      const connection = await options()
        .then(dial)
        .catch((error: unknown) => {
          const why = whyNot(error)
          if (reminders.isDue(why)) log.warn({ why }, 'NATS cannot be used again yet; this node goes on trying to connect')
        })
      if (!connection) continue
      if (this.#isClosed) {
        void connection.close()
        return
      }
      const seconds = Math.round((performance.now() - this.#deafSince!) / 100) / 10
      this.#deafSince = undefined
      this.#use(connection)
      log.info({ server: connection.getServer(), seconds }, 'NATS is connected again')
      this.onBack()
    }
  }
}
