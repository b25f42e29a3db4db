import { createHmac } from 'node:crypto'
import type { Database } from '../database/database.ts'
import type { Config } from '../settings/config.ts'
import { settings, type Settings } from '../settings/settings.ts'
import { sharedKey } from '../store/shared-values.ts'

/** The settings that may differ between nodes: of the machine, its listeners, its connections, its proxy, its files and its load. */
const ofNode: ReadonlySet<string> = new Set<keyof Settings>([
  'host',
  'port',
  'tls',
  'tlsPort',
  'tlsCert',
  'tlsKey',
  'data',
  'databaseUrl',
  'natsUrl',
  'natsUser',
  'natsPassword',
  'natsToken',
  'natsNkey',
  'natsCredentials',
  'natsCa',
  'natsCert',
  'natsKey',
  'destinations',
  'seed',
  'publicWsHost',
  'adminAddress',
  'trustProxy',
  'proxyHeaders',
  'connectionsPerAddress',
  'callsAtOnce',
  'bodyMemory',
  'auditLog',
  'console',
  'recentCalls',
  'logLevel',
])

/** A digest for each setting that all nodes have in common, without those that have their default. */
export type SettingDigests = Readonly<Record<string, string>>

/** The digests of these settings. Nobody can find out a value from its digest without the key in the database. */
export async function settingDigests(config: Config, db: Database): Promise<SettingDigests> {
  const key = await sharedKey(db, 'page-token-key')
  const given = Object.entries(settings).flatMap(([name, { flag, fallback }]) => {
    const value = config[name as keyof Settings]
    return ofNode.has(name) || value === fallback ? [] : [[`--${flag}`, value] as const]
  })
  const digests = [...given, ['the root key', config.rootKey] as const].map(([name, value]) => {
    const digest = createHmac('sha256', key).update(JSON.stringify(value ?? null))
    return [name, digest.digest('base64url').slice(0, 12)] as const
  })
  return Object.fromEntries(digests)
}

/** The names of the settings that differ. */
export const differing = (one: SettingDigests, other: SettingDigests): string[] =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(name => one[name] !== other[name])
