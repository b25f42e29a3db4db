import { closestMatch } from 'leven'
import { countLimits, type CountLimit, type Limits } from './limits.ts'
import { logLevels, type LogLevel } from '../observe/log.ts'
import { parseMasterKeys, type MasterKey } from './master-keys.ts'
import { callRates, type CallRateName, type Rates } from './rates.ts'
import {
  addressList,
  count,
  hostAndPort,
  listenAddress,
  matching,
  natsUrls,
  oneOf,
  onOrOff,
  port,
  postgresUrl,
  severalNames,
  webUrl,
} from './setting-values.ts'

/** A setting: the flag `--name`, the variable `CARILLON_NAME`, its default and one line of meaning. */
interface Setting<Value> {
  readonly flag: string
  /** Undefined for a switch that is on by default: its flag is `--no-name`, and its variable is `on` or `off`. */
  readonly placeholder: string | undefined
  readonly fallback: Value
  readonly meaning: string
  /** Throws an Error whose message says what the value must be. */
  readonly parse: (text: string) => Value
}

const setting = <Value>(
  flag: string,
  placeholder: string | undefined,
  fallback: Value,
  meaning: string,
  parse: (text: string) => Value,
): Setting<Value> => ({
  flag,
  placeholder,
  fallback,
  meaning,
  parse,
})

/** One setting for each limited count. */
const limitSettings = Object.fromEntries(
  Object.entries(countLimits).map(([name, { flag, fallback, meaning }]) => [
    name,
    setting(flag, 'number', fallback as number, `the most ${meaning}`, count),
  ]),
) as Record<CountLimit, Setting<number>>

/** One setting for each rate. */
const rateSettings = Object.fromEntries(
  Object.entries(callRates).map(([name, { flag, fallback, per, meaning }]) => [
    name,
    setting(flag, 'number', fallback, `the most ${meaning} a second for each ${per}, with --rate-limits aws`, count),
  ]),
) as Record<CallRateName, Setting<number>>

const roleName = matching(/^[\w+=,.@-]{1,64}$/, 'the name of a role')

/** What the trusted proxies write. Only one kind is read: with two, a client could choose its own address by the other. */
export type ProxyHeaders = 'x-forwarded' | 'forwarded' | 'proxy-protocol'

/** Every setting, in the order of `--help`. Each is a flag of `serve` and a variable CARILLON_…. */
export const settings = {
  host: setting('host', 'address', '127.0.0.1', 'the address that the server listens on', matching(/^\S+$/, 'a host name or an address')),
  port: setting('port', 'number', 8080, 'the port of plain HTTP, for both APIs; 0 picks a free port', port),
  tls: setting('tls', undefined, true, 'a second listener that serves the same over TLS', onOrOff),
  tlsPort: setting(
    'tls-port',
    'number',
    8443,
    'the port of TLS, which chat clients need since they hard-code wss; 0 picks a free port',
    port,
  ),
  tlsCert: setting<string | undefined>(
    'tls-cert',
    'file',
    undefined,
    'a PEM file with your own certificate, followed by its chain; without it the server makes one in the data folder',
    matching(/\S/, 'a file'),
  ),
  tlsKey: setting<string | undefined>('tls-key', 'file', undefined, 'the private key of --tls-cert', matching(/\S/, 'a file')),
  data: setting(
    'data',
    'folder',
    './data',
    'the folder of the embedded database, the credentials file and the certificates; :memory: stores nothing',
    matching(/\S/, 'a folder'),
  ),
  databaseUrl: setting<string | undefined>(
    'database-url',
    'url',
    undefined,
    'a PostgreSQL database to use instead of the embedded SQLite',
    postgresUrl,
  ),
  natsUrl: setting<readonly string[] | undefined>(
    'nats-url',
    'urls',
    undefined,
    'the NATS servers over which nodes on one PostgreSQL send each other events, separated by commas',
    natsUrls,
  ),
  natsUser: setting<string | undefined>('nats-user', 'name', undefined, 'the user at NATS, if no URL has one', matching(/\S/, 'a name')),
  natsPassword: setting<string | undefined>(
    'nats-password',
    'password',
    undefined,
    'the password of --nats-user',
    matching(/./, 'a password'),
  ),
  natsToken: setting<string | undefined>(
    'nats-token',
    'token',
    undefined,
    'the token at NATS, instead of a user',
    matching(/\S/, 'a token'),
  ),
  natsNkey: setting<string | undefined>(
    'nats-nkey',
    'file',
    undefined,
    'a file with the seed of the NKey at NATS, instead of a user',
    matching(/\S/, 'a file'),
  ),
  natsCredentials: setting<string | undefined>(
    'nats-credentials',
    'file',
    undefined,
    'a credentials file of NATS (JWT and seed), instead of a user',
    matching(/\S/, 'a file'),
  ),
  natsCa: setting<string | undefined>(
    'nats-ca',
    'file',
    undefined,
    'the CA of the NATS servers, if Node does not trust it',
    matching(/\S/, 'a file'),
  ),
  natsCert: setting<string | undefined>(
    'nats-cert',
    'file',
    undefined,
    'the certificate that the server shows to NATS',
    matching(/\S/, 'a file'),
  ),
  natsKey: setting<string | undefined>('nats-key', 'file', undefined, 'the private key of --nats-cert', matching(/\S/, 'a file')),
  region: setting(
    'region',
    'name',
    'us-east-1',
    'the region in the ARNs of new app instances, and in the lines printed for clients',
    matching(/^[a-z0-9-]{1,63}$/, 'a region such as us-east-1'),
  ),
  account: setting(
    'account',
    'id',
    '000000000000',
    'the account id in the ARNs of new app instances, keys and roles',
    matching(/^\d{12}$/, 'twelve digits'),
  ),
  publicWsHost: setting<string | undefined>(
    'public-ws-host',
    'host[:port]',
    undefined,
    'the host that GetMessagingSessionEndpoint answers; without it the host name of the call, with the TLS port',
    hostAndPort,
  ),
  adminAddress: setting<string | undefined>(
    'admin-address',
    'host:port',
    undefined,
    'serves /health and /metrics on this address only, over plain HTTP; port 0 picks a free port',
    listenAddress,
  ),
  lambdaEndpoint: setting<string | undefined>(
    'lambda-endpoint',
    'url',
    undefined,
    "the base URL of the Lambda-compatible API that runs the processors of channel flows; without it Amazon's",
    matching(/^https?:\/\/[^\s?#]+$/, 'a URL such as http://localhost:4566'),
  ),
  kinesisEndpoint: setting<string | undefined>(
    'kinesis-endpoint',
    'url',
    undefined,
    "the base URL of the Kinesis-compatible API that takes the records of streams; without it Amazon's",
    matching(/^https?:\/\/[^\s?#]+$/, 'a URL such as http://localhost:4566'),
  ),
  destinations: setting<string | undefined>(
    'destinations',
    'file',
    undefined,
    'a JSON file that says which webhook or file stands for a stream or a function, by its ARN (docs/streaming.md)',
    matching(/\S/, 'a file'),
  ),
  oidcIssuer: setting<string | undefined>(
    'oidc-issuer',
    'url',
    undefined,
    'the issuer whose JSON Web Tokens AssumeRoleWithWebIdentity and POST /creds accept, as the claim iss spells it',
    webUrl,
  ),
  oidcAudience: setting<readonly string[] | undefined>(
    'oidc-audience',
    'names',
    undefined,
    'the audiences that these tokens may have (claim aud), separated by commas',
    severalNames,
  ),
  oidcJwks: setting<string | undefined>(
    'oidc-jwks',
    'url',
    undefined,
    "the address of the issuer's keys; without it ISSUER/.well-known/openid-configuration says it",
    webUrl,
  ),
  userClaim: setting(
    'user-claim',
    'claim',
    'sub',
    "the claim of a login that becomes the user's id; characters that an id cannot have are escaped (docs/security.md)",
    matching(/^\S+$/, 'the name of a claim such as sub or oid'),
  ),
  exchangeRole: setting<string | undefined>(
    'exchange-role',
    'name',
    undefined,
    'the role of the temporary credentials that POST /creds gives for a token of the issuer',
    roleName,
  ),
  exchangeAppInstance: setting<string | undefined>(
    'exchange-app-instance',
    'arn',
    undefined,
    'the app instance whose users POST /creds serves',
    matching(/^arn:[^:]+:chime:[^:]*:[^:]*:app-instance\/[^/]+$/, 'the ARN of an app instance'),
  ),
  exchangeHook: setting<string | undefined>(
    'exchange-hook',
    'url',
    undefined,
    'a web hook that checks logins for POST /creds instead of the issuer: it receives the Authorization header and answers claims',
    webUrl,
  ),
  exchangeUsers: setting(
    'exchange-users',
    undefined,
    true,
    'the AppInstanceUsers that POST /creds creates for people who log in for the first time',
    onOrOff,
  ),
  identityPool: setting<string | undefined>(
    'identity-pool',
    'id',
    undefined,
    'the id of the Cognito identity pool that GetId and GetCredentialsForIdentity serve',
    matching(/^[\w-]{1,18}:[0-9a-f-]{1,36}$/, 'an id such as us-east-1:00000000-0000-0000-0000-000000000000'),
  ),
  identityPoolRole: setting<string | undefined>(
    'identity-pool-role',
    'name',
    undefined,
    'the role of the temporary credentials that the pool gives for a token of the issuer',
    roleName,
  ),
  identityPoolGuestRole: setting<string | undefined>(
    'identity-pool-guest-role',
    'name',
    undefined,
    'the role of the temporary credentials that the pool gives without a token; without it guests get none',
    roleName,
  ),
  pingSeconds: setting('ping-seconds', 'number', 30, 'seconds between two pings of a socket', count),
  trustProxy: setting<readonly string[] | undefined>(
    'trust-proxy',
    'addresses',
    undefined,
    "proxies that are trusted to report the client's address: addresses and networks, separated by commas",
    addressList,
  ),
  proxyHeaders: setting<ProxyHeaders>(
    'proxy-headers',
    'x-forwarded|forwarded|proxy-protocol',
    'x-forwarded',
    'how these proxies report it: X-Forwarded-For, -Proto and -Host; Forwarded (RFC 7239); or the PROXY protocol',
    oneOf('x-forwarded', 'forwarded', 'proxy-protocol'),
  ),
  connectionsPerAddress: setting(
    'connections-per-address',
    'number',
    10_000,
    'the most open connections of one address; trusted proxies and this machine may have more',
    count,
  ),
  callsAtOnce: setting('calls-at-once', 'number', 5000, 'the most calls that are answered at once; more get 503 and a Retry-After', count),
  bodyMemory: setting(
    'body-memory',
    'MiB',
    64,
    'the most memory for the bodies of all requests together; a request that does not fit gets 503 and a Retry-After',
    count,
  ),
  auditLog: setting(
    'audit-log',
    'file|-|off',
    'off',
    'a file for the audit log, which says who did what, as JSON lines; - is standard output',
    matching(/\S/, 'a file, - for standard output, or off'),
  ),
  reasonInMessage: setting<'on' | 'off'>(
    'reason-in-message',
    'on|off',
    'off',
    'adds the Reason to the Message of an error, for clients that show nothing else, such as boto3 and the AWS CLI',
    oneOf('on', 'off'),
  ),
  resume: setting<'on' | 'off'>(
    'resume',
    'on|off',
    'on',
    'sends a client that reconnects with the same sessionId what it has missed',
    oneOf('on', 'off'),
  ),
  logLevel: setting<LogLevel>(
    'log-level',
    'level',
    'info',
    'the least severe lines that are logged; logs are JSON lines on standard error',
    oneOf(...logLevels),
  ),
  ...limitSettings,
  rateLimits: setting<'off' | 'aws'>(
    'rate-limits',
    'off|aws',
    'off',
    "aws limits calls a second to Amazon's published rates, off does not limit them",
    oneOf('off', 'aws'),
  ),
  ...rateSettings,
} as const

type Settings = { readonly [Name in keyof typeof settings]: (typeof settings)[Name]['fallback'] }

export interface RootKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Config extends Settings {
  /** The limits of counts. */
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

/** A URL without its password, for messages. */
const withoutPassword = (text: string) => text.replaceAll(/(:\/\/[^:@/,]*:)[^@]*(?=@)/g, '$1…')

const prefix = 'CARILLON_'

export const variableOf = (flag: string) => `${prefix}${flag.replaceAll('-', '_').toUpperCase()}`

/** Throws an Error that suggests the nearest known variable, if one is near. */
function refuseUnknown(names: readonly string[]) {
  const known = [...Object.values(settings).map(({ flag }) => variableOf(flag)), masterKeyVariable, ...keyVariables]
  const unknown = names.find(name => !known.includes(name))
  if (unknown === undefined) return
  const nearest = closestMatch(unknown, known, { maxDistance: Math.ceil((unknown.length - prefix.length) / 2) })
  const suggestion = nearest === undefined ? '' : ` Did you mean ${nearest}?`
  throw new Error(`Unknown environment variable ${unknown}.${suggestion} carillon serve --help lists those that are known.`)
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
      throw new Error(`${source} ${(error as Error).message}, not '${withoutPassword(text)}'.`, { cause: error })
    }
  })
  const values = Object.fromEntries(entries) as Settings
  if ((values.tlsCert === undefined) !== (values.tlsKey === undefined)) {
    throw new Error('--tls-cert and --tls-key (CARILLON_TLS_CERT and CARILLON_TLS_KEY) are given together, or neither is.')
  }
  requireNats(values)
  if (values.proxyHeaders === 'proxy-protocol' && values.trustProxy === undefined)
    throw new Error('--proxy-headers proxy-protocol needs --trust-proxy: the proxies whose connections begin with a PROXY header.')
  if (values.oidcIssuer === undefined && (values.oidcAudience ?? values.oidcJwks) !== undefined)
    throw new Error('--oidc-audience and --oidc-jwks need --oidc-issuer.')
  if (values.oidcIssuer !== undefined && values.oidcAudience === undefined)
    throw new Error('--oidc-issuer needs --oidc-audience: tokens that the issuer makes for other clients are not accepted as logins.')
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
  const limits = Object.fromEntries(Object.keys(countLimits).map(name => [name, values[name as CountLimit]])) as Limits
  const rates = Object.fromEntries(Object.keys(callRates).map(name => [name, values[name as CallRateName]])) as Rates
  const masterKey = environment[masterKeyVariable]
  const masterKeys = masterKey === undefined ? undefined : parseMasterKeys(masterKey, masterKeyVariable)
  return { ...values, limits, rates: values.rateLimits === 'aws' ? rates : undefined, rootKey: rootKeyOf(environment), masterKeys }
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
    throw new Error(`${keyVariables[0]} must be without blanks, slashes and commas: no client could sign with it.`)
  return { accessKeyId, secretAccessKey }
}
