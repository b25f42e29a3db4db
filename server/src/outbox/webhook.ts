import { createHmac } from 'node:crypto'
import type { WebhookDestination } from '../settings/webhook-destination.ts'
import type { OutboxEntry } from '../store/outbox.ts'
import { NotReached, type StreamSink } from './sink.ts'

/** A whole batch is taken or not. */
const batch = { entries: 100, bytes: 1024 * 1024, isOneOfEachSubLane: false }

/** An answer that is no success. */
export class WebhookRefusal extends Error {
  readonly status: number

  constructor(url: string, status: number) {
    super(`${url} has answered ${status}`)
    this.status = status
  }
}

/**
 * JSON and the headers that sign it: x-carillon-signature is the HMAC-SHA256, under the secret, of the time in x-carillon-timestamp, a dot and the
 * body.
 */
export function signedBody({ secret }: WebhookDestination, content: unknown) {
  const body = JSON.stringify(content)
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  const headers = { 'content-type': 'application/json', 'x-carillon-timestamp': timestamp, 'x-carillon-signature': `sha256=${signature}` }
  return { headers, body }
}

/**
 * Sends JSON, signed. Rejects with a WebhookRefusal where the answer is no 2xx, and with NotReached where there is none. Redirections are
 * not followed.
 */
export async function post(destination: WebhookDestination, content: unknown, signal: AbortSignal) {
  const { url } = destination
  const { headers, body } = signedBody(destination, content)
  let response
  try {
    response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
  } catch (error) {
    const { message, cause } = error as Error
    throw new NotReached(`${url} cannot be reached: ${cause instanceof Error ? cause.message : message}`, { cause: error })
  }
  await response.body?.cancel()
  if (!response.ok) throw new WebhookRefusal(url, response.status)
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
  awsRegion: arn.split(':')[3],
  eventSourceARN: arn,
})

/** Records of a stream at a webhook. No record at all asks whether it is there. */
export const webhookSink = (destination: WebhookDestination): StreamSink => ({
  batch,
  check: async (_, signal) => post(destination, { Records: [] }, signal),
  async put(arn, entries, signal) {
    await post(destination, { Records: entries.map(entry => recordOf(arn, entry)) }, signal)
    return entries.map(() => undefined)
  },
})
