import type { Database } from '../../database/database.ts'
import { pushKind } from '../../events/push.ts'
import type { SingleDelivery } from '../delivery.ts'
import type { ReportFailure } from '../failure-events.ts'
import { pushToDevices } from './devices.ts'
import { pushRecipients } from './recipients.ts'
import { deviceKinds, otherKinds, type PushServices } from './services.ts'

/** The deliveries of all lanes of pushes, by kind. */
export function pushDeliveries(tools: {
  db: Database
  now: () => number
  services: PushServices
  report: ReportFailure
}): Record<string, SingleDelivery> {
  const toDevices = pushToDevices(tools)
  return {
    [pushKind]: pushRecipients(tools),
    ...Object.fromEntries(deviceKinds.map(kind => [kind, toDevices])),
    // Users who register devices name these services, so undeliverable pushes are logged, and not stored for the operator.
    ...Object.fromEntries(otherKinds.map(kind => [kind, { ...toDevices, giveUp: async () => {} }])),
  }
}
