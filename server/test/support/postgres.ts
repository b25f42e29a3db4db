import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './ports.ts'
import { installedPostgres, postgresPrograms, type PostgresPrograms } from './postgres-programs.ts'

const run = promisify(execFile)

export interface OwnPostgres {
  readonly url: string
  /** Its main process, while it runs. */
  pid(): Promise<number>
  start(): Promise<void>
  /** Ends it as an operator does who restarts it: what is running is broken off. */
  stop(): Promise<void>
  /** Ends it for good. */
  remove(): Promise<void>
}

/** PostgreSQL, and beside it a process that ends it once this one has ended, however that has ended. */
const untilParentEnds = 'exec 3<&0; (read -r _ <&3; kill -INT $$ 2>/dev/null) & exec "$0" "$@" 3<&- </dev/null'

/** Resolves once it takes connections. */
async function started({ postgres, owner, folder }: PostgresPrograms, port: number, flags: readonly string[]): Promise<ChildProcess> {
  const settings = ['-D', join(folder, 'data'), '-p', String(port), '-h', '127.0.0.1', '-c', 'unix_socket_directories=', ...flags]
  const child = spawn('sh', ['-c', untilParentEnds, postgres, ...settings], { ...owner, cwd: folder, stdio: ['pipe', 'ignore', 'pipe'] })
  child.once('exit', () => child.stdin.destroy())
  let log = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`PostgreSQL has ended with ${code}: ${log}`)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-10_000)
      if (/database system is ready to accept (?:read-only )?connections/.test(log)) resolve()
    })
  })
  return child
}

/** A real PostgreSQL, that of the project's own dependencies or the one in that folder, which a test may stop and start. */
export async function startPostgres(flags: readonly string[] = [], native?: string): Promise<OwnPostgres> {
  const programs = await postgresPrograms(native ?? (await installedPostgres()))
  const { initdb, owner, folder } = programs
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, 'postgres\n')
  const database = ['--pgdata', join(folder, 'data'), '--username=postgres', '--auth=password', `--pwfile=${passwordFile}`]
  await run(initdb, [...database, '--encoding=UTF8', '--locale=C', '--no-sync'], { ...owner, cwd: folder })
  const port = await freePort()
  let child = await started(programs, port, flags)
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGINT')
    await once(child, 'exit')
  }
  return {
    url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    pid: async () => child.pid!,
    async start() {
      child = await started(programs, port, flags)
    },
    stop,
    async remove() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
