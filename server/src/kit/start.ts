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

/** In memory, without TLS, on a free port of this machine, and silent unless something fails. */
function configOf(flags: Readonly<Record<string, string>>): Config {
  const usual = { port: '0', tlsPort: '0', tls: 'off', data: ':memory:', logLevel: 'error', testMode: 'on' }
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
    if (!this.#listener) throw new Error(`${this.arn} does not listen: call listen() before what it is to hear.`)
    return this.#listener.heard(type, options)
  }

  close() {
    this.#listener?.close()
  }
}

/** A server of this process and its users. */
class RunningChime implements Chime {
  readonly endpoint: string
  readonly region: string
  readonly credentials: ClientConfig['credentials']
  readonly appInstanceArn: string
  readonly #app: App
  readonly #keys: Map<string, AccessKey>
  readonly #account: string
  readonly #users = new Map<string, User>()
  readonly #control: Carillon

  constructor(app: App, { region, account }: Config, keys: Map<string, AccessKey>, appInstanceArn: string) {
    this.endpoint = app.url
    this.region = region
    this.credentials = app.rootKey
    this.appInstanceArn = appInstanceArn
    this.#app = app
    this.#account = account
    this.#keys = keys
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
    const principal = userPrincipal(this.#account, credentials.accessKeyId, 'test', parsePolicy(usualPolicy(arn)))
    this.#keys.set(credentials.accessKeyId, { ...credentials, principal })
    const user = new User(arn, { ...this.clientConfig, credentials })
    this.#users.set(arn, user)
    return user
  }

  async seed(seed: Seed) {
    return (await this.#control.call('SeedAppInstance', seed)).AppInstanceArn!
  }

  async reset() {
    await this.#control.call('ResetTestServer', {})
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

  async fail(operation: string, { error, delay, times = 1 }: CallFault) {
    const effect = { ...(error && { Error: error }), ...(delay !== undefined && { DelayMilliseconds: delay }) }
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
    await this.#app.close()
  }

  async [Symbol.asyncDispose]() {
    await this.stop()
  }
}

/** Starts a server in this process, on a free port of 127.0.0.1, with its data in memory. */
export const start: typeof startType = async ({ seed = [], settings = {} }: StartOptions = {}) => {
  const seeds = checkedSeeds(seed)
  const config = configOf(settings)
  const keys = new Map<string, AccessKey>()
  const app = await startApp(config, { keys: id => keys.get(id), seeds })
  const [first] = seeds
  const appInstanceArn = first ? `arn:aws:chime:${config.region}:${config.account}:app-instance/${first.Id}` : ''
  return new RunningChime(app, config, keys, appInstanceArn)
}
