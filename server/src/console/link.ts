import { localName } from '../secrets/certificates.ts'
import type { Config } from '../settings/config.ts'
import type { Database } from '../database/database.ts'
import { inUrl } from '../tools/addresses.ts'
import { codeMinutes, issueCode } from './codes.ts'

type Where = Pick<Config, 'host' | 'port' | 'tls' | 'tlsPort' | 'publicWsHost'>

/** The address of the console as a browser reaches it: the public host if one is set, plain HTTP on this machine, otherwise TLS. */
export function consoleUrl({ host, port, tls, tlsPort, publicWsHost }: Where): string {
  if (publicWsHost !== undefined) return `https://${publicWsHost}/console`
  const isLocal = localName(host) === 'localhost'
  // Browsers cannot open 0.0.0.0.
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : inUrl(host)
  return isLocal || !tls ? `http://${name}:${port}/console` : `https://${name}:${tlsPort}/console`
}

/** The line with a link that signs in. */
export async function signInLine(db: Database, where: Where, now: number): Promise<string> {
  return `${consoleUrl(where)}#code=${await issueCode(db, now)}  (works once, for ${codeMinutes} minutes)`
}
