import { webcrypto } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { temporaryFolder } from './process.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const hour = 3_600_000

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
}

/** A new CA, and certificates of it for this machine and for clients, as PEM files in a folder that is deleted after the test. */
export async function makeCertificates() {
  const folder = await temporaryFolder()
  const keys = async () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const common = { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + hour), signingAlgorithm: algorithm }
  const authority = await keys()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    name: 'CN=Test CA',
    keys: authority,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)],
  })
  const put = async (name: string, content: string) => {
    const file = join(folder, name)
    await writeFile(file, content)
    return file
  }
  const issue = async (name: string, usage: x509.ExtendedKeyUsage, [type, value]: ['ip' | 'dns', string] = ['ip', '127.0.0.1']) => {
    const own = await keys()
    const certificate = await x509.X509CertificateGenerator.create({
      ...common,
      subject: `CN=${name}`,
      issuer: ca.subjectName,
      publicKey: own.publicKey,
      signingKey: authority.privateKey,
      extensions: [new x509.ExtendedKeyUsageExtension([usage]), new x509.SubjectAlternativeNameExtension([{ type, value }])],
    })
    return {
      certificate: await put(`${name}.pem`, certificate.toString('pem')),
      key: await put(`${name}.key`, await pemOf(own.privateKey)),
    }
  }
  return {
    ca: await put('ca.pem', ca.toString('pem')),
    server: await issue('server', x509.ExtendedKeyUsage.serverAuth),
    /** A server of that CA with another name. */
    localhost: await issue('localhost', x509.ExtendedKeyUsage.serverAuth, ['dns', 'localhost']),
    client: await issue('client', x509.ExtendedKeyUsage.clientAuth),
  }
}
