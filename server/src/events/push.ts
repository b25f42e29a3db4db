import { appendPush } from '../store/push.ts'
import { laneOf } from '../store/outbox.ts'
import type { MembershipType } from '../store/memberships.ts'
import type { MessageAttributes } from '../store/messages.ts'
import type { Place } from '../store/places.ts'
import type { EventOf } from './events.ts'
import { afterCommit, type Follower } from './follower.ts'

/** The kind of the outbox's lanes that find the devices for a push: one lane for each app instance. */
export const pushKind = 'push'

/** The lifetime of a push. Later it is not sent, and push services drop it for a device that is off. */
const lifetimeMilliseconds = { DEFAULT: 7 * 24 * 60 * 60 * 1000, VOIP: 60 * 1000 }

/** The push of a message. */
export interface Push {
  readonly messageId: string
  readonly channelArn: string
  readonly title: string | undefined
  readonly body: string | undefined
  readonly type: 'DEFAULT' | 'VOIP'
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** Where the message is stored; undefined if it is not. */
  readonly place?: Place | undefined
}

/** The payload of an entry in such a lane: the message, and where the remaining members begin. */
export interface PushToMembers {
  readonly push: Push
  readonly channelId: number
  readonly subChannelId: number
  /** Sender and target of a targeted message; undefined for all members. */
  readonly memberIds: readonly [number, number] | undefined
  /** The MessageAttributes, for filter rules. */
  readonly attributes: MessageAttributes | undefined
  /** The last membership whose devices were found. */
  readonly after?: { readonly type: MembershipType; readonly id: number }
}

/**
 * Writes one entry for a message with a PushNotification, if the app instance has an active device. A message without one costs
 * nothing here.
 */
export const messageToDevices: Follower<EventOf<'MessageSent'>> = async (tx, { moment, place, message, pushNotification }) => {
  if (!pushNotification || !moment) return
  const { channelArn, channelId, subChannelId } = place
  const { Title: title, Body: body, Type: type = 'DEFAULT' } = pushNotification
  const { messageId, sender, target, attributes, persistence } = message
  const expiresAt = moment.at + lifetimeMilliseconds[type]
  const storedIn = persistence === 'PERSISTENT' ? { channelId, subChannelId } : undefined
  const push: Push = { messageId, channelArn, title, body, type, expiresAt, place: storedIn }
  const memberIds = target && ([sender.id, target.id] as const)
  const lane = laneOf(pushKind, channelArn.slice(0, channelArn.lastIndexOf('/channel/')))
  const payload = { push, channelId, subChannelId, memberIds, attributes } satisfies PushToMembers
  if (await appendPush(tx, lane, payload, channelId, moment.at)) afterCommit(tx, { wake: 'outbox', lane })
}
