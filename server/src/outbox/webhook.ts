import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { WebhookDestination } from '../settings/webhook-destination.ts'
import type { OutboxEntry } from '../store/outbox.ts'
import { regionOf } from './aws.ts'
import { beginningOf } from './beginning-of.ts'
import { NotReached, Refused } from './delivery.ts'
import type { StreamSink } from './sink.ts'

/** A whole batch is taken or not. */
const batch = { entries: 100, bytes: 1024 * 1024, isOneOfEachSubLane: false }

/** A URL as errors and logs show it: what stands behind the path may be a secret. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url)
  return pathname === '/' ? origin : origin + pathname
}

/** An answer that is no success. */
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

/** Sends JSON, signed. Rejects with NotReached where nobody answers. Redirections are not followed. */
async function send(destination: WebhookDestination, content: unknown, signal: AbortSignal): Promise<Response> {
  const { url } = destination
  const { headers, body } = signedBody(destination, content)
  try {
    return await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
  } catch (error) {
    throw notReached(url, error)
  }
}

/** Sends JSON, signed. Rejects with a WebhookRefusal where the answer is no 2xx, and with NotReached where there is none. */
export async function post(destination: WebhookDestination, content: unknown, signal: AbortSignal) {
  const response = await send(destination, content, signal)
  await response.body?.cancel()
  if (!response.ok) throw new WebhookRefusal(destination.url, response.status)
}

/** The same, and resolves to the text of the answer, cut off after `largest` bytes. */
export async function ask(destination: WebhookDestination, content: unknown, largest: number, signal: AbortSignal): Promise<string> {
  const response = await send(destination, content, signal)
  if (!response.ok) {
    await response.body?.cancel()
    throw new WebhookRefusal(destination.url, response.status)
  }
  return (await beginningOf(response.body ?? [], largest)).toString()
}

/** Rejects with NotReached where nobody listens. Nothing is sent, so no handler has to know of it. */
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

/** A record in the shape in which Lambda hands those of Kinesis to a function; one that comes again has the same sequenceNumber. */
const recordOf = (arn: string, { id, subLane, payload }: OutboxEntry) => ({
  kinesis: {
    kinesisSchemaVersion: '1.0',
    partitionKey: subLane,
    sequenceNumber: String(id),
    data: Buffer.from(payload).toString('base64'),
  },
  eventSource: 'aws:kinesis',
  eventVersion: '1.0',
  eventID: `shardId-000000000000:${id}`,
  eventName: 'aws:kinesis:record',
  awsRegion: regionOf(arn),
  eventSourceARN: arn,
})

/** What a webhook answers that will never take a record. */
const never = new Set([413, 422])

/** Records of a stream at a webhook. No record at all asks whether it is there. */
export const webhookSink = (destination: WebhookDestination): StreamSink => ({
  batch,
  check: async (_, signal) => post(destination, { Records: [] }, signal),
  async put(arn, entries, signal) {
    try {
      await post(destination, { Records: entries.map(entry => recordOf(arn, entry)) }, signal)
    } catch (error) {
      // Which record of several it is shows once they are sent one by one, as after each failure.
      if (entries.length > 1 || !(error instanceof WebhookRefusal) || !never.has(error.status)) throw error
      return [new Refused(error.message, { cause: error })]
    }
    return entries.map(() => undefined)
  },
})
