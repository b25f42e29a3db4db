import { passesFilter } from '../../domain/filter-rules.ts'
import { deactivateUserEndpoint } from '../../domain/user-endpoints.ts'
import { addToOutbox } from '../../events/outbox.ts'
import type { PushToMembers } from '../../events/push.ts'
import { removeFromOutbox } from '../../store/outbox.ts'
import { devicesOfMembers, devicesOfTwo, type Device, type DeviceOfMember } from '../../store/push.ts'
import type { DeliveryTools, SingleDelivery } from '../delivery.ts'
import { deliveryFailure } from '../failure-events.ts'
import type { PushToDevices } from './devices.ts'
import type { PushServices } from './services.ts'

/** How many members a step reads, and the most devices of an entry. */
const membersAtOnce = 100
const devicesAtOnce = 20

/** Whether the member wants the message to be pushed (docs/service/push-and-bots.md#filter-rules). */
function isWanted({ preferences }: DeviceOfMember, attributes: PushToMembers['attributes']): boolean {
  const { AllowNotifications = 'ALL', FilterRule } = preferences?.PushNotifications ?? {}
  if (AllowNotifications !== 'FILTERED') return AllowNotifications === 'ALL'
  return FilterRule !== undefined && passesFilter(FilterRule, attributes)
}

/**
 * Finds the devices that get the push of a message, some members at a time. A step writes entries for the devices of some members, and an
 * entry for the next step, in the transaction that removes its own. So a large channel is never in memory as a whole, steps of different
 * messages take turns, and even after a crash no member is skipped or repeated.
 */
export const pushRecipients = (
  { db, now, report }: Pick<DeliveryTools, 'db' | 'now' | 'report'>,
  services: PushServices,
): SingleDelivery => ({
  isOrdered: false,
  attempts: 20,

  async deliver(entry) {
    const asked = JSON.parse(entry.payload) as PushToMembers
    const { push, memberIds, attributes } = asked
    if (services.isEmpty || push.expiresAt <= now()) return
    const found = await (memberIds ? devicesOfTwo(db, asked, memberIds) : devicesOfMembers(db, asked, asked.after, membersAtOnce))
    const last = found.at(-1)?.membership
    const isMore = !memberIds && new Set(found.map(({ membership }) => membership.id)).size === membersAtOnce
    const lanes = new Map<string, Device[]>()
    const unknown: Device[] = []
    for (const each of found) {
      const { device } = each
      if (!device || !isWanted(each, attributes)) continue
      const lane = services.laneOf(device, asked.after !== undefined)
      if (lane === undefined) unknown.push(device)
      else lanes.set(lane, [...(lanes.get(lane) ?? []), device])
    }
    await db.transaction(async tx => {
      // Otherwise another node has done the step.
      if (!(await removeFromOutbox(tx, entry))) return
      for (const [lane, devices] of lanes) {
        for (let at = 0; at < devices.length; at += devicesAtOnce) {
          const deviceIds = devices.slice(at, at + devicesAtOnce).map(({ id }) => id)
          await addToOutbox(tx, lane, { push, deviceIds } satisfies PushToDevices, now())
        }
      }
      // In one order, so that steps of two channels do not deadlock.
      for (const device of unknown.toSorted((a, b) => a.id - b.id)) {
        if (await deactivateUserEndpoint(tx, device, 'INVALID_PINPOINT_ARN', now()))
          await report(tx, deliveryFailure(device, `--destinations does not name the application ${device.resourceArn}`))
      }
      if (isMore && last) await addToOutbox(tx, entry.lane, { ...asked, after: last } satisfies PushToMembers, now())
    })
  },
})
