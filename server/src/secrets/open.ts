import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPair, type CertificateFiles, type Pair } from './certificate-files.ts'
import { storedCertificates } from './certificates.ts'
import type { Config, RootKey } from '../settings/config.ts'
import { storedRootKey } from './root-key.ts'
import type { Log } from '../observe/log.ts'
import { dataFolder } from '../database/data-folder.ts'

/** The keys of a server: its certificate, and the root key of its callers. */
interface Secrets {
  readonly key: RootKey
  /** The path of the shared credentials file, if the root key is stored in one. */
  readonly file: string | undefined
  /** Undefined if TLS is off. */
  readonly certificate: { readonly files: CertificateFiles; readonly pair: Pair } | undefined
  /** Removes temporary files. */
  readonly removeFiles: () => Promise<void>
}

/**
 * The folder of the root key and the certificates. With `:memory:` it is a temporary folder, which is removed when the server ends.
 */
function keepingFolder(data: string) {
  let opened: Promise<string> | undefined
  return {
    open: () => (opened ??= data === ':memory:' ? mkdtemp(join(tmpdir(), 'carillon-')) : dataFolder(data)),
    removeFiles: async () => {
      if (data === ':memory:' && opened) await rm(await opened, { recursive: true, force: true })
    },
  }
}

type OpenFolder = () => Promise<string>

async function openRootKey({ rootKey, databaseUrl, region }: Config, folder: OpenFolder) {
  if (rootKey) return { key: rootKey, file: undefined }
  if (databaseUrl !== undefined) {
    throw new Error(
      'With --database-url the root key is given by CARILLON_ACCESS_KEY_ID and CARILLON_SECRET_ACCESS_KEY: all nodes use the same one.',
    )
  }
  return storedRootKey(await folder(), region)
}

async function openCertificate(config: Config, folder: OpenFolder, log: Log) {
  const { tls, tlsCert, tlsKey } = config
  if (!tls) return undefined
  const isOwn = tlsCert !== undefined && tlsKey !== undefined
  const files = isOwn ? { cert: tlsCert, key: tlsKey } : await storedCertificates(await folder(), config, log)
  return { files, pair: await readPair(files) }
}

/** The root key and the certificate of a server: provided by the operator, or stored in the data folder and created there. */
export async function openSecrets(config: Config, log: Log): Promise<Secrets> {
  const { open, removeFiles } = keepingFolder(config.data)
  try {
    return { ...(await openRootKey(config, open)), certificate: await openCertificate(config, open, log), removeFiles }
  } catch (error) {
    await removeFiles()
    throw error
  }
}
