import type { OpenBus } from '../bus/bus.ts'
import { createLocalBus } from '../bus/local-bus.ts'
import type { Config } from '../settings/config.ts'
import type { Tools } from './open-nats-bus.ts'

/**
 * Opens the bus of these settings: over NATS, or within one node. Nodes on one database hear each other, and no others, even on the
 * same NATS. Throws an Error if NATS cannot be used. Its client is loaded only where it is used: that takes longer than most commands.
 */
export async function openBus(config: Config, tools: Tools): Promise<OpenBus> {
  if (config.natsUrl === undefined) return { bus: createLocalBus(), close: async () => {} }
  const { openNatsBus } = await import('./open-nats-bus.ts')
  return openNatsBus(config, tools)
}
