import { X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readPair } from '../certificate-files.ts'
import { keptCertificates, localName } from '../certificates.ts'
import type { Config } from '../config.ts'
import { createLog } from '../log.ts'
import { dataFolder } from '../store/open.ts'
import { quoted } from './quoted.ts'
import { addSettings, configOf, type Flags } from './settings.ts'

/** What a certificate is good for, in one line. */
function described(pem: string) {
  const { subjectAltName = '', validToDate } = new X509Certificate(pem)
  const names = subjectAltName.replaceAll(/(?:DNS|IP Address):/g, '')
  return `It is for ${names || 'no name'}, until ${validToDate.toISOString().slice(0, 10)}.`
}

/** How each kind of client is told to trust the CA. */
function trust(ca: string, { host, tlsPort }: Config) {
  return [
    ['Node', `export NODE_EXTRA_CA_CERTS=${ca}`],
    ['boto3, AWS CLI', `export AWS_CA_BUNDLE=${ca}    (they trust nothing else then)`],
    ['curl', `curl --cacert ${ca} https://${localName(host)}:${tlsPort}/health`],
    ['Debian, Ubuntu', `sudo cp ${ca} /usr/local/share/ca-certificates/carillon.crt && sudo update-ca-certificates`],
    ['Chromium on Linux', `certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n carillon -i ${ca}    (of libnss3-tools)`],
    ['Firefox', `Settings, Privacy & Security, View Certificates, Authorities, Import: ${ca}`],
    ['macOS', `sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${ca}`],
    ['Windows', `certutil -addstore -f Root ca.pem    (as administrator, on a copy of the file)`],
  ].map(([client, how]) => `  ${client!.padEnd(19)}${how}\n`)
}

async function certs(flags: Flags) {
  const config = configOf(flags)
  const { data, tlsCert, tlsKey } = config
  if (tlsCert !== undefined && tlsKey !== undefined) {
    const { cert } = await readPair({ cert: tlsCert, key: tlsKey })
    process.stdout.write(`The certificate in use is your own: ${quoted(resolve(tlsCert))}\n${described(cert)}\n`)
    return
  }
  if (data === ':memory:') throw new Error('With --data :memory: no certificate is kept. Give a folder.')
  const files = await keptCertificates(await dataFolder(data), config, createLog(config.logLevel))
  const { cert } = await readPair(files)
  const ca = quoted(files.ca)
  process.stdout.write(
    `The certificate is made by a CA of its own: ${ca}\n${described(cert)}\nClients trust it thus:\n\n${trust(ca, config).join('')}`,
  )
}

/** Adds `carillon certs`. */
export function addCerts(program: Command) {
  addSettings(
    program.command('certs').description('make the TLS certificates where they are missing, and say how clients trust them'),
  ).action(certs)
}
