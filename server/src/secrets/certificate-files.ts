import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Log } from '../observe/log.ts'

/** The paths of a certificate, followed by its chain, and of its private key. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** The contents of these files, as a TLS server takes them. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** How often the files are checked. Their content is compared, since replacing a link may leave all dates unchanged. */
const reloadMilliseconds = 2000

async function read(name: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Error(`The TLS ${name} ${file} cannot be read: ${String(error)}.`, { cause: error })
  }
}

/** Reads the files. Throws an Error of one line if no server could use them. */
export async function readPair(files: CertificateFiles): Promise<Pair> {
  const pair = { cert: await read('certificate', files.cert), key: await read('key', files.key) }
  try {
    createSecureContext(pair)
  } catch (error) {
    throw new Error(`The TLS certificate ${files.cert} and the key ${files.key} cannot be used: ${String(error)}.`, { cause: error })
  }
  return pair
}

/**
 * Calls back with each new pair in the files, until it is stopped. A pair that cannot be used is logged once, and the previous one stays.
 */
export function followPair(files: CertificateFiles, first: Pair, { take, log }: { take: (pair: Pair) => void; log: Log }): () => void {
  let seen = first.cert + first.key
  const look = async () => {
    const next = await readPair(files).catch((error: Error) => error)
    const now = next instanceof Error ? next.message : next.cert + next.key
    if (now === seen) return
    seen = now
    if (next instanceof Error) {
      log.warn({ err: next }, 'The new TLS certificate cannot be used; the server continues with the old one')
      return
    }
    take(next)
    log.info({ cert: files.cert }, 'The TLS certificate has been reloaded from its files')
  }
  const timer = setInterval(() => void look(), reloadMilliseconds).unref()
  return () => clearInterval(timer)
}
