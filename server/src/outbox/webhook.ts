import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { WebhookDestination } from '../settings/webhook-destination.ts'
import type { OutboxEntry } from '../store/outbox.ts'
import { regionOf } from './aws.ts'
import { beginningOf } from './beginning-of.ts'
import { NotReached, Refused } from './delivery.ts'
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

function notReached(url: string, error: unknown) {
  const { message, cause } = error as Error
  return new NotReached(`${shownUrl(url)} cannot be reached: ${cause instanceof Error ? cause.message : message}`, { cause: error })
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

/**
 * Sends JSON, signed. Rejects with a WebhookRefusal if the status is not 2xx, and with NotReached if there is no response. Redirects are not
 * followed.
 */
async function send(destination: WebhookDestination, content: unknown, signal: AbortSignal): Promise<Response> {
  const { url } = destination
  const { headers, body } = signedBody(destination, content)
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal }).catch((error: unknown) => {
    throw notReached(url, error)
  })
  if (response.ok) return response
  await response.body?.cancel()
  throw new WebhookRefusal(url, response.status)
}

/** Sends JSON as `send` does, and ignores the answer. */
export async function post(destination: WebhookDestination, content: unknown, signal: AbortSignal) {
  await (await send(destination, content, signal)).body?.cancel()
}

/** Sends JSON as `send` does. Resolves to the text of the answer, cut off after `largest` bytes. */
export async function ask(destination: WebhookDestination, content: unknown, largest: number, signal: AbortSignal): Promise<string> {
  const { body } = await send(destination, content, signal)
  return (await beginningOf(body ?? [], largest)).toString()
}

/** Rejects with NotReached if nothing listens there. No request is sent, so handlers need not expect one. */
export async function reach({ url }: Pick<WebhookDestination, 'url'>, signal: AbortSignal) {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  const socket = connect({ host, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) })
  try {
    await once(socket, 'connect', { signal })
  } catch (error) {
    throw notReached(url, error)
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
