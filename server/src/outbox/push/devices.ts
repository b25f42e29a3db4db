import { parseArn } from '../../arn.ts'
import { deactivateUserEndpoint } from '../../domain/user-endpoints.ts'
import type { Queries, Transaction } from '../../database/database.ts'
import { addToOutbox } from '../../events/outbox.ts'
import type { Push } from '../../events/push.ts'
import { findMessage } from '../../store/messages.ts'
import { removeFromOutbox, replaceInOutbox, type OutboxEntry } from '../../store/outbox.ts'
import { devicesOfIds, type Device } from '../../store/push.ts'
import { Refused, type DeliveryTools, type SingleDelivery } from '../delivery.ts'
import { deliveryFailure } from '../failure-events.ts'
import { messageOf } from '../../tools/error-text.ts'
import { DeadDevice, Untried, type DeviceOutcome } from './service.ts'
import type { PushServices } from './services.ts'

/** The payload of an entry in the lane of a push service. */
export interface PushToDevices {
  readonly push: Push
  readonly deviceIds: readonly number[]
}

interface Sent {
  readonly device: Device
  readonly outcome: DeviceOutcome
}

/** Sends to the devices of an entry, concurrently. */
async function sendTo(devices: readonly Device[], push: Push, services: PushServices, signal: AbortSignal): Promise<Sent[]> {
  const sent = [...Map.groupBy(devices, device => services.of(device))].map(async ([service, some]): Promise<Sent[]> => {
    const gone = new Error('The application is not in --destinations any more')
    const outcomes = service
      ? await service.send(some, push, signal).catch((error: unknown) => some.map(() => error as Error))
      : some.map(() => gone)
    return some.map((device, index) => ({ device, outcome: outcomes[index] }))
  })
  return (await Promise.all(sent)).flat()
}

/** Whether the message has been redacted or deleted since it was sent. */
async function isGone(db: Queries, { messageId, place }: Push): Promise<boolean> {
  if (!place) return false
  const message = await findMessage(db, { ...place, messageId })
  return !message || message.redacted
}

/**
 * Sends a push to the devices of an entry that accept pushes of the channel at that time, unless its message is gone. A device that a push
 * service reports as gone becomes INACTIVE. The entry is left with the devices that are still to be reached.
 */
export const pushToDevices = ({ db, now, report }: DeliveryTools, services: PushServices): SingleDelivery => ({
  isOrdered: false,
  attempts: 12,
  pauseOf: lane => services.pauseOf(lane),

  async deliver(entry, signal) {
    const { push, deviceIds } = JSON.parse(entry.payload) as PushToDevices
    if (push.expiresAt <= now() || (await isGone(db, push))) return
    const devices = new Map((await devicesOfIds(db, parseArn(push.channelArn)!, deviceIds)).map(device => [device.id, device]))
    const inOrder = deviceIds.flatMap(id => devices.get(id) ?? [])
    const sent = await sendTo(inOrder, push, services, signal)
    const dead = sent.filter(({ outcome }) => outcome instanceof DeadDevice).toSorted((a, b) => a.device.id - b.device.id)
    const failed = sent.filter(({ outcome }) => outcome && !(outcome instanceof DeadDevice))
    if (dead.length > 0 || failed.length > 0) {
      await db.transaction(async tx => {
        await storeFailed(tx, entry, push, failed, now())
        for (const { device, outcome } of dead) {
          if (await deactivateUserEndpoint(tx, device, 'INVALID_DEVICE_TOKEN', now()))
            await report(tx, deliveryFailure(device, messageOf(outcome)))
        }
      })
    }
    // The entry is retried if any device may be reached later, and given up otherwise.
    const tried = failed.filter(({ outcome }) => !(outcome instanceof Untried))
    const first = tried.find(({ outcome }) => !(outcome instanceof Refused)) ?? tried[0]
    if (!first?.outcome) return
    const text = `A push of ${push.channelArn} for the application ${first.device.resourceArn} has not reached ${failed.length} of ${sent.length} devices: ${messageOf(first.outcome)}`
    throw first.outcome instanceof Refused ? new Refused(text) : new Error(text, { cause: first.outcome })
  },
})

/**
 * Leaves the devices in the outbox that are still to be reached. If all that was missing was time, they get a new entry. Otherwise devices
 * that were not tried come first the next time, so that devices that never answer do not delay them.
 */
async function storeFailed(tx: Transaction, entry: OutboxEntry, push: Push, failed: readonly Sent[], now: number) {
  if (failed.length === 0) return
  const [untried, tried] = [true, false].map(isUntried => failed.filter(({ outcome }) => outcome instanceof Untried === isUntried))
  const left = { push, deviceIds: [...untried!, ...tried!].map(({ device }) => device.id) } satisfies PushToDevices
  if (tried!.length > 0) await replaceInOutbox(tx, entry, left)
  else if (await removeFromOutbox(tx, entry)) await addToOutbox(tx, entry.lane, left, now)
}
