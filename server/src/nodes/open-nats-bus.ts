import type { OpenBus } from '../bus/bus.ts'
import { NatsBus } from '../bus/nats-bus.ts'
import { NatsLink } from '../bus/nats-link.ts'
import { natsOptions } from '../bus/nats-login.ts'
import { subjectsOf } from '../bus/wire.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Config } from '../settings/config.ts'
import { busNameOf } from './bus-name.ts'
import { settingDigests } from './common-settings.ts'
import { journalOf } from './journal.ts'
import { presence } from './roll-call.ts'

export interface Tools {
  readonly db: Database
  /** The node that gets the events; undefined for a command. */
  readonly node?: { readonly id: string; readonly name: string; readonly version: string }
  readonly log: Log
  readonly metrics: Metrics
}

/** The subjects of the nodes on this database. */
export const subjectsFor = async (db: Database, log: Log) => subjectsOf(await busNameOf(db, log))

/** The bus over NATS. Throws an Error if NATS cannot be used. */
export async function openNatsBus(config: Config, { db, node, log, metrics }: Tools): Promise<OpenBus> {
  const subjects = await subjectsFor(db, log)
  const journal = await journalOf(db)
  let bus: NatsBus | undefined
  const settings = node && (await settingDigests(config, db))
  const answer = node && settings && { subject: subjects.rollCall, content: () => presence({ ...node, settings }) }
  const link = await NatsLink.open({ options: () => natsOptions(config), log, hear: data => bus?.hear(data), answer })
  const opened = new NatsBus({ link, subjects, journal, metrics, log })
  bus = opened
  return { bus: opened, close: async () => opened.close() }
}
