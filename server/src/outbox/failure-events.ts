import { randomUUID } from 'node:crypto'
import type { Transaction } from '../database/database.ts'
import { addToOutbox } from '../events/outbox.ts'
import type { Log } from '../observe/log.ts'
import type { Destinations } from '../settings/destinations.ts'
import type { Device } from '../store/push.ts'
import { laneOf } from '../store/outbox.ts'

/** The kind of the outbox's lanes for event buses: one lane for each bus. */
export const eventBusKind = 'event-bus'

/** A failure, as its event for EventBridge describes it (docs/service/streaming.md#eventbridge). */
type Failure =
  | {
      readonly detailType: 'Chime ChannelFlow Processing Status'
      readonly detail: {
        readonly eventType: 'ProcessorInvocationFailure'
        readonly appInstanceArn: string
        readonly channelArn: string
        readonly messageId: string
        readonly processorResourceArn: string
        readonly failureReason: string
      }
    }
  | {
      readonly detailType: 'Chime Messaging AppInstanceBot Lex Failure' | 'Chime Messaging AppInstanceUserEndpoint Delivery Failure'
      readonly detail: { readonly resourceArn: string; readonly failureReason: string }
    }
  | {
      readonly detailType: 'Chime Chat Streaming Status'
      readonly detail: {
        readonly eventType: 'StreamingFailure'
        readonly appInstanceArn: string
        readonly dataType: 'Channel' | 'ChannelMessage'
        readonly resourceArn: string
        readonly failureReason: string
      }
    }

/** A device has become INACTIVE. */
export const deliveryFailure = ({ userArn, endpointId }: Pick<Device, 'userArn' | 'endpointId'>, failureReason: string): Failure => ({
  detailType: 'Chime Messaging AppInstanceUserEndpoint Delivery Failure',
  detail: { resourceArn: `${userArn}/endpoint/${endpointId}`, failureReason },
})

/** An event in the form in which a rule of EventBridge passes it to its target; also the payload in the outbox. */
export interface BusEvent {
  readonly version: '0'
  readonly id: string
  readonly 'detail-type': Failure['detailType']
  readonly source: string
  readonly account: string
  readonly time: string
  readonly region: string
  readonly resources: readonly string[]
  readonly detail: Failure['detail']
}

/** Logs a failure, and appends an event about it for each configured event bus. */
export type ReportFailure = (tx: Transaction, failure: Failure) => Promise<void>

/** The longest reason in an event. */
const longestReason = 1000

/** The default bus of the account, which is at --eventbridge-endpoint. */
const defaultBus = (region: string, account: string) => `arn:aws:events:${region}:${account}:event-bus/default`

interface Wiring {
  readonly log: Log
  readonly now: () => number
  readonly region: string
  readonly account: string
  readonly destinations: Destinations
  readonly eventbridgeEndpoint: string | undefined
}

/** Without --eventbridge-endpoint and an event bus in --destinations a failure is only logged. */
export function failureReporter({ log, now, region, account, destinations, eventbridgeEndpoint }: Wiring): ReportFailure {
  const defaultBuses = eventbridgeEndpoint === undefined ? [] : [defaultBus(region, account)]
  const buses = [...new Set([...destinations.eventBuses.keys(), ...defaultBuses])]
  return async (tx, { detailType, detail: whole }) => {
    const detail = { ...whole, failureReason: whole.failureReason.slice(0, longestReason) } as typeof whole
    log.warn({ 'detail-type': detailType, detail }, 'A delivery has failed; EventBridge gets an event about it, if it is configured')
    const event: BusEvent = {
      version: '0',
      id: randomUUID(),
      'detail-type': detailType,
      source: 'aws.chime',
      account,
      time: new Date(now()).toISOString(),
      region,
      resources: [],
      detail,
    }
    for (const bus of buses) await addToOutbox(tx, laneOf(eventBusKind, bus), event, now())
  }
}
