import type { Destinations } from '../settings/destinations.ts'
import { partsOfLane } from '../store/outbox.ts'
import { messageOf } from '../tools/error-text.ts'
import { awsOptions, clientOfRegion, detailOf, type SdkError } from './aws.ts'
import { isLate, Refused, type SingleDelivery } from './delivery.ts'
import type { BusEvent } from './failure-events.ts'
import { post } from './webhook.ts'

const largestResponse = 64 * 1024

/** At Amazon only its own services may use a source that begins with aws. */
const sourceFor = (endpointUrl: string, source: string) =>
  new URL(endpointUrl).hostname.endsWith('.amazonaws.com') ? 'carillon.chime' : source

/** Why EventBridge has not accepted an event. */
function why(error: unknown): string {
  const { name, $metadata } = error as SdkError
  if (name === 'CredentialsProviderError') return `needs AWS credentials, and the server has none: ${messageOf(error)}`
  if ($metadata?.httpStatusCode !== undefined) return `has answered ${$metadata.httpStatusCode}${detailOf(error)}`
  return isLate(error) ? 'has not answered in time' : `cannot be reached: ${messageOf(error)}`
}

/** PutEvents, of one event. */
function eventPutter(endpointUrl: string) {
  const clientOf = clientOfRegion(async region => {
    const { EventBridgeClient } = await import('@aws-sdk/client-eventbridge')
    return new EventBridgeClient(await awsOptions('events', region, endpointUrl, largestResponse))
  })

  return async (event: BusEvent, abortSignal: AbortSignal) => {
    const client = await clientOf(event.region)
    const { PutEventsCommand } = await import('@aws-sdk/client-eventbridge')
    const entry = {
      Source: sourceFor(endpointUrl, event.source),
      DetailType: event['detail-type'],
      Detail: JSON.stringify(event.detail),
      Resources: [...event.resources],
      Time: new Date(event.time),
    }
    const { Entries: [answer] = [] } = await client
      .send(new PutEventsCommand({ Entries: [entry] }), { abortSignal })
      .catch((error: unknown) => {
        throw new Error(`EventBridge at ${endpointUrl} ${why(error)}`, { cause: error })
      })
    if (answer?.EventId === undefined)
      throw new Error(
        `EventBridge at ${endpointUrl} has not accepted the event: ${answer?.ErrorCode ?? 'no answer'}: ${answer?.ErrorMessage ?? ''}`,
      )
  }
}

/** Sends events about failures to event buses, in any order. An event that was not accepted for some minutes is stored as dead. */
export function eventBusDelivery({ eventBuses }: Destinations, endpointUrl: string | undefined): SingleDelivery {
  const put = endpointUrl === undefined ? undefined : eventPutter(endpointUrl)
  return {
    isOrdered: false,
    attempts: 10,

    async deliver({ lane, payload }, signal) {
      const { destination } = partsOfLane(lane)
      const event = JSON.parse(payload) as BusEvent
      const webhook = eventBuses.get(destination)
      if (webhook) return post(webhook, event, signal)
      if (!put) throw new Refused(`Neither --eventbridge-endpoint nor an entry of --destinations says where ${destination} is`)
      return put(event, signal)
    },
  }
}
