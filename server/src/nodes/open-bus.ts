import type { OpenBus } from '../bus/bus.ts'
import { createLocalBus } from '../bus/local-bus.ts'
import type { Config } from '../settings/config.ts'
import type { Tools } from './open-nats-bus.ts'

/**
 * Opens the bus of these settings: over NATS, or within one node. Only nodes on one database get each other's events, even if others use
 * the same NATS. Throws an Error if NATS cannot be used. The client of NATS is loaded only if it is used, since loading takes longer than
 * most commands.
 */
export async function openBus(config: Config, tools: Tools): Promise<OpenBus> {
  if (config.natsUrl === undefined) return { bus: createLocalBus(), close: async () => {} }
  const { openNatsBus } = await import('./open-nats-bus.ts')
  return openNatsBus(config, tools)
}
