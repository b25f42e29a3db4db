import { X509Certificate } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readPair } from '../secrets/certificate-files.ts'
import { storedCertificates, localName } from '../secrets/certificates.ts'
import type { Config } from '../settings/config.ts'
import { createLog } from '../observe/log.ts'
import { dataFolder } from '../database/data-folder.ts'
import { quoted } from './quoted.ts'
import { addSettings, configOf, type Flags } from './settings.ts'

/** Formats the name of a certificate without its kind. Node prints all eight groups of an IPv6 address; people write it shorter. */
function shown(name: string) {
  const [, kind, value = name] = /^(DNS|IP Address):(.*)$/.exec(name) ?? []
  return kind === 'IP Address' && isIPv6(value) ? new URL(`http://[${value}]`).hostname.slice(1, -1) : value
}

/** Describes a certificate in one line. */
function described(pem: string) {
  const { subjectAltName = '', validToDate } = new X509Certificate(pem)
  const names = subjectAltName.split(', ').map(shown)
  return `It is for ${names.join(', ') || 'no name'}, until ${validToDate.toISOString().slice(0, 10)}.`
}

/** For each kind of client the steps after which it trusts the CA. Each shell line can be pasted unchanged. */
function trust(ca: string, { host, tlsPort }: Config) {
  return [
    ['Node, and with it the AWS SDK for JavaScript', `export NODE_EXTRA_CA_CERTS=${ca}`],
    ['boto3 and the AWS CLI, which then trust no other CA', `export AWS_CA_BUNDLE=${ca}`],
    ['curl, here with a server that runs', `curl --cacert ${ca} https://${localName(host)}:${tlsPort}/health`],
    ['Debian and Ubuntu', `sudo cp ${ca} /usr/local/share/ca-certificates/carillon.crt && sudo update-ca-certificates`],
    [
      'Chromium and Chrome on Linux, with certutil of the package libnss3-tools',
      `mkdir -p "$HOME/.pki/nssdb" && certutil -d "sql:$HOME/.pki/nssdb" -A -t C,, -n carillon -i ${ca}`,
    ],
    ['Firefox', `Settings > Privacy & Security > View Certificates > Authorities > Import: ${ca}`],
    ['macOS', `sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${ca}`],
    ['Windows, as administrator and on a copy of the file', 'certutil -addstore -f Root ca.pem'],
  ]
    .map(([client, how]) => `\n${client}:\n  ${how}\n`)
    .join('')
}

async function certs(flags: Flags) {
  const config = configOf(flags)
  const { data, tlsCert, tlsKey } = config
  if (tlsCert !== undefined && tlsKey !== undefined) {
    const { cert } = await readPair({ cert: tlsCert, key: tlsKey })
    process.stdout.write(`The certificate in use is your own: ${quoted(resolve(tlsCert))}\n${described(cert)}\n`)
    return
  }
  if (data === ':memory:') throw new Error('With --data :memory: no certificate is stored. Give a folder.')
  const files = await storedCertificates(await dataFolder(data), config, createLog(config.logLevel))
  const { cert } = await readPair(files)
  const ca = quoted(files.ca)
  process.stdout.write(
    `The certificate is made by a CA of its own: ${ca}\n${described(cert)}\n` +
      `Clients that connect by https or wss have to trust that CA:\n${trust(ca, config)}`,
  )
}

/** Adds `carillon certs`. */
export function addCerts(program: Command) {
  addSettings(program.command('certs').description('make the TLS certificates if they are missing, and print how clients trust them'), [
    'host',
    'tlsPort',
    'publicWsHost',
    'tlsCert',
    'tlsKey',
  ]).action(certs)
}
