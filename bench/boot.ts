import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { installPackage } from '../server/test/support/installed-package.ts'
import { freePort } from '../server/test/support/ports.ts'
import { milliseconds } from './support/crowd.ts'
import { medianOf, spreadOf } from './support/measured.ts'
import { cpuSeconds, residentKibibytes } from './support/process.ts'
import { Report } from './support/report.ts'
import { inRounds } from './support/rounds.ts'
import { removeFolder } from './support/server.ts'
import { rootKey, signedGet } from './support/signed.ts'

/** How long the server is idle before its memory is read. */
const pause = 3000
const patience = 30_000
const appInstance = 'arn:aws:chime:us-east-1:000000000000:app-instance/none'

const bareServer = `
import { createServer } from 'node:http'
createServer((_, response) => response.end('hello')).listen(Number(process.argv[2]), '127.0.0.1')
`

/** Times in milliseconds from the start of the process. */
interface Boot {
  /** Until GET /health is answered with 200. */
  readonly ready: number
  /** Until the first signed call has been answered, too. */
  readonly called: number
  /** Of CPU, until it is ready. */
  readonly cpu: number
  readonly mebibytes: number
}

/** Whether the answer to that request is 200. Without a server there is none. */
async function isAnswered(port: number, request: Buffer): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(request)
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    return bytes.toString('latin1').startsWith('HTTP/1.1 200')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function untilAnswered(server: ChildProcess, port: number, request: Buffer): Promise<void> {
  for (const start = milliseconds(); !(await isAnswered(port, request)); await setTimeout(2)) {
    if (server.exitCode !== null || milliseconds() - start > patience) throw new Error('it does not answer')
  }
}

/** Starts that program with the root key, and ends it again. */
async function started(args: (port: number) => string[]): Promise<Boot> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const health = Buffer.from(`GET /health HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`)
  const call = await signedGet(url, '/app-instances', {}, appInstance)
  const env = {
    ...process.env,
    CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId,
    CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
  }
  const start = milliseconds()
  const server = spawn(process.execPath, args(port), { env, stdio: 'ignore' })
  try {
    await untilAnswered(server, port, health)
    const ready = milliseconds() - start
    const cpu = cpuSeconds(server.pid!) * 1000
    await untilAnswered(server, port, call)
    const called = milliseconds() - start
    await setTimeout(pause)
    return { ready, called, cpu, mebibytes: residentKibibytes(server.pid!) / 1024 }
  } finally {
    if (server.exitCode === null) {
      server.kill('SIGTERM')
      await once(server, 'exit')
    }
  }
}

/**
 * Measures how long the installed package takes to serve, with a new data folder and with an existing one, beside a bare node:http server.
 */
export async function boot(args: string[]) {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '7' } } })
  const report = new Report('boot', values)
  const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  await installPackage(folder)
  const program = join(folder, 'node_modules/carillon/bin/carillon.js')
  const bare = join(folder, 'bare.mjs')
  const serving = (data: string, tls: readonly string[]) => (port: number) => [
    program,
    'serve',
    '--port',
    String(port),
    '--data',
    join(folder, data),
    ...tls,
  ]
  const withTls = ['--tls-port', '0']
  const anew = (tls: readonly string[]) => async () => {
    await removeFolder(join(folder, 'new'))
    return started(serving('new', tls))
  }
  try {
    await writeFile(bare, bareServer)
    const figures = await inRounds<Boot>(
      {
        'bare node:http': () => started(port => [bare, String(port)]),
        'new data folder': anew(withTls),
        'data folder that is there': () => started(serving('kept', withTls)),
        'new data folder, no TLS': anew(['--no-tls']),
        'data folder that is there, no TLS': () => started(serving('kept', ['--no-tls'])),
      },
      Number(values.rounds),
    )
    report.table(
      'from the start of the process',
      [...figures].map(([kind, all]) => ({
        kind,
        'ready after ms': medianOf(all, one => one.ready),
        spread: spreadOf(all, one => one.ready),
        'first call after ms': medianOf(all, one => one.called),
        'CPU ms until ready': medianOf(all, one => one.cpu),
        'idle MiB': medianOf(all, one => one.mebibytes, 1),
        'spread of the MiB': spreadOf(all, one => one.mebibytes, 1),
      })),
    )
    await report.keep()
  } finally {
    await removeFolder(folder)
  }
}
