import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { readPair } from '../secrets/certificate-files.ts'
import { certificateNames } from '../secrets/certificates.ts'
import type { Config } from '../settings/config.ts'
import { urlsOfHosts } from '../tools/postgres-hosts.ts'
import { advice, fault, good, type Finding } from './finding.ts'

const day = 24 * 60 * 60 * 1000
const soonDays = 14

const hasName = (certificate: X509Certificate, name: string) =>
  isIP(name) ? certificate.checkIP(name) !== undefined : certificate.checkHost(name) !== undefined

/** Names without their kinds; OpenSSL writes ::1 in full. */
const namesIn = (subjectAltName: string | undefined) =>
  subjectAltName?.replaceAll(/DNS:|IP Address:/g, '').replace(/(?<= |^)0:0:0:0:0:0:0:1(?=,|$)/, '::1') ?? 'no name'

/** The paths of the certificate and its key; undefined if the server has none yet. */
function filesOf({ data, tlsCert, tlsKey }: Config) {
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey, isOwn: true }
  const made = { cert: join(data, 'server.pem'), key: join(data, 'server-key.pem'), isOwn: false }
  return existsSync(made.cert) ? made : undefined
}

/** The last day on which a certificate is valid. */
const untilOf = ({ validToDate }: X509Certificate) => validToDate.toISOString().slice(0, 10)

const renewal = 'Restart the server, which makes a new one.'

/** Whether a certificate is valid now, and for some time to come. */
function* validityOf(certificate: X509Certificate, what: string, renew: string, now: number): Generator<Finding> {
  const { validFromDate, validToDate } = certificate
  const until = untilOf(certificate)
  if (validFromDate.getTime() > now)
    yield fault(
      `${what} is valid only from ${validFromDate.toISOString()}`,
      'Correct the clock of this machine; if it is correct, get a certificate that is valid now.',
    )
  if (validToDate.getTime() <= now) yield fault(`${what} has expired on ${until}`, renew)
  else if (validToDate.getTime() < now + soonDays * day) yield advice(`${what} expires on ${until}`, renew)
}

/** What is wrong with the certificate of the TLS port, or soon will be. */
function* flawsOf(certificate: X509Certificate, { cert, isOwn }: { cert: string; isOwn: boolean }, config: Config, now: number) {
  const renew = isOwn ? 'Renew it; the server loads the new files without a restart.' : renewal
  yield* validityOf(certificate, `The TLS certificate ${cert}`, renew, now)
  // The operator's own certificate is for the name that clients use, and need not have the names of this machine.
  const missing = certificateNames(config, isOwn ? 'published' : 'all').filter(name => !hasName(certificate, name))
  if (missing.length > 0)
    yield fault(
      `The TLS certificate ${cert} is not for ${missing.join(', ')}: clients refuse it`,
      isOwn ? 'Get one with these names, or change --public-ws-host.' : renewal,
    )
}

/** What is wrong with the client certificates for PostgreSQL and NATS, or soon will be. One that cannot be read is reported with its service. */
async function ofClientCertificates({ databaseUrl, natsCert }: Config, now: number): Promise<Finding[]> {
  const [url] = databaseUrl === undefined ? [] : urlsOfHosts(databaseUrl)
  const findings: Finding[] = []
  for (const file of [url && new URL(url).searchParams.get('sslcert'), natsCert]) {
    if (!file) continue
    try {
      const certificate = new X509Certificate(await readFile(file))
      findings.push(...validityOf(certificate, `The client certificate ${file}`, 'Renew it; new connections use the new file.', now))
    } catch {
      continue
    }
  }
  return findings
}

/** The findings about the certificate of the TLS port: whether it can be used, until when, and for which names. */
async function ofListener(config: Config, now: number): Promise<Finding[]> {
  const files = config.tls ? filesOf(config) : undefined
  if (!files) return []
  const { cert } = files
  try {
    const certificate = new X509Certificate((await readPair(files)).cert)
    const flaws = [...flawsOf(certificate, files, config, now)]
    const well = good(`The TLS certificate ${cert} is valid until ${untilOf(certificate)}, for ${namesIn(certificate.subjectAltName)}`)
    return flaws.length > 0 ? flaws : [well]
  } catch (error) {
    return [fault(`The TLS certificate ${cert} cannot be used`, (error as Error).message)]
  }
}

/** The findings about the certificates of the server. */
export const certificateFindings = async (config: Config, now: number): Promise<Finding[]> => [
  ...(await ofListener(config, now)),
  ...(await ofClientCertificates(config, now)),
]
