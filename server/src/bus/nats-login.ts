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

type NatsSettings = Pick<
  Config,
  'natsUrl' | 'natsUser' | 'natsPassword' | 'natsToken' | 'natsNkey' | 'natsCredentials' | 'natsCa' | 'natsCert' | 'natsKey'
>

async function contentOf(flag: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new Error(`--${flag}: cannot read ${file}: ${(error as Error).message}.`, { cause: error })
  }
}

async function authenticatorOf(settings: NatsSettings): Promise<Authenticator | undefined> {
  const { natsUrl, natsUser, natsPassword, natsToken, natsNkey, natsCredentials } = settings
  const { username, password } = new URL(natsUrl![0]!)
  if (username !== '') return usernamePasswordAuthenticator(decodeURIComponent(username), decodeURIComponent(password))
  if (natsUser !== undefined) return usernamePasswordAuthenticator(natsUser, natsPassword)
  if (natsToken !== undefined) return tokenAuthenticator(natsToken)
  if (natsNkey !== undefined) {
    const seed = String(await contentOf('nats-nkey', natsNkey)).trim()
    if (!/^SU[A-Z2-7]+$/.test(seed)) throw new Error(`--nats-nkey: ${natsNkey} must hold the seed of a user, which begins with SU.`)
    return nkeyAuthenticator(Buffer.from(seed))
  }
  if (natsCredentials === undefined) return undefined
  const credentials = await contentOf('nats-credentials', natsCredentials)
  if (!/BEGIN NATS USER JWT[^]*BEGIN USER NKEY SEED/.test(String(credentials)))
    throw new Error(`--nats-credentials: ${natsCredentials} must be a credentials file of NATS, with a JWT and a seed.`)
  return credsAuthenticator(credentials)
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

/** The options of the connection to NATS. Throws an Error that names the setting if a file is invalid. */
export async function natsOptions(settings: NatsSettings): Promise<ConnectionOptions> {
  const { natsUrl = [], natsCa, natsCert, natsKey } = settings
  const authenticator = await authenticatorOf(settings)
  const isSecure = natsUrl.some(url => url.startsWith('tls:')) || natsCa !== undefined || natsCert !== undefined
  const hosts = natsUrl.map(url => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'))
  const tls = {
    checkServerIdentity: identityOf(hosts),
    ...(natsCa !== undefined && { ca: String(await contentOf('nats-ca', natsCa)) }),
    ...(natsCert !== undefined && { cert: String(await contentOf('nats-cert', natsCert)) }),
    ...(natsKey !== undefined && { key: String(await contentOf('nats-key', natsKey)) }),
  }
  return {
    servers: natsUrl.map(url => new URL(url).host),
    ...(authenticator && { authenticator }),
    ...(isSecure && { tls }),
  }
}
