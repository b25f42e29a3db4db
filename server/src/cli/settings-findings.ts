import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../settings/config.ts'
import { isOverTls } from '../settings/nats-access.ts'
import { urlsOfHosts } from '../tools/postgres-hosts.ts'
import { advice, fault, unsafe, type Finding } from './finding.ts'

/** Names for addresses that only this machine can reach. */
export const isLocal = (host: string) => /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|)$/i.test(host)

/** Secrets shorter than this can be guessed. Secrets with these words have been printed in documents. */
const isWeakSecret = (secret: string) => secret.length < 20 || /secret|password|changeme|example|test/i.test(secret)

function* ofListeners({ host, tls, tlsCert, trustProxy = [], rateLimits, auditLog, identityPoolGuestRole }: Config): Generator<Finding> {
  if (isLocal(host)) return
  if (trustProxy.length === 0)
    yield unsafe(
      `Plain HTTP is served on ${host}: anybody on the network path can read messages and session tokens`,
      'Listen on 127.0.0.1 behind a proxy that ends TLS, and name that proxy in --trust-proxy; or let a firewall pass the TLS port only.',
    )
  if (!tls && trustProxy.length === 0)
    yield unsafe(`There is no TLS on ${host}`, 'Remove --no-tls, or name the proxy that ends TLS in --trust-proxy.')
  if (rateLimits === 'off')
    yield unsafe(`The rate of calls is not limited on ${host}`, 'Set --rate-limits aws; each rate can be changed (serve --help).')
  if (tls && tlsCert === undefined)
    yield advice(
      'The TLS certificate comes from a CA that only your own clients trust',
      'Give one of a public CA: --tls-cert and --tls-key.',
    )
  if (identityPoolGuestRole !== undefined)
    yield advice(
      `Anybody who reaches ${host} gets credentials of the role ${identityPoolGuestRole} without a login`,
      'Leave --identity-pool-guest-role out where there are no guests.',
    )
  if (auditLog === 'off') yield advice('There is no audit log, so nobody can find out later who did what', 'Set --audit-log FILE.')
}

function* ofDatabase(databaseUrl: string | undefined): Generator<Finding> {
  for (const url of databaseUrl === undefined ? [] : urlsOfHosts(databaseUrl)) {
    const { hostname, searchParams } = new URL(url)
    const mode = searchParams.get('sslmode') ?? (searchParams.get('ssl') === 'true' ? 'verify-full' : 'disable')
    if (!isLocal(hostname) && mode === 'disable')
      yield unsafe(`All data travels to PostgreSQL at ${hostname} without TLS`, 'Add ?sslmode=verify-full to --database-url.')
    if (!isLocal(hostname) && mode === 'require')
      yield unsafe(
        `The identity of PostgreSQL at ${hostname} is not checked, so an attacker on the network path may read all data`,
        'Use sslmode=verify-full in --database-url, with sslrootcert=FILE if its certificate is from a CA of your own.',
      )
  }
}

function* ofNats({ natsUrl = [], natsCa, natsCert }: Config): Generator<Finding> {
  if (isOverTls({ urls: natsUrl, ca: natsCa, cert: natsCert })) return
  for (const { hostname } of natsUrl.map(url => new URL(url)))
    if (!isLocal(hostname)) yield unsafe(`Messages travel to NATS at ${hostname} without TLS`, 'Use tls:// in --nats-url.')
}

function* ofServices(config: Config): Generator<Finding> {
  const { lambdaEndpoint, kinesisEndpoint, lexEndpoint, eventbridgeEndpoint, oidcIssuer, oidcJwks, exchangeHook } = config
  const logins = 'without TLS: an attacker on the network path can log in as anybody'
  const services = [
    [lambdaEndpoint, '--lambda-endpoint', 'Messages travel to processors at', 'without TLS'],
    [kinesisEndpoint, '--kinesis-endpoint', 'Messages travel to the streams at', 'without TLS'],
    [lexEndpoint, '--lex-endpoint', 'Messages travel to bots at', 'without TLS'],
    [eventbridgeEndpoint, '--eventbridge-endpoint', 'Failures are reported to EventBridge at', 'without TLS'],
    [oidcJwks ?? oidcIssuer, '--oidc-issuer or --oidc-jwks', 'The keys of the issuer come from', logins],
    [exchangeHook, '--exchange-hook', 'Logins travel to', logins],
  ] as const
  for (const [url, flags, what, danger] of services) {
    if (url === undefined) continue
    const { protocol, hostname } = new URL(url)
    if (protocol === 'http:' && !isLocal(hostname)) yield unsafe(`${what} ${hostname} ${danger}`, `Use https in ${flags}.`)
  }
}

function* ofRootKey({ rootKey, databaseUrl }: Config): Generator<Finding> {
  if (!rootKey && databaseUrl !== undefined)
    yield fault(
      'These settings have no root key, and a server on PostgreSQL does not start without it',
      'Set CARILLON_ACCESS_KEY_ID and CARILLON_SECRET_ACCESS_KEY, to the same values for all nodes.',
    )
  if (rootKey && isWeakSecret(rootKey.secretAccessKey))
    yield unsafe(
      'The secret of the root key is too short, or it contains a word that documents use as an example',
      'Use a new one: openssl rand -base64 30 for CARILLON_SECRET_ACCESS_KEY, or leave both variables out.',
    )
}

/** The permissions of a file or folder; undefined if it does not exist. */
async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777
  } catch {
    return undefined
  }
}

async function ofFiles({ data, tlsKey, host, rootKey }: Config): Promise<Finding[]> {
  const findings: Finding[] = []
  const isStored = data !== ':memory:'
  const folder = isStored ? await modeOf(data) : undefined
  if (folder !== undefined && (folder & 0o077) !== 0)
    findings.push(unsafe(`Others on this machine may enter the data folder ${data}`, `chmod 700 ${data}`))
  const secrets = [
    ...(isStored ? ['credentials', 'master-key', 'server-key.pem'].map(name => join(data, name)) : []),
    ...(tlsKey === undefined ? [] : [tlsKey]),
  ]
  for (const file of secrets) {
    const mode = await modeOf(file)
    if (mode !== undefined && (mode & 0o077) !== 0) findings.push(unsafe(`Others on this machine may read ${file}`, `chmod 600 ${file}`))
  }
  const hasRootKey = rootKey !== undefined || (isStored && (await modeOf(join(data, 'credentials'))) !== undefined)
  if (hasRootKey && !isLocal(host))
    findings.push(
      advice(
        'The root key, which may do everything as any user, can be used from the network',
        'Keep it secret, and give back ends access keys of their own and browsers temporary credentials.',
      ),
    )
  return findings
}

/** The findings about the settings: first what is wrong or unsafe, then what could be better. */
export async function settingsFindings(config: Config): Promise<Finding[]> {
  const { databaseUrl } = config
  const ofSettings = [...ofListeners(config), ...ofDatabase(databaseUrl), ...ofNats(config), ...ofServices(config), ...ofRootKey(config)]
  const findings = [...ofSettings, ...(await ofFiles(config))]
  return [...findings.filter(({ kind }) => kind !== 'advice'), ...findings.filter(({ kind }) => kind === 'advice')]
}
