import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type * as Library from '@nats-io/transport-node'
import type { NatsDestination } from '../settings/nats-destination.ts'
import type { OutboxEntry } from '../store/outbox.ts'
import { isObject, type JsonObject } from '../tools/json.ts'
import { messageOf } from '../tools/error-text.ts'
import { NotReached, type Outcome, Refused } from './delivery.ts'
import type { StreamSink } from './sink.ts'

/**
 * JetStream may store some records of a batch and not others. A server of NATS without it processes the messages of one connection in
 * order.
 */
const stored = { entries: 500, bytes: 4 * 1024 * 1024, isOneOfEachSubLane: true }
const handed = { ...stored, isOneOfEachSubLane: false }
/** How long connecting may take, and the answer to a record. */
const dialMilliseconds = 3000
const answerMilliseconds = 4000
/** JetStream's error for a record that is larger than its stream allows. */
const tooLarge = 10054

/** The id of a message: always the same for a record, and unique even if two servers use one subject. */
const idOf = ({ id, payload }: OutboxEntry) => createHash('sha256').update(`${id} ${payload}`).digest('base64url')

/** A connection, and the error that the server has reported since the last check. */
interface Link {
  readonly library: typeof Library
  readonly connection: Library.NatsConnection
  complaint: Error | undefined
}

/**
 * The records of a stream at a subject of NATS, over a connection of its own: each message is a record, in JSON. The client of NATS is
 * loaded with the first.
 */
export function natsSink(destination: NatsDestination): StreamSink {
  const { subject, isStored, urls } = destination
  const where = `NATS at ${urls.map(url => new URL(url).host).join(', ')}`
  let link: Promise<Link> | undefined
  /** The open connection of `link`. A connection that was replaced may end while there is a newer one. */
  let current: Link | undefined

  const notReached = (error: unknown) => {
    const { cause } = error as Error
    return new NotReached(`${where} cannot be reached: ${messageOf(cause instanceof Error ? cause : error)}`, { cause: error })
  }

  async function dial(): Promise<Link> {
    const library = await import('@nats-io/transport-node')
    const { connectionOptions } = await import('../bus/nats-login.ts')
    const { connectNats } = await import('../bus/nats-connect.ts')
    const options = { ...connectionOptions(destination), name: 'carillon records', reconnect: false, timeout: dialMilliseconds }
    const connection = await connectNats(options).catch((error: unknown) => {
      throw notReached(error)
    })
    const opened: Link = { library, connection, complaint: undefined }
    current = opened
    void (async () => {
      for await (const status of connection.status()) if (status.type === 'error') opened.complaint ??= status.error
    })()
    void connection.closed().then(() => leave(opened))
    return opened
  }

  /** The next call connects again. */
  function leave(left: Link) {
    if (left === current) link = current = undefined
    const { connection } = left
    if (!connection.isClosed()) void connection.close().catch(() => {})
  }

  async function linked(): Promise<Link> {
    link ??= dial().catch((error: unknown) => {
      link = undefined
      throw error
    })
    return link
  }

  /** Resolves once the server has everything that was sent before. A connection that does not answer is given up. */
  async function confirm(opened: Link, signal: AbortSignal) {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const giveUp = () => reject(new Error('it has not answered in time'))
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      await Promise.race([opened.connection.flush(), late])
    } catch (error) {
      leave(opened)
      throw notReached(error)
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
    // Errors of the server arrive before the answer, and are reported at the end of the turn.
    await setImmediate()
    const { complaint } = opened
    opened.complaint = undefined
    if (complaint) throw new Error(`${where} does not accept records at ${subject}: ${complaint.message}`, { cause: complaint })
  }

  const hand = async (opened: Link, entries: readonly OutboxEntry[], signal: AbortSignal) => {
    for (const { payload } of entries) opened.connection.publish(subject, payload)
    await confirm(opened, signal)
  }

  const noStream = () =>
    `${where} has no stream of JetStream with the subject ${subject}: create one, or set jetStream to false in --destinations`

  /** Resolves to the answer of JetStream. */
  async function ask({ connection, library }: Link, to: string, content: string, options: { id?: string } = {}): Promise<JsonObject> {
    const { id } = options
    const named = library.headers()
    if (id !== undefined) named.set('Nats-Msg-Id', id)
    try {
      const answer = await connection.request(to, content, { timeout: answerMilliseconds, headers: named })
      const value = answer.json<unknown>()
      return isObject(value) ? value : {}
    } catch (error) {
      if (error instanceof library.RequestError && error.isNoResponders()) throw new Error(noStream(), { cause: error })
      throw notReached(error)
    }
  }

  async function store(opened: Link, entry: OutboxEntry): Promise<Outcome> {
    try {
      const { stream, error } = await ask(opened, subject, entry.payload, { id: idOf(entry) })
      if (typeof stream === 'string' && error === undefined) return undefined
      const { err_code: code, description } = isObject(error) ? error : {}
      const why = typeof description === 'string' ? description : 'its answer is not that of a stream'
      const text = `JetStream of ${where} has not stored a record: ${why}`
      return code === tooLarge ? new Refused(text) : new Error(text)
    } catch (error) {
      return error as Error
    }
  }

  return {
    batch: isStored ? stored : handed,

    async check(_, signal) {
      const opened = await linked()
      await confirm(opened, signal)
      if (!isStored) return
      const { streams } = await ask(opened, '$JS.API.STREAM.NAMES', JSON.stringify({ subject }))
      if (!Array.isArray(streams) || streams.length === 0) throw new Error(noStream())
    },

    async put(_, entries, signal) {
      const opened = await linked()
      const most = opened.connection.info?.max_payload ?? Infinity
      const large = (entry: OutboxEntry) => Buffer.byteLength(entry.payload) > most
      const refused = new Refused(`${where} accepts messages of at most ${most} bytes, and the record has more`)
      if (isStored) {
        const outcomes = await Promise.all(entries.map(async entry => (large(entry) ? refused : store(opened, entry))))
        if (outcomes.every(outcome => outcome instanceof NotReached)) leave(opened)
        return outcomes
      }
      await hand(
        opened,
        entries.filter(entry => !large(entry)),
        signal,
      )
      return entries.map(entry => (large(entry) ? refused : undefined))
    },

    async close() {
      const opened = await link?.catch(() => undefined)
      await opened?.connection.close().catch(() => {})
    },
  }
}
