import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from './ports.ts'
import { installedPostgres, newFolder, postgresPrograms, type PostgresPrograms } from './postgres-programs.ts'

const run = promisify(execFile)

export interface OwnPostgres {
  readonly url: string
  /** Its main process, while it runs. */
  pid(): Promise<number>
  start(): Promise<void>
  /** Ends it as an operator does who restarts it: running statements are cancelled. */
  stop(): Promise<void>
  /** Ends it at once, without a checkpoint, as a crash does. */
  crash(): Promise<void>
  /** A standby of it, on that port, which has every transaction before its commit is acknowledged. */
  standby(port: number): Promise<OwnPostgres>
  /** Makes a standby the primary. */
  promote(): Promise<void>
  /** Ends it for good. */
  remove(): Promise<void>
}

interface Cluster {
  readonly programs: PostgresPrograms
  readonly port: number
  readonly flags: readonly string[]
}

/** PostgreSQL, and beside it a process that ends it once this one has ended, for whatever reason. */
const untilParentEnds = 'exec 3<&0; (read -r _ <&3; kill -INT $$ 2>/dev/null) & exec "$0" "$@" 3<&- </dev/null'

/** Resolves once it accepts connections. */
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
  return running({ programs, port: await freePort(), flags })
}

const urlOf = (port: number) => `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`

/** Runs `work` with a connection. */
async function connected<Result>(port: number, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: urlOf(port) })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Copies the files of a running PostgreSQL, as its documents describe for a base backup, to the folder of a standby. */
async function copyTo(folder: string, { programs: { folder: from, owner }, port }: Cluster) {
  const [source, target] = [join(from, 'data'), join(folder, 'data')]
  await connected(port, async client => {
    await client.query(`select pg_backup_start('standby', true)`)
    // Files may vanish meanwhile; the log of the primary has the changes.
    await run('cp', ['-a', source, target], { ...owner, cwd: '/' }).catch(() => {})
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop()')
    await writeFile(join(target, 'backup_label'), rows[0]!.labelfile)
  })
  await rm(join(target, 'postmaster.pid'), { force: true })
  await writeFile(join(target, 'standby.signal'), '')
  const settings = `primary_conninfo = 'host=127.0.0.1 port=${port} user=postgres password=postgres'\nsynchronous_standby_names = ''\n`
  await appendFile(join(target, 'postgresql.auto.conf'), settings)
  const { uid, gid } = owner
  if (uid !== undefined) await run('chown', ['-R', `${uid}:${gid}`, target])
}

async function running(cluster: Cluster): Promise<OwnPostgres> {
  const { programs, port, flags } = cluster
  const { folder } = programs
  let child = await started(programs, port, flags)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  const stop = async () => end('SIGINT')
  return {
    url: urlOf(port),
    crash: async () => end('SIGQUIT'),
    async standby(own) {
      const copy = await newFolder(programs.owner)
      await copyTo(copy, cluster)
      const standby = await running({ programs: { ...programs, folder: copy }, port: own, flags })
      await connected(port, async client => {
        await client.query(`alter system set synchronous_standby_names = '*'`)
        await client.query('select pg_reload_conf()')
        const isInStep = async () => (await client.query(`select from pg_stat_replication where sync_state = 'sync'`)).rows.length > 0
        while (!(await isInStep())) await setTimeout(20)
      })
      return standby
    },
    promote: async () => connected(port, async client => void (await client.query('select pg_promote()'))),
    pid: async () => child.pid!,
    async start() {
      child = await started(programs, port, flags)
    },
    stop,
    async remove() {
      await stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
