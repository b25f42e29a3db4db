import type { Missed, MissingRange } from '../bus/channel-numbers.ts'
import type { SocketEvent } from '../bus/socket-events.ts'
import type { Queries } from '../database/database.ts'
import type { NamedPlace } from '../store/places.ts'
import { channelArn, channelEvents, lastEventOf } from '../store/channel-events.ts'
import type { AfterCommit } from './follower.ts'
import { sequenceOf } from '../store/message-ids.ts'
import { findMessage, messagesOfNumbers } from '../store/messages.ts'
import { reachedChannel } from '../store/reached.ts'
import { nameOfSubChannel } from '../store/sub-channels.ts'
import type { StoredMessageEvent } from './stored.ts'
import { socketEventOfMessage } from './sockets.ts'

interface MissedRange extends MissingRange {
  /** The sub-channels; 0 for an ordinary channel. */
  readonly subChannelIds: readonly number[]
}

const isMessage = (event: SocketEvent | StoredMessageEvent): event is StoredMessageEvent => 'kind' in event

async function placeOf(db: Queries, channelId: number, subChannelId: number): Promise<NamedPlace | undefined> {
  const [arn, subChannelName] = await Promise.all([
    channelArn(db, channelId),
    subChannelId === 0 ? undefined : nameOfSubChannel(db, subChannelId),
  ])
  return arn === undefined ? undefined : { channelId, channelArn: arn, subChannelId, subChannelName }
}

/** The event of a stored message, with its present content; an edit or a redaction is for all who may see the message. */
async function eventAgain(db: Queries, channelId: number, sequence: number, { kind, messageId, subChannelId }: StoredMessageEvent) {
  const [place, message] = await Promise.all([
    placeOf(db, channelId, subChannelId),
    findMessage(db, { channelId, subChannelId, messageId }),
  ])
  return place && message ? socketEventOfMessage({ kind, moment: { sequence }, place, message }) : undefined
}

/**
 * Whether the database shows that an event has happened: it has a row with that number, or the message of the event with the same content.
 * What leaves no trace counts as happened: work to wake, an event without a number, and most events if events are not stored.
 * A NON_PERSISTENT message that a flow has released does not: it may be lost, but must not take the number of another event.
 */
export async function isStored(db: Queries, what: AfterCommit, storesEvents: boolean): Promise<boolean> {
  if (!('channelId' in what) || what.sequence === undefined) return true
  const { channelId, sequence, subChannelId, type, payload } = what
  const messageId = payload['MessageId'] as string | undefined
  if (type === 'CREATE_CHANNEL_MESSAGE' && messageId !== undefined && subChannelId !== undefined && sequenceOf(messageId) === sequence)
    return (await findMessage(db, { channelId, subChannelId, messageId })) !== undefined
  if (!storesEvents) return true
  const text = JSON.stringify(what)
  for (const row of await channelEvents(db, channelId, { after: sequence - 1, upTo: sequence })) {
    if (row.event === text) return true
    const stored = JSON.parse(row.event) as SocketEvent | StoredMessageEvent
    if (!isMessage(stored) || stored.messageId !== messageId) continue
    const again = await eventAgain(db, channelId, sequence, stored)
    if (again?.type === type && (stored.kind === 'MessageSent' || JSON.stringify(again.payload) === JSON.stringify(payload))) return true
  }
  return false
}

/** The stored events, by number. */
async function storedSteps(db: Queries, { channelId, after, upTo }: MissedRange) {
  const steps = new Map<number, SocketEvent[]>()
  for (const row of await channelEvents(db, channelId, { after, upTo })) {
    const { sequence } = row
    const stored = JSON.parse(row.event) as SocketEvent | StoredMessageEvent
    const event = isMessage(stored) ? await eventAgain(db, channelId, sequence, stored) : stored
    const events = steps.get(sequence) ?? []
    if (event) events.push(event)
    steps.set(sequence, events)
  }
  return steps
}

/**
 * Reads the events of a channel for sockets from one number to another, and how far the channel was before the reading.
 * NON_PERSISTENT and deleted messages are left out; a message has its present content.
 */
export async function missedSteps(db: Queries, range: MissedRange): Promise<Missed> {
  const { channelId, subChannelIds, after, notBefore } = range
  const found = await reachedChannel(db, channelId)
  const reached = found ?? { sequence: Math.max(after, (await lastEventOf(db, channelId)) ?? 0), at: notBefore }
  const steps = await storedSteps(db, range)
  // From that event on, a member that was moved gets the events of the other sub-channel.
  const entered = [...steps.values()].flat().flatMap(({ moves = [] }) => moves.flatMap(({ to }) => (to === undefined ? [] : [to])))
  for (const subChannelId of new Set([...subChannelIds, ...entered])) {
    const messages = await messagesOfNumbers(db, { channelId, subChannelId }, range)
    const place = messages.length > 0 ? await placeOf(db, channelId, subChannelId) : undefined
    if (!place) continue
    for (const { sequence, message } of messages) {
      // A message that a flow releases later has an event there.
      if (!steps.has(sequence)) steps.set(sequence, [socketEventOfMessage({ kind: 'MessageSent', moment: { sequence }, place, message })])
    }
  }
  const ordered = [...steps].toSorted(([a], [b]) => a - b)
  return { steps: ordered.map(([sequence, events]) => ({ channelId, sequence, events })), reached }
}
