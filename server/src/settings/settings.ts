import { countLimits, sizeLimits } from './limits.ts'
import { logLevels, type LogLevel } from '../observe/log.ts'
import { callRates } from './rates.ts'
import {
  addressList,
  count,
  countUpTo,
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
  /** Undefined for a switch, whose variable is `on` or `off`: its flag is `--no-name` if it is on by default, and `--name` if not. */
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
): Setting<Value> => ({ flag, placeholder, fallback, meaning, parse })

/** A number of at least 1. */
const number = (flag: string, fallback: number, meaning: string, parse = count) => setting(flag, 'number', fallback, meaning, parse)

/** A switch that is on or off by default. */
const toggle = (flag: string, fallback: boolean, meaning: string) => setting(flag, undefined, fallback, meaning, onOrOff)

/** One setting for each entry of a table. */
const settingsOf = <Name extends string, Entry>(table: Readonly<Record<Name, Entry>>, settingOf: (entry: Entry) => Setting<number>) =>
  Object.fromEntries(Object.entries<Entry>(table).map(([name, entry]) => [name, settingOf(entry)])) as Record<Name, Setting<number>>

const optional = <Value>(flag: string, placeholder: string, meaning: string, parse: (text: string) => Value) =>
  setting<Value | undefined>(flag, placeholder, undefined, meaning, parse)

const file = (flag: string, meaning: string) => optional(flag, 'file', meaning, matching(/\S/, 'a file'))

const role = (flag: string, meaning: string) => optional(flag, 'name', meaning, matching(/^[\w+=,.@-]{1,64}$/, 'the name of a role'))

/** The base URL of a service of AWS, or of what speaks its API. */
const service = (flag: string, meaning: string) =>
  optional(flag, 'url', meaning, matching(/^https?:\/\/[^\s?#]+$/, 'a URL such as http://localhost:4566'))

const choice = <Word extends string>(flag: string, words: readonly Word[], fallback: NoInfer<Word>, meaning: string) =>
  setting(flag, words.join('|'), fallback, meaning, oneOf(...words))

/**
 * The header with which trusted proxies report the client. Only one kind is read: with two, a client could set its own address by the other
 * one.
 */
export type ProxyHeaders = 'x-forwarded' | 'forwarded' | 'proxy-protocol'

/** Every setting, in the order of `--help`. Each is a flag of `serve` and a variable CARILLON_…. */
export const settings = {
  host: setting('host', 'address', '127.0.0.1', 'the address that the server listens on', matching(/^\S+$/, 'a host name or an address')),
  port: number('port', 8080, 'the port of plain HTTP, for both APIs; 0 picks a free port', port),
  tls: toggle('tls', true, 'a second listener, which serves the same APIs over TLS'),
  tlsPort: number('tls-port', 8443, 'the port of TLS, which chat clients need since they hard-code wss; 0 picks a free port', port),
  tlsCert: file(
    'tls-cert',
    'a PEM file with your own certificate, followed by its chain; without it the server makes one in the data folder',
  ),
  tlsKey: file('tls-key', 'the private key of --tls-cert'),
  data: setting(
    'data',
    'folder',
    './data',
    'the folder of the embedded database, the credentials file and the certificates; :memory: stores nothing',
    matching(/\S/, 'a folder'),
  ),
  databaseUrl: optional('database-url', 'url', 'a PostgreSQL database to use instead of the embedded SQLite', postgresUrl),
  natsUrl: optional(
    'nats-url',
    'urls',
    'the NATS servers over which the nodes of one PostgreSQL database send each other events, separated by commas',
    natsUrls,
  ),
  natsUser: optional('nats-user', 'name', 'the user at NATS, if no URL has one', matching(/\S/, 'a name')),
  natsPassword: optional('nats-password', 'password', 'the password of --nats-user', matching(/./, 'a password')),
  natsToken: optional('nats-token', 'token', 'the token at NATS, instead of a user', matching(/\S/, 'a token')),
  natsNkey: file('nats-nkey', 'a file with the seed of the NKey at NATS, instead of a user'),
  natsCredentials: file('nats-credentials', 'a credentials file of NATS (JWT and seed), instead of a user'),
  natsCa: file('nats-ca', 'the CA of the NATS servers, if Node does not trust it'),
  natsCert: file('nats-cert', 'the client certificate for NATS'),
  natsKey: file('nats-key', 'the private key of --nats-cert'),
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
  publicWsHost: optional(
    'public-ws-host',
    'host[:port]',
    'the host that GetMessagingSessionEndpoint answers; without it the host name of the call, with the TLS port',
    hostAndPort,
  ),
  adminAddress: optional(
    'admin-address',
    'host:port',
    'serves /health and /metrics on this address only, over plain HTTP; port 0 picks a free port',
    listenAddress,
  ),
  lambdaEndpoint: service(
    'lambda-endpoint',
    "the base URL of the Lambda-compatible API that runs the processors of channel flows; without it Amazon's",
  ),
  kinesisEndpoint: service(
    'kinesis-endpoint',
    "the base URL of the Kinesis-compatible API for the records of streams; without it Amazon's",
  ),
  lexEndpoint: service('lex-endpoint', "the base URL of the Lex-compatible API (runtime V2) that answers for bots; without it Amazon's"),
  eventbridgeEndpoint: service(
    'eventbridge-endpoint',
    'the base URL of the EventBridge-compatible API to which failures of processors, bots and streams are reported',
  ),
  seed: file(
    'seed',
    'a JSON file or a module with app instances, users, channels and messages, which the server makes where they are missing (docs/testing.md)',
  ),
  testMode: toggle(
    'test-mode',
    false,
    'operations that control the server for tests: reset, seeds, clock, faults; only where no public address reaches it (docs/testing.md)',
  ),
  destinations: file(
    'destinations',
    'a JSON file with the destinations that replace a stream, function, bot alias, event bus or application of devices, by its ARN (docs/streaming.md)',
  ),
  oidcIssuer: optional(
    'oidc-issuer',
    'url',
    'the issuer whose JSON Web Tokens AssumeRoleWithWebIdentity and POST /creds accept, as the claim iss spells it',
    webUrl,
  ),
  oidcAudience: optional(
    'oidc-audience',
    'names',
    'the audiences that these tokens may have (claim aud), separated by commas',
    severalNames,
  ),
  oidcJwks: optional(
    'oidc-jwks',
    'url',
    "the URL of the issuer's keys; without it the one in ISSUER/.well-known/openid-configuration",
    webUrl,
  ),
  userClaim: setting(
    'user-claim',
    'claim',
    'sub',
    "the claim of a login that becomes the user's id; characters that an id cannot have are escaped (docs/security.md)",
    matching(/^\S+$/, 'the name of a claim such as sub or oid'),
  ),
  exchangeRole: role('exchange-role', 'the role of the temporary credentials that POST /creds gives for a token of the issuer'),
  exchangeAppInstance: optional(
    'exchange-app-instance',
    'arn',
    'the app instance whose users POST /creds serves',
    matching(/^arn:[^:]+:chime:[^:]*:[^:]*:app-instance\/[^/]+$/, 'the ARN of an app instance'),
  ),
  exchangeHook: optional(
    'exchange-hook',
    'url',
    'a URL that checks logins for POST /creds instead of the issuer: it receives the Authorization header and answers with claims',
    webUrl,
  ),
  exchangeUsers: toggle('exchange-users', true, 'the AppInstanceUsers that POST /creds creates at the first login of a person'),
  identityPool: optional(
    'identity-pool',
    'id',
    'the id of the Cognito identity pool that GetId and GetCredentialsForIdentity serve',
    matching(/^[\w-]{1,18}:[0-9a-f-]{1,36}$/, 'an id such as us-east-1:00000000-0000-0000-0000-000000000000'),
  ),
  identityPoolRole: role('identity-pool-role', 'the role of the temporary credentials that the pool gives for a token of the issuer'),
  identityPoolGuestRole: role(
    'identity-pool-guest-role',
    'the role of the temporary credentials that the pool gives without a token; without it guests get none',
  ),
  pingSeconds: number('ping-seconds', 30, 'seconds between two pings of a socket'),
  presenceGraceSeconds: number(
    'presence-grace-seconds',
    15,
    'seconds until a user without a socket is offline; clients reconnect within 13',
  ),
  typingSeconds: number('typing-seconds', 10, 'seconds until a member who sends no further typing indicator counts as not typing'),
  trustProxy: optional(
    'trust-proxy',
    'addresses',
    "proxies that are trusted to report the client's address: addresses and networks, separated by commas",
    addressList,
  ),
  proxyHeaders: choice(
    'proxy-headers',
    ['x-forwarded', 'forwarded', 'proxy-protocol'],
    'x-forwarded',
    'how these proxies report it: X-Forwarded-For, -Proto and -Host; Forwarded (RFC 7239); or the PROXY protocol',
  ),
  connectionsPerAddress: number(
    'connections-per-address',
    10_000,
    'the most open connections of one address; trusted proxies and this machine may have more',
  ),
  callsAtOnce: number('calls-at-once', 5000, 'the most calls that are answered at once; more get 503 and a Retry-After'),
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
  console: choice(
    'console',
    ['on', 'off'],
    'on',
    'serves the console in the browser at /console: over TLS, and over plain HTTP on this machine',
  ),
  consoleClient: optional(
    'console-client',
    'id',
    'the client id of the console at --oidc-issuer: operators log in there (docs/console.md)',
    matching(/^[ -~]*[!-~][ -~]*$/, 'the id of a client'),
  ),
  consoleClientSecret: optional(
    'console-client-secret',
    'secret',
    'the secret of that client, if it has one',
    matching(/^[ -~]+$/, 'a secret'),
  ),
  consoleRole: role(
    'console-role',
    'the role of operators who log in there: its trust decides who may sign in, and its policy what they may do',
  ),
  recentCalls: choice(
    'recent-calls',
    ['masked', 'whole'],
    'masked',
    'how ListRecentCalls and the console show the input of a call: without names, content and metadata, or whole',
  ),
  reasonInMessage: choice(
    'reason-in-message',
    ['on', 'off'],
    'off',
    'adds the Reason to the Message of an error, for clients that show nothing else, such as boto3 and the AWS CLI',
  ),
  resume: choice('resume', ['on', 'off'], 'on', 'sends a client that reconnects with the same sessionId the events that it has missed'),
  search: choice('search', ['on', 'off'], 'off', 'indexes the words of messages for SearchMessages; the same on all nodes'),
  logLevel: setting<LogLevel>(
    'log-level',
    'level',
    'info',
    'the least severe lines that are logged; logs are JSON lines on standard error',
    oneOf(...logLevels),
  ),
  ...settingsOf(countLimits, ({ flag, fallback, meaning }) => number(flag, fallback, `the most ${meaning}`)),
  ...settingsOf(sizeLimits, ({ flag, fallback, most, meaning }) =>
    number(flag, fallback, `the most ${meaning}; up to ${most}`, countUpTo(most)),
  ),
  rateLimits: choice(
    'rate-limits',
    ['off', 'aws'],
    'off',
    "aws limits calls a second to Amazon's published rates, off does not limit them",
  ),
  ...settingsOf(callRates, ({ flag, fallback, per, meaning }) =>
    number(flag, fallback, `the most ${meaning} a second for each ${per}, with --rate-limits aws`),
  ),
} as const

export type Settings = { readonly [Name in keyof typeof settings]: (typeof settings)[Name]['fallback'] }
