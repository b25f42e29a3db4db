import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { WebhookDestination } from '../settings/webhook-destination.ts'
import type { OutboxEntry } from '../store/outbox.ts'
import { messageOf } from '../tools/error-text.ts'
import { regionOf } from './aws.ts'
import { isLate, NotReached, Refused } from './delivery.ts'
import { HttpSender } from './http.ts'
import type { StreamSink } from './sink.ts'

/** A webhook accepts a batch as a whole or not at all. */
const batch = { entries: 100, bytes: 1024 * 1024, isOneOfEachSubLane: false }

/** A URL as errors and logs show it, without its query, which may be a secret. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url)
  return pathname === '/' ? origin : origin + pathname
}

/** A response with a status other than 2xx. */
export class WebhookRefusal extends Error {
  readonly status: number

  constructor(url: string, status: number) {
    super(`${shownUrl(url)} has answered ${status}`)
    this.status = status
  }
}

/**
 * JSON and the headers that sign it: x-carillon-signature is the HMAC-SHA256, under the secret, of the time in x-carillon-timestamp, a dot
 * and the body.
 */
export function signedBody({ secret }: WebhookDestination, content: unknown) {
  const body = JSON.stringify(content)
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  const headers = { 'content-type': 'application/json', 'x-carillon-timestamp': timestamp, 'x-carillon-signature': `sha256=${signature}` }
  return { headers, body }
}

/** Servers close idle connections, many of them after five seconds. */
const http = new HttpSender({ idleMilliseconds: 4000 })

/**
 * Sends JSON, signed, and resolves to the text of the answer, cut off after `largest` bytes. Rejects with a WebhookRefusal if the status is
 * not 2xx, and with NotReached if there is no response. Redirects are not followed.
 */
export async function ask(destination: WebhookDestination, content: unknown, largest: number, signal: AbortSignal): Promise<string> {
  const { url } = destination
  const request = { url: new URL(url), shown: shownUrl(url), largest, ...signedBody(destination, content) }
  const { status, body } = await http.send(request, signal)
  if (status < 200 || status >= 300) throw new WebhookRefusal(url, status)
  return body
}

/** Sends JSON as `ask` does, and ignores the answer beyond its status. */
export async function post(destination: WebhookDestination, content: unknown, signal: AbortSignal) {
  await ask(destination, content, 0, signal)
}

/** Rejects with NotReached if nothing listens there, or its certificate is not valid. No request is sent, so handlers need not expect one. */
export async function reach({ url }: Pick<WebhookDestination, 'url'>, signal: AbortSignal) {
  const { protocol, hostname, port } = new URL(url)
  const isTls = protocol === 'https:'
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  const where = { host, port: port === '' ? (isTls ? 443 : 80) : Number(port) }
  const socket = isTls ? connectTls({ ...where, ...(isIP(host) === 0 && { servername: host }) }) : connect(where)
  try {
    await once(socket, isTls ? 'secureConnect' : 'connect', { signal })
  } catch (error) {
    const why = isLate(error) ? 'has not answered in time' : `cannot be reached: ${messageOf(error)}`
    throw new NotReached(`${shownUrl(url)} ${why}`, { cause: error })
  } finally {
    socket.destroy()
  }
}

/**
 * A record with all members that Lambda gives records of Kinesis, since parsers of consumers require them. A record that is sent again has
 * the same sequenceNumber.
 */
const recordOf = (arn: string, { id, subLane, payload, createdAt }: OutboxEntry) => ({
  kinesis: {
    kinesisSchemaVersion: '1.0',
    partitionKey: subLane,
    sequenceNumber: String(id),
    data: Buffer.from(payload).toString('base64'),
    approximateArrivalTimestamp: createdAt / 1000,
  },
  eventSource: 'aws:kinesis',
  eventVersion: '1.0',
  eventID: `shardId-000000000000:${id}`,
  eventName: 'aws:kinesis:record',
  invokeIdentityArn: `arn:aws:iam::${arn.split(':')[4]}:role/carillon`,
  awsRegion: regionOf(arn),
  eventSourceARN: arn,
})

/** The statuses of a webhook that mean that it will never accept a record. */
const never = new Set([413, 422])

/** The webhook of a stream. `check` sends a request without records. */
export const webhookSink = (destination: WebhookDestination): StreamSink => ({
  batch,
  check: async (_, signal) => post(destination, { Records: [] }, signal),
  async put(arn, entries, signal) {
    try {
      await post(destination, { Records: entries.map(entry => recordOf(arn, entry)) }, signal)
    } catch (error) {
      // If there were several records, the cause is unknown: after a failure they are sent one by one.
      if (entries.length > 1 || !(error instanceof WebhookRefusal) || !never.has(error.status)) throw error
      return [new Refused(error.message, { cause: error })]
    }
    return entries.map(() => undefined)
  },
})
