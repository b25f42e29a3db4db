import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arnWithin } from '../arn.ts'
import { startApp, type App } from '../app.ts'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import { parsePolicy } from '../auth/iam/policy.ts'
import { Carillon } from '../client/carillon.ts'
import { userPrincipal } from '../keys/principals.ts'
import { usualPolicy } from '../keys/usual-policy.ts'
import { readConfig, type Config } from '../settings/config.ts'
import { settings as allSettings } from '../settings/settings.ts'
import { checkedSeeds } from '../testing/seed-file.ts'
import { newId, newSecret } from '../tools/access-key-ids.ts'
import { Listener } from './listener.ts'
import type {
  CallFault,
  Chime,
  ChimeUser,
  ClientConfig,
  ClockChange,
  HeardEvent,
  HeardOptions,
  Seed,
  start as startType,
  StartOptions,
} from './types.ts'

/** The settings of the flags, by their names in the configuration. Throws an Error that names a flag that does not exist. */
function namedSettings(flags: Readonly<Record<string, string>>): Record<string, string> {
  const names = new Map(Object.entries(allSettings).map(([name, { flag }]) => [flag, name]))
  return Object.fromEntries(
    Object.entries(flags).map(([flag, value]) => {
      const name = names.get(flag)
      if (name === undefined) throw new Error(`There is no setting '${flag}': carillon serve --help lists them.`)
      return [name, value]
    }),
  )
}

/** The settings of the server: a free port of this machine, and a log of errors only. */
function configOf(data: string, tls: boolean, flags: Readonly<Record<string, string>>): Config {
  const usual = { port: '0', tlsPort: '0', tls: tls ? 'on' : 'off', data, logLevel: 'error', testMode: 'on' }
  return { ...readConfig({ ...usual, ...namedSettings(flags) }, {}), rootKey: newKey() }
}

const newKey = () => ({ accessKeyId: newId('AKIA'), secretAccessKey: newSecret() })

class User implements ChimeUser {
  readonly arn: string
  readonly clientConfig: ClientConfig
  #listener: Listener | undefined

  constructor(arn: string, clientConfig: ClientConfig) {
    this.arn = arn
    this.clientConfig = clientConfig
  }

  async listen() {
    this.#listener ??= await Listener.open(this.clientConfig, this.arn)
  }

  async heard(type: string, options?: HeardOptions): Promise<HeardEvent> {
    if (!this.#listener) throw new Error(`${this.arn} does not listen: call listen() before the events that it should receive.`)
    return this.#listener.heard(type, options)
  }

  close() {
    this.#listener?.close()
  }
}

interface Started {
  readonly app: App
  readonly config: Config
  /** The access keys of users, by the users' ids. */
  readonly keys: Map<string, AccessKey>
  readonly ca: string | undefined
  readonly appInstanceArn: string
  /** Removes temporary files. */
  readonly removeFiles: () => Promise<void>
}

/** A server of this process and its users. */
class RunningChime implements Chime {
  readonly endpoint: string
  readonly region: string
  readonly credentials: ClientConfig['credentials']
  readonly ca: string | undefined
  readonly appInstanceArn: string
  readonly #started: Started
  readonly #users = new Map<string, User>()
  readonly #control: Carillon

  constructor(started: Started) {
    this.endpoint = started.app.url
    this.region = started.config.region
    this.credentials = started.app.rootKey
    this.ca = started.ca
    this.appInstanceArn = started.appInstanceArn
    this.#started = started
    this.#control = new Carillon(this.clientConfig)
  }

  get clientConfig(): ClientConfig {
    const { endpoint, region, credentials } = this
    return { endpoint, region, credentials }
  }

  channelArn(id: string) {
    return arnWithin(this.appInstanceArn, 'channel', id)
  }

  as(given: string): ChimeUser {
    const arn = given.startsWith('arn:') ? given : arnWithin(this.appInstanceArn, 'user', given)
    const known = this.#users.get(arn)
    if (known) return known
    const credentials = newKey()
    const principal = userPrincipal(this.#started.config.account, credentials.accessKeyId, 'test', parsePolicy(usualPolicy(arn)))
    this.#started.keys.set(credentials.accessKeyId, { ...credentials, principal })
    const user = new User(arn, { ...this.clientConfig, credentials })
    this.#users.set(arn, user)
    return user
  }

  async seed(seed: Seed) {
    return (await this.#control.call('SeedAppInstance', seed)).AppInstanceArn!
  }

  async reset({ countedIds = false }: { readonly countedIds?: boolean } = {}) {
    await this.#control.call('ResetTestServer', { CountedIds: countedIds })
  }

  async setClock({ time, advanceSeconds, frozen, skewSeconds }: ClockChange) {
    const { Timestamp } = await this.#control.call('PutTestClock', {
      ...(time && { Timestamp: time }),
      ...(advanceSeconds !== undefined && { AdvanceSeconds: advanceSeconds }),
      ...(frozen !== undefined && { Frozen: frozen }),
      ...(skewSeconds !== undefined && { SignatureSkewSeconds: skewSeconds }),
    })
    return Timestamp!
  }

  async fail(operation: string, { error, delay, carriedOut, closeConnection, times = 1 }: CallFault) {
    const effect = {
      ...(error && { Error: error }),
      ...(delay !== undefined && { DelayMilliseconds: delay }),
      ...(carriedOut !== undefined && { CarriedOut: carriedOut }),
      ...(closeConnection !== undefined && { CloseConnection: closeConnection }),
    }
    await this.#control.call('CreateTestFault', { Operation: operation, Times: times, ...effect })
  }

  async dropEvents(type: string, times = 1) {
    await this.#control.call('CreateTestFault', { EventType: type, Times: times })
  }

  async refuseConnections(closeCode: number, times = 1) {
    await this.#control.call('CreateTestFault', { Operation: 'Connect', CloseCode: closeCode, Times: times })
  }

  async closeSessions(closeCode: number, userArn?: string) {
    const of = userArn === undefined ? {} : { AppInstanceUserArn: userArn }
    return (await this.#control.call('CloseTestSessions', { CloseCode: closeCode, ...of })).SessionCount!
  }

  async stop() {
    for (const user of this.#users.values()) user.close()
    await this.#started.app.close()
    await this.#started.removeFiles()
  }

  async [Symbol.asyncDispose]() {
    await this.stop()
  }
}

/** Starts a server in this process, on a free port of 127.0.0.1. Its data is in memory; with TLS it is in a temporary folder, with the CA. */
export const start: typeof startType = async ({ seed = [], tls = false, settings = {} }: StartOptions = {}) => {
  const seeds = checkedSeeds(seed)
  const folder = tls ? await mkdtemp(join(tmpdir(), 'carillon-')) : undefined
  const removeFiles = async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    const config = configOf(folder ?? ':memory:', tls, settings)
    const keys = new Map<string, AccessKey>()
    const app = await startApp(config, { keys: id => keys.get(id), seeds })
    const ca = folder === undefined ? undefined : await readFile(join(folder, 'ca.pem'), 'utf8')
    const [first] = seeds
    const appInstanceArn = first ? `arn:aws:chime:${config.region}:${config.account}:app-instance/${first.Id}` : ''
    return new RunningChime({ app, config, keys, ca, appInstanceArn, removeFiles })
  } catch (error) {
    await removeFiles()
    throw error
  }
}
