import { readFile } from 'node:fs/promises'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import {
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type ConnectionOptions,
} from '@nats-io/transport-node'
import type { Config } from '../settings/config.ts'
import { isNatsCredentials, isNkeySeed, isOverTls, type NatsAccess, type NatsLogin } from '../settings/nats-access.ts'

type NatsSettings = Pick<
  Config,
  'natsUrl' | 'natsUser' | 'natsPassword' | 'natsToken' | 'natsNkey' | 'natsCredentials' | 'natsCa' | 'natsCert' | 'natsKey'
>

async function contentOf(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Error(`--${flag}: cannot read ${file}: ${(error as Error).message}.`, { cause: error })
  }
}

async function loginOf(settings: NatsSettings): Promise<NatsLogin | undefined> {
  const { natsUrl, natsUser, natsPassword, natsToken, natsNkey, natsCredentials } = settings
  const { username, password } = new URL(natsUrl![0]!)
  // As NATS' own clients read it.
  if (username !== '' && password === '') return { token: decodeURIComponent(username) }
  if (username !== '') return { user: decodeURIComponent(username), password: decodeURIComponent(password) }
  if (natsUser !== undefined) return { user: natsUser, password: natsPassword }
  if (natsToken !== undefined) return { token: natsToken }
  if (natsNkey !== undefined) {
    const nkeySeed = (await contentOf('nats-nkey', natsNkey)).trim()
    if (!isNkeySeed(nkeySeed)) throw new Error(`--nats-nkey: ${natsNkey} must have the seed of a user, which begins with SU.`)
    return { nkeySeed }
  }
  if (natsCredentials === undefined) return undefined
  const credentials = await contentOf('nats-credentials', natsCredentials)
  if (!isNatsCredentials(credentials))
    throw new Error(`--nats-credentials: ${natsCredentials} must be a credentials file of NATS, with a JWT and a seed.`)
  return { credentials }
}

function authenticatorOf(login: NatsLogin): Authenticator {
  if ('user' in login) return usernamePasswordAuthenticator(login.user, login.password)
  if ('token' in login) return tokenAuthenticator(login.token)
  return 'nkeySeed' in login ? nkeyAuthenticator(Buffer.from(login.nkeySeed)) : credsAuthenticator(Buffer.from(login.credentials))
}

/**
 * Checks the name in the certificate of a server. If its URL has an IP address, the library passes none, and Node would check for
 * `localhost`: then the certificate must be that of one of these hosts.
 */
const identityOf = (hosts: readonly string[]) => (name: string, certificate: PeerCertificate) => {
  if (name !== 'localhost' || hosts.includes(name)) return checkServerIdentity(name, certificate)
  const errors = hosts.map(host => checkServerIdentity(host, certificate))
  return errors.includes(undefined) ? undefined : errors[0]
}

/** The options of a connection to NATS. */
export function connectionOptions(access: NatsAccess): ConnectionOptions {
  const { urls, login, ca, cert, key } = access
  const hosts = urls.map(url => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'))
  const tls = {
    checkServerIdentity: identityOf(hosts),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
  return {
    servers: urls.map(url => new URL(url).host),
    ...(login && { authenticator: authenticatorOf(login) }),
    ...(isOverTls(access) && { tls }),
  }
}

/** Node takes a file without certificates as one, and would then trust no server. */
async function authorityIn(file: string | undefined) {
  const content = await givenContent('nats-ca', file)
  if (content !== undefined && !content.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error(`--nats-ca: ${file} must have a certificate, in PEM.`)
  return content
}

const givenContent = async (flag: string, file: string | undefined) => (file === undefined ? undefined : contentOf(flag, file))

/** The options of the connection between nodes. Throws an Error that names the setting if a file is invalid. */
export async function natsOptions(settings: NatsSettings): Promise<ConnectionOptions> {
  const { natsUrl = [], natsCa, natsCert, natsKey } = settings
  return connectionOptions({
    urls: natsUrl,
    login: await loginOf(settings),
    ca: await authorityIn(natsCa),
    cert: await givenContent('nats-cert', natsCert),
    key: await givenContent('nats-key', natsKey),
  })
}
