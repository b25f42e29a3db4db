import type { Command } from 'commander'
import { inUrl } from '../tools/addresses.ts'
import { addSettings, configOf, type Flags } from './settings.ts'

/** How long a server may take to answer; supervisors wait about as long. */
const patience = 5000

/** A server that listens on all addresses is called at the loopback address. */
const reachable = (host: string) => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host)

function pageOf(flags: Flags): URL {
  const { host, port, adminAddress } = configOf(flags)
  const url = new URL('http://localhost/health')
  const [, adminHost, adminPort] = /^(.*):(\d+)$/.exec(adminAddress ?? '') ?? []
  url.hostname = inUrl(reachable((adminHost ?? host).replace(/^\[|\]$/g, '')))
  url.port = adminPort ?? String(port)
  return url
}

async function ask(flags: Flags) {
  const page = pageOf(flags)
  let status: number
  try {
    const response = await fetch(page, { signal: AbortSignal.timeout(patience) })
    await response.body?.cancel()
    status = response.status
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error }
    throw new Error(`The server at ${page.origin} does not answer: ${cause?.message || message}.`, { cause: error })
  }
  if (status !== 200) throw new Error(`The server at ${page.origin} is not healthy: ${page.pathname} answers ${status}.`)
  process.stdout.write(`The server at ${page.origin} is healthy.\n`)
}

/** Adds `carillon health`. */
export function addHealth(program: Command) {
  addSettings(program.command('health').description('check whether the server of these settings works; exit code 1 if it does not'), [
    'host',
    'port',
    'adminAddress',
  ]).action(ask)
}
