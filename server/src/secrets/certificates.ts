import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { CertificateFiles } from './certificate-files.ts'
import type { Config } from '../settings/config.ts'
import { makeFile, replaceFile, textOf } from './secret-file.ts'
import type { Log } from '../observe/log.ts'

const day = 24 * 60 * 60 * 1000
/** The days for which a certificate is valid; browsers refuse more than 398. */
const lifetimeDays = 397
const renewalDays = 30

const isWildcard = (host: string) => host === '0.0.0.0' || host === '::'

/** The name of the listening address on this machine. */
export const localName = (host: string) => (isWildcard(host) || /^127\.|^::1$/.test(host) ? 'localhost' : host)

/** The names that a certificate must have for this configuration: all of them, or only the public host that clients use. */
export function certificateNames(
  { host, publicWsHost }: Pick<Config, 'host' | 'publicWsHost'>,
  which: 'all' | 'published' = 'all',
): string[] {
  const published = publicWsHost?.replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, '')
  if (which === 'published') return published === undefined ? [] : [published]
  const given = [isWildcard(host) ? undefined : host.replace(/%.*$/, ''), published].filter(name => name !== undefined)
  return [...new Set(['localhost', '127.0.0.1', '::1', ...given])]
}

/** What is wrong with a chain; undefined if it is valid for this key and these names and lasts long enough. */
function flaw(chain: string, key: KeyObject, names: readonly string[]): string | undefined {
  if (chain.split(/(?=-----BEGIN)/).length !== 2) return 'it is not a certificate and its CA'
  let leaf: X509Certificate
  try {
    leaf = new X509Certificate(chain)
  } catch {
    return 'it is not a certificate'
  }
  if (!leaf.checkPrivateKey(key)) return 'it belongs to another key'
  const missing = names.find(name => !(isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name, { subject: 'never' })))
  if (missing !== undefined) return `it lacks the name ${missing}`
  return leaf.validToDate.getTime() < Date.now() + renewalDays * day ? `it ends on ${leaf.validTo}` : undefined
}

/** Positive, and as long as browsers accept. */
const serialNumber = () => `01${randomBytes(15).toString('hex')}`

/**
 * A certificate for this key, followed by that of a new CA. The CA's private key is never written and exists for one signature
 * only: a thief of the data folder cannot make certificates that clients of this CA would trust.
 */
async function newChain(key: KeyObject, names: readonly string[]): Promise<string> {
  // Loaded only if it is used.
  const x509 = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const publicKey = createPublicKey(key).toCryptoKey(algorithm, true, ['verify'])
  const authority = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const now = Date.now()
  // Valid since yesterday, because clocks differ.
  const common = { notBefore: new Date(now - day), notAfter: new Date(now + (lifetimeDays - 1) * day), signingAlgorithm: algorithm }
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    serialNumber: serialNumber(),
    name: [{ CN: [`Carillon CA of ${new Date(now).toISOString()}`] }],
    keys: authority,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authority.publicKey),
    ],
  })
  const leaf = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: serialNumber(),
    subject: [{ CN: ['Carillon'] }],
    issuer: ca.subjectName,
    publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(name => ({ type: isIP(name) ? 'ip' : 'dns', value: name }))),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  })
  return `${leaf.toString('pem')}\n${ca.toString('pem')}\n`
}

async function storedKey(file: string): Promise<KeyObject> {
  if ((await textOf(file)) === undefined) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    await makeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600)
  }
  try {
    const key = createPrivateKey(await readFile(file))
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('its curve is not P-256')
    return key
  } catch (error) {
    throw new Error(`${file} is not a key of Carillon: ${String(error)}. Remove it, and the server creates a new one.`, { cause: error })
  }
}

/**
 * The certificates of a data folder: `server-key.pem`, made once; `server.pem`, the certificate and its CA, made again if a name is missing
 * or it is about to expire; `ca.pem`, the CA alone. Processes that start at the same time use one certificate: the first one's key wins,
 * and each process repeats its steps until the three files match. The machine's name is in the certificate, but a new name does not make a
 * new certificate: containers get one at every start.
 */
export async function storedCertificates(folder: string, config: Config, log: Log): Promise<CertificateFiles & { ca: string }> {
  const files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'server.pem'), key: join(folder, 'server-key.pem') }
  const names = certificateNames(config)
  const key = await storedKey(files.key)
  for (;;) {
    const chain = await textOf(files.cert)
    const reason = chain === undefined ? 'there is none' : flaw(chain, key, names)
    if (chain !== undefined && reason === undefined) {
      const ca = chain.slice(chain.lastIndexOf('-----BEGIN'))
      if ((await textOf(files.ca)) === ca) return files
      await replaceFile(files.ca, ca, 0o644)
      continue
    }
    const machine = /^[\w.-]+$/.test(hostname()) ? [hostname()] : []
    const made = await newChain(key, [...new Set([...names, ...machine])])
    const stillWrong = flaw(made, key, names)
    if (stillWrong !== undefined) throw new Error(`No certificate can be created: ${stillWrong}.`)
    if (chain === undefined) await makeFile(files.cert, made, 0o644)
    else {
      await replaceFile(files.cert, made, 0o644)
      log.warn({ reason, ca: files.ca }, 'A new TLS certificate and a new CA have been created; clients must trust the new CA')
    }
  }
}
