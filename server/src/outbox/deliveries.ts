import type { Database } from '../database/database.ts'
import { botKind } from '../events/bots.ts'
import { invocationKind } from '../events/flows.ts'
import { streamKind } from '../events/streaming.ts'
import type { Log } from '../observe/log.ts'
import type { Config } from '../settings/config.ts'
import type { Destinations } from '../settings/destinations.ts'
import { botInvocations } from './bots.ts'
import type { Delivery } from './delivery.ts'
import { eventBusDelivery } from './event-bus.ts'
import { eventBusKind, failureReporter } from './failure-events.ts'
import { flowInvocations } from './flows.ts'
import { functionInvoker } from './functions.ts'
import { botAsker } from './lex.ts'
import { pushDeliveries } from './push/deliveries.ts'
import { PushServices } from './push/services.ts'
import type { StreamSink } from './sink.ts'
import { streamRecords } from './streams.ts'
import type { Ids } from '../tools/ids.ts'

interface Tools {
  readonly db: Database
  readonly now: () => number
  readonly ids: Ids
  readonly log: Log
  readonly sinkOf: (arn: string) => StreamSink
}

/** The deliveries of all kinds of lanes, by the kind. `close` ends the connections to push services. */
export function deliveriesOf(config: Config, destinations: Destinations, { sinkOf, ...tools }: Tools) {
  const { region, account, eventbridgeEndpoint, limits } = config
  const report = failureReporter({ ...tools, region, account, destinations, eventbridgeEndpoint })
  const services = new PushServices(destinations)
  const deliveries: Readonly<Record<string, Delivery>> = {
    [invocationKind]: flowInvocations({ ...tools, report, invoke: functionInvoker(destinations, config.lambdaEndpoint) }),
    [streamKind]: streamRecords({ ...tools, report, sinkOf }),
    [botKind]: botInvocations({ ...tools, report, limits, ask: botAsker(destinations, config.lexEndpoint) }),
    [eventBusKind]: eventBusDelivery(destinations, eventbridgeEndpoint),
    ...pushDeliveries({ ...tools, report, services }),
  }
  return { deliveries, close: () => services.close() }
}
