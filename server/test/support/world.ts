import { randomBytes } from 'node:crypto'
import { Agent } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, inject } from 'vitest'
import { Carillon } from '../../src/client/carillon.ts'
import { startApp, type App } from '../../src/app.ts'
import { readConfig } from '../../src/settings/config.ts'
import { appInstanceMaker } from './app-instances.ts'
import type { SigningKey } from './signed.ts'
import { spreadOver } from './spread.ts'

export type DatabaseKind = 'sqlite' | 'postgres'

/** Over how many nodes the requests and sockets of a world are spread; several of them need PostgreSQL. */
const nodesOfWorld = inject('nodes')

/** Whether a world on PostgreSQL is several nodes, which share rates only a few times a second. */
export const isSpread = nodesOfWorld > 1

/** The databases of every test that touches stored data; vitest.config.ts chooses them. */
export const databaseKinds = inject('databases')

/** A real server over a real database, and the stock clients. */
export interface World {
  /** Where there are several nodes, its URL leads to any of them, and everything else is that of the first. */
  readonly app: App
  readonly nodes: readonly App[]
  /** The data folder; `ca.pem` is there where TLS is on. */
  readonly folder: string
  readonly identity: ChimeSDKIdentity
  readonly messaging: ChimeSDKMessaging
  /** The client of our own operations. */
  readonly carillon: Carillon
  /** The server's clock. */
  readonly now: () => number
  /** Moves the server's clock forward; signatures use real time. */
  readonly advance: (milliseconds: number) => void
  /** A new app instance with these users, by id; those in `admins` are created too, as AppInstanceAdmins. */
  readonly appInstance: (users?: readonly string[], options?: { admins?: readonly string[] }) => Promise<AppInstance>
  /** A bot of an app instance that nothing invokes, as an ARN. */
  readonly bot: (appInstanceArn: string) => Promise<string>
  close(): Promise<void>
}

interface AppInstance {
  readonly arn: string
  /** The ARN of a user of that id, whether the user exists or not. */
  readonly user: (id: string) => string
}

/** The master key under which the access keys of every world are stored. */
export const masterKey = Buffer.alloc(32, 7).toString('base64')

const config = (flags: Record<string, string>) =>
  readConfig({ port: '0', tls: 'off', tlsPort: '0', logLevel: 'fatal', ...flags }, { CARILLON_MASTER_KEY: masterKey })

/** A PostgreSQL database: an empty one, or one with the tables of a server that has been started on it. */
export async function createPostgresDatabase({ made = false } = {}): Promise<string> {
  const url = new URL(inject('postgresUrl'))
  const client = new Client({ connectionString: url.href })
  await client.connect()
  const name = `world_${randomBytes(6).toString('hex')}`
  await client.query(`create database ${name}${made ? ` template ${inject('postgresTemplate')}` : ''}`)
  await client.end()
  url.pathname = `/${name}`
  return url.href
}

/** Stock clients of a server, with the root key unless another is given. They do not retry, so that a 5xx shows. */
export function clientsOf(app: Pick<App, 'url' | 'rootKey'>, credentials: SigningKey = app.rootKey) {
  // A connection goes to one node, so each request has one of its own.
  const requestHandler = isSpread ? { httpAgent: new Agent({ keepAlive: false }) } : {}
  const options = { endpoint: app.url, region: 'us-east-1', credentials, maxAttempts: 1, requestHandler }
  return { identity: new ChimeSDKIdentity(options), messaging: new ChimeSDKMessaging(options), carillon: new Carillon(options) }
}

/** Creates what tests begin with, through the API. */
export function makersOf(identity: ChimeSDKIdentity): Pick<World, 'appInstance' | 'bot'> {
  const appInstance: World['appInstance'] = async (users = [], { admins = [] } = {}) => {
    const { AppInstanceArn: arn } = await identity.createAppInstance({ Name: 'test' })
    const user = (id: string) => `${arn}/user/${id}`
    for (const id of new Set([...users, ...admins])) {
      await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: id, Name: id })
    }
    for (const id of admins) await identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: user(id) })
    return { arn: arn!, user }
  }
  const bot: World['bot'] = async appInstanceArn => {
    const { AppInstanceBotArn } = await identity.createAppInstanceBot({
      AppInstanceArn: appInstanceArn,
      Name: 'bot',
      Configuration: {
        Lex: {
          LexBotAliasArn: 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST',
          LocaleId: 'en_US',
          InvokedBy: { StandardMessages: 'NONE', TargetedMessages: 'NONE' },
        },
      },
    })
    return AppInstanceBotArn!
  }
  return { appInstance, bot }
}

/** One server, or several that are used as one. */
async function startNodes(count: number, start: () => Promise<App>): Promise<Pick<World, 'app' | 'nodes'>> {
  const first = await start()
  if (count === 1) return { app: first, nodes: [first] }
  const nodes = [first]
  while (nodes.length < count) nodes.push(await start())
  const spread = await spreadOver(nodes.map(({ url }) => url))
  const close = async () => {
    await Promise.all(nodes.map(async node => node.close()))
    spread.close()
  }
  return { app: { ...first, url: spread.url, close }, nodes }
}

/**
 * `settings` are those of config.ts, by their names there. TLS is off unless they say otherwise. No job runs by the clock, which
 * `advance` moves: a test runs it itself.
 */
export async function startWorld(
  kind: DatabaseKind,
  settings: Record<string, string> = {},
  surroundings: Parameters<typeof startApp>[1] = {},
): Promise<World> {
  let ahead = 0
  const folder = await mkdtemp(join(tmpdir(), 'carillon-test-'))
  const count = kind === 'postgres' && settings['natsUrl'] === undefined ? nodesOfWorld : 1
  const needsDatabase = kind === 'postgres' && settings['databaseUrl'] === undefined
  const flags = {
    data: folder,
    kinesisEndpoint: inject('kinesisUrl'),
    ...(needsDatabase && { databaseUrl: await createPostgresDatabase({ made: true }) }),
    ...(count > 1 && { natsUrl: inject('natsUrl') }),
    ...settings,
  }
  const rootKey = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'test-secret' }
  const now = () => Date.now() + ahead
  const configured = config(flags)
  const { app, nodes } = await startNodes(count, async () =>
    startApp({ ...configured, rootKey }, { now, jobs: 'after changes', ...surroundings }),
  )
  const { identity, messaging, carillon } = clientsOf(app)
  return {
    app,
    nodes,
    folder,
    identity,
    messaging,
    carillon,
    now,
    advance: milliseconds => void (ahead += milliseconds),
    ...makersOf(identity),
    appInstance: appInstanceMaker(app, configured, surroundings.now ?? now),
    async close() {
      identity.destroy()
      messaging.destroy()
      await app.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Runs the tests against SQLite and against PostgreSQL, each with a world of its own. */
export function onBothDatabases(
  title: string,
  tests: (world: () => World, kind: DatabaseKind) => void,
  settings: Record<string, string> = {},
  surroundings: Parameters<typeof startApp>[1] = {},
) {
  describe.each(databaseKinds)(`${title}, on %s`, kind => {
    let world: World | undefined
    beforeAll(async () => {
      world = await startWorld(kind, settings, surroundings)
    })
    afterAll(async () => {
      await world?.close()
    })
    tests(() => world!, kind)
  })
}

/** The refusal of a call: the error's class, its Code and status, as the SDK shows them. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ name: string; code: string | undefined; status: number; message: string; reason: string | undefined }> {
  try {
    await call
  } catch (error) {
    const shown = error as Error & { Code?: string; Reason?: string; $metadata?: { httpStatusCode?: number } }
    return {
      name: shown.name,
      code: shown.Code,
      status: shown.$metadata?.httpStatusCode ?? 0,
      message: shown.message,
      reason: shown.Reason,
    }
  }
  throw new Error('The call succeeded')
}
