import { readFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { connect, type PeerCertificate } from 'node:tls'
import { once } from 'node:events'
import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { rootKey } from '../support/process.ts'

export const caOf = (folder: string) => readFile(join(folder, 'ca.pem'), 'utf8')

/** Stock clients that trust this CA and nothing else. */
export function trustingClients(endpoint: string, ca: string, credentials = rootKey) {
  const options = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1, requestHandler: { httpsAgent: { ca } } }
  return { identity: new ChimeSDKIdentity(options), messaging: new ChimeSDKMessaging(options) }
}

/** The status of /health for a client that trusts this CA and nothing else. */
export async function healthOver(url: string, ca: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  get(`${url}/health`, { ca, agent: false }, answer => resolve(answer.resume().statusCode)).on('error', reject)
  return promise
}

/** The certificate that the server shows to a client that trusts any. */
export async function shownCertificate(url: string): Promise<PeerCertificate> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const certificate = socket.getPeerCertificate()
  socket.destroy()
  return certificate
}
