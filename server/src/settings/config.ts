import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { closestMatch } from 'leven'
import { inUrl, isPublic } from '../tools/addresses.ts'
import { countLimits, sizeLimits, type Limits } from './limits.ts'
import { parseMasterKeys, type MasterKey } from './master-keys.ts'
import { callRates, type CallRateName, type Rates } from './rates.ts'
import { settings, type Settings } from './settings.ts'

export interface RootKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Config extends Settings {
  /** The limits on counts. */
  readonly limits: Limits
  /** The rates; undefined if they are not limited. */
  readonly rates: Rates | undefined
  /** From the environment; otherwise it is stored in the data folder. */
  readonly rootKey: RootKey | undefined
  /** From the environment, the newest first. */
  readonly masterKeys: readonly MasterKey[] | undefined
}

const keyVariables = ['CARILLON_ACCESS_KEY_ID', 'CARILLON_SECRET_ACCESS_KEY'] as const
const masterKeyVariable = 'CARILLON_MASTER_KEY'

/** Flags whose values are secrets as a whole. */
const secretFlags: ReadonlySet<string> = new Set(
  [settings.natsPassword, settings.natsToken, settings.consoleClientSecret].map(({ flag }) => flag),
)

/** A value without the logins in its URLs, for messages. It may be no valid URL, so everything up to the last `@` may be part of a secret. */
const withoutSecrets = (text: string) => text.replaceAll(/([?&](?:ssl)?password=)[^&]*/g, '$1…').replace(/^(\w+:\/\/)?.*@/s, '$1…@')

const prefix = 'CARILLON_'

export const variableOf = (flag: string) => `${prefix}${flag.replaceAll('-', '_').toUpperCase()}`

/** Throws an Error that suggests the nearest known variable, if one is near. */
function refuseUnknown(names: readonly string[]) {
  const known = [...Object.values(settings).map(({ flag }) => variableOf(flag)), masterKeyVariable, ...keyVariables]
  const unknown = names.find(name => !known.includes(name))
  if (unknown === undefined) return
  const nearest = closestMatch(unknown, known, { maxDistance: Math.ceil((unknown.length - prefix.length) / 2) })
  const suggestion = nearest === undefined ? '' : ` Did you mean ${nearest}?`
  throw new Error(`Unknown environment variable ${unknown}.${suggestion} carillon serve --help lists all variables.`)
}

/**
 * Reads the configuration: flags win over the environment, the environment over the defaults. Throws an Error of one line that
 * names the setting if a value is invalid, a CARILLON_ variable is unknown, or half of the root key is given.
 */
export function readConfig(flags: Readonly<Record<string, string | undefined>>, environment: NodeJS.ProcessEnv): Config {
  refuseUnknown(Object.keys(environment).filter(name => name.startsWith(prefix)))
  const entries = Object.entries(settings).map(([name, { flag, fallback, parse }]) => {
    const variable = variableOf(flag)
    const text = flags[name] ?? environment[variable]
    if (text === undefined) return [name, fallback]
    try {
      return [name, parse(text)]
    } catch (error) {
      const source = flags[name] === undefined ? variable : `--${flag}`
      const given = secretFlags.has(flag) ? '' : `, not '${withoutSecrets(text)}'`
      throw new Error(`${source} ${(error as Error).message}${given}.`, { cause: error })
    }
  })
  const values = Object.fromEntries(entries) as Settings
  if ((values.tlsCert === undefined) !== (values.tlsKey === undefined)) {
    throw new Error('--tls-cert and --tls-key (CARILLON_TLS_CERT and CARILLON_TLS_KEY) are given together, or neither is.')
  }
  requirePorts(values)
  requireNats(values)
  if (values.seed !== undefined && values.natsUrl !== undefined)
    throw new Error(
      '--seed is for a single server: several nodes would create the same resources at once. Start one without --nats-url first.',
    )
  if (values.search === 'on' && values.data === ':memory:' && values.databaseUrl === undefined)
    throw new Error('--search on needs a data folder for its index, or --database-url: with --data :memory: there is no file.')
  if (values.proxyHeaders === 'proxy-protocol' && values.trustProxy === undefined)
    throw new Error('--proxy-headers proxy-protocol needs --trust-proxy, with the proxies whose connections begin with a PROXY header.')
  if (values.oidcIssuer === undefined && (values.oidcAudience ?? values.oidcJwks) !== undefined)
    throw new Error('--oidc-audience and --oidc-jwks need --oidc-issuer.')
  if (values.oidcIssuer !== undefined && values.oidcAudience === undefined)
    throw new Error(
      '--oidc-issuer needs --oidc-audience, so that tokens that the issuer makes for other clients are not accepted as logins.',
    )
  if ((values.exchangeRole === undefined) !== (values.exchangeAppInstance === undefined))
    throw new Error('--exchange-role and --exchange-app-instance are given together, or neither is.')
  if (values.exchangeRole !== undefined && values.oidcIssuer === undefined && values.exchangeHook === undefined)
    throw new Error('--exchange-role needs --oidc-issuer or --exchange-hook, which verifies the logins.')
  if (values.exchangeRole === undefined && values.exchangeHook !== undefined)
    throw new Error('--exchange-hook needs --exchange-role, the role of the credentials.')
  if ((values.identityPool === undefined) !== ((values.identityPoolRole ?? values.identityPoolGuestRole) === undefined))
    throw new Error('--identity-pool is given together with --identity-pool-role, --identity-pool-guest-role or both, or none of them is.')
  if (values.identityPoolRole !== undefined && values.oidcIssuer === undefined)
    throw new Error("--identity-pool-role needs --oidc-issuer, the issuer of the pool's logins.")
  if ((values.consoleClient === undefined) !== (values.consoleRole === undefined))
    throw new Error('--console-client and --console-role are given together, or neither is.')
  if (values.consoleClient === undefined && values.consoleClientSecret !== undefined)
    throw new Error('--console-client-secret needs --console-client.')
  if (values.consoleClient !== undefined && values.oidcIssuer === undefined)
    throw new Error('--console-client needs --oidc-issuer, at which the operators log in.')
  if (values.testMode) requireNoPublicAddress(values)
  const limitNames = Object.keys({ ...countLimits, ...sizeLimits }) as (keyof Limits)[]
  const limits = Object.fromEntries(limitNames.map(name => [name, values[name]])) as Limits
  const rates = Object.fromEntries(Object.keys(callRates).map(name => [name, values[name as CallRateName]])) as Rates
  const masterKey = environment[masterKeyVariable]
  const masterKeys = masterKey === undefined ? undefined : parseMasterKeys(masterKey, masterKeyVariable)
  return { ...values, limits, rates: values.rateLimits === 'aws' ? rates : undefined, rootKey: rootKeyOf(environment), masterKeys }
}

/** The addresses at which a server listens; undefined for a name other than localhost. */
function addressesOf(host: string): readonly string[] | undefined {
  if (host === 'localhost') return []
  if (isIP(host) === 0) return undefined
  if (!/^[0.:]+$/.test(host)) return [host]
  return Object.values(networkInterfaces()).flatMap(each => (each ?? []).map(({ address }) => address))
}

/** Throws if a server in test mode would be reachable by others: with its root key one can empty it and make it fail. */
function requireNoPublicAddress({ host, natsUrl }: Settings) {
  if (natsUrl !== undefined)
    throw new Error('--test-mode is for a single server, since other nodes would not share its clock and its faults.')
  const addresses = addressesOf(host)
  if (addresses === undefined) throw new Error(`--test-mode needs localhost or an address as --host, not the name ${host}.`)
  const open = addresses.find(isPublic)
  if (open !== undefined)
    throw new Error(`--test-mode is refused at the public address ${open}, which anybody could reach. Give --host 127.0.0.1.`)
}

/** Throws if two listeners would have the same port. */
function requirePorts({ host, port, tls, tlsPort, adminAddress }: Settings) {
  if (tls && port === tlsPort && port !== 0) throw new Error(`--port and --tls-port must differ: both are ${port}.`)
  const ports = [port, ...(tls ? [tlsPort] : [])].filter(each => each !== 0)
  const isTaken = ports.some(each => adminAddress === `${inUrl(host)}:${each}`)
  if (isTaken) throw new Error(`--admin-address must have another port than --port and --tls-port, not ${adminAddress}.`)
}

function requireNats(values: Settings) {
  const { natsUrl, natsUser, natsPassword, natsToken, natsNkey, natsCredentials, natsCa, natsCert, natsKey } = values
  if ((natsCert === undefined) !== (natsKey === undefined)) throw new Error('--nats-cert and --nats-key are given together, or neither is.')
  if ((natsUser === undefined) !== (natsPassword === undefined))
    throw new Error('--nats-user and --nats-password are given together, or neither is.')
  const inUrl = natsUrl?.some(url => new URL(url).username !== '') ? true : undefined
  const logins = [inUrl, natsUser, natsToken, natsNkey, natsCredentials].filter(given => given !== undefined)
  if (logins.length > 1)
    throw new Error('Give one login at NATS: a user in the URLs, --nats-user, --nats-token, --nats-nkey or --nats-credentials.')
  if (natsUrl === undefined && (logins.length > 0 || (natsCa ?? natsCert) !== undefined))
    throw new Error('The other --nats- settings need --nats-url.')
  if (natsUrl !== undefined && values.databaseUrl === undefined)
    throw new Error('--nats-url needs --database-url: the embedded database has one server only.')
}

function rootKeyOf(environment: NodeJS.ProcessEnv): RootKey | undefined {
  const [accessKeyId, secretAccessKey] = keyVariables.map(name => environment[name])
  if (!accessKeyId && !secretAccessKey) return undefined
  if (!accessKeyId || !secretAccessKey) throw new Error(`${keyVariables.join(' and ')} are given together, or neither is.`)
  if (!/^[^\s/,]+$/.test(accessKeyId))
    throw new Error(`${keyVariables[0]} must not have blanks, slashes or commas: no client could sign with it.`)
  return { accessKeyId, secretAccessKey }
}
