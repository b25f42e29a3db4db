import type { Bus } from '../bus/bus.ts'
import { createLocalBus } from '../bus/local-bus.ts'
import { NatsBus } from '../bus/nats-bus.ts'
import { NatsLink } from '../bus/nats-link.ts'
import { natsOptions } from '../bus/nats-login.ts'
import { subjectsOf } from '../bus/wire.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Config } from '../settings/config.ts'
import { sharedValue } from '../store/shared-values.ts'
import { journalOf } from './journal.ts'

interface Tools {
  readonly db: Database
  readonly log: Log
  readonly metrics: Metrics
}

/** The bus, and how to close it. */
export interface OpenBus {
  readonly bus: Bus
  close(): Promise<void>
}

/**
 * Opens the bus of these settings: over NATS, or within one node. Nodes on one database hear each other, and no others, even on the
 * same NATS. Throws an Error if NATS cannot be used.
 */
export async function openBus(config: Config, { db, log, metrics }: Tools): Promise<OpenBus> {
  if (config.natsUrl === undefined) return { bus: createLocalBus(), close: async () => {} }
  const options = await natsOptions(config)
  const subjects = subjectsOf(await sharedValue(db, 'bus-name', () => crypto.randomUUID()))
  const journal = await journalOf(db)
  let bus: NatsBus | undefined
  const link = await NatsLink.open({ options, log, hear: data => bus?.hear(data) })
  const opened = new NatsBus({ link, subjects, journal, metrics, log })
  bus = opened
  return { bus: opened, close: async () => opened.close() }
}
