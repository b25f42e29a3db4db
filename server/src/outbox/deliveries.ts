import { botKind } from '../events/bots.ts'
import { invocationKind } from '../events/flows.ts'
import { pushKind } from '../events/push.ts'
import { streamKind } from '../events/streaming.ts'
import type { Config } from '../settings/config.ts'
import type { Destinations } from '../settings/destinations.ts'
import { botInvocations } from './bots.ts'
import type { Delivery, DeliveryTools } from './delivery.ts'
import { eventBusDelivery } from './event-bus.ts'
import { eventBusKind, failureReporter } from './failure-events.ts'
import { flowInvocations } from './flows.ts'
import { functionInvoker } from './functions.ts'
import { botAsker } from './lex.ts'
import { pushToDevices } from './push/devices.ts'
import { pushRecipients } from './push/recipients.ts'
import { deviceKinds, otherKinds, PushServices } from './push/services.ts'
import type { StreamSink } from './sink.ts'
import { streamRecords } from './streams.ts'

interface Tools extends Omit<DeliveryTools, 'report'> {
  readonly sinkOf: (arn: string) => StreamSink
}

/** The deliveries of all kinds of lanes, by the kind. `close` ends the connections to push services. */
export function deliveriesOf(config: Config, destinations: Destinations, { sinkOf, ...given }: Tools) {
  const { region, account, eventbridgeEndpoint, limits } = config
  const tools = { ...given, report: failureReporter({ ...given, region, account, destinations, eventbridgeEndpoint }) }
  const services = new PushServices(destinations)
  const toDevices = pushToDevices(tools, services)
  const deliveries: Readonly<Record<string, Delivery>> = {
    [invocationKind]: flowInvocations(tools, functionInvoker(destinations, config.lambdaEndpoint)),
    [streamKind]: streamRecords(tools, sinkOf),
    [botKind]: botInvocations({ ...tools, limits, ask: botAsker(destinations, config.lexEndpoint) }),
    [eventBusKind]: eventBusDelivery(destinations, eventbridgeEndpoint),
    [pushKind]: pushRecipients(tools, services),
    ...Object.fromEntries(deviceKinds.map(kind => [kind, toDevices])),
    // Users who register devices name these services, so undeliverable pushes are logged, and not stored for the operator.
    ...Object.fromEntries(otherKinds.map(kind => [kind, { ...toDevices, giveUp: async () => {} }])),
  }
  return { deliveries, close: () => services.close() }
}
