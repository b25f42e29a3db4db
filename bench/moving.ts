import { createHash } from 'node:crypto'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Database } from '../server/src/database/database.ts'
import { migratePostgres, migrateSqlite } from '../server/src/database/migrate.ts'
import { PostgresDatabase } from '../server/src/database/postgres.ts'
import { SqliteDatabase } from '../server/src/database/sqlite.ts'
import { exportTo } from '../server/src/moving/export.ts'
import { readPart, type Manifest } from '../server/src/moving/folder.ts'
import { fromDatabase } from '../server/src/moving/from-database.ts'
import { Import } from '../server/src/moving/import.ts'
import { readConfig } from '../server/src/settings/config.ts'
import { startPostgres } from '../server/test/support/postgres.ts'
import { appInstanceArn } from './support/fill.ts'
import { Report } from './support/report.ts'
import { filledFolder, removeFolder } from './support/server.ts'

const follow = () => {}
const rate = 1e9
const { limits } = readConfig({}, {})

const openSqlite = async (file: string) => SqliteDatabase.open(file, { prepare: database => migrateSqlite(database, file), follow })
const openPostgres = async (url: string) =>
  PostgresDatabase.open(url, {
    prepare: client => migratePostgres(client, url),
    follow,
    onError: follow,
    connections: 4,
    storesEvents: false,
  })

/** One hash of all lines. Numbers of users differ between databases, so they are replaced by their order in the export. */
async function contentsOf(folder: string, { parts }: Manifest): Promise<string> {
  const hash = createHash('sha256')
  const places = new Map<string, string>()
  for (const [index, part] of parts.entries()) {
    for await (const text of readPart(folder, index, part)) {
      const line = JSON.parse(text) as Record<string, unknown>
      // Rows that were inserted directly have numbers that no channel has counted; an import corrects that.
      if (line['type'] === 'channel') Object.assign(line, { sequence: 0, lastEventAt: 0 })
      if (line['type'] === 'identity') places.set(String(line['ref']), `#${places.size}`)
      for (const name of ['ref', 'identity', 'member', 'sender', 'target', 'createdBy', 'invitedBy', 'pinnedBy', 'viewer'])
        if (typeof line[name] === 'string') line[name] = places.get(line[name])
      hash.update(`${JSON.stringify(line)}\n`)
    }
  }
  return hash.digest('hex')
}

/** Moves an app instance with very many messages from SQLite to SQLite and to PostgreSQL, and compares the results. */
export async function moving(args: string[]) {
  const { values } = parseArgs({
    args,
    options: { channels: { type: 'string', default: '1000' }, messages: { type: 'string', default: '1000' } },
  })
  const report = new Report('moving', values)
  const channels = Number(values.channels)
  const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  const filled = await filledFolder({ channels, users: 1000, each: 10, large: channels, messages: Number(values.messages) })
  const postgres = await startPostgres()
  const source = await openSqlite(join(filled, 'carillon.db'))
  const targets: Record<string, Database> = {
    sqlite: await openSqlite(join(folder, 'carillon.db')),
    postgres: await openPostgres(postgres.url),
  }
  const rows: Record<string, string | number>[] = []
  const timed = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
    const start = performance.now()
    const result = await work()
    const seconds = (performance.now() - start) / 1000
    rows.push({
      what,
      seconds: Math.round(seconds * 10) / 10,
      'MiB of memory at the most': Math.round(process.resourceUsage().maxRSS / 1024),
    })
    return result
  }
  const exported = async (db: Database, name: string) =>
    timed(`export from ${name}`, async () => exportTo(join(folder, name), fromDatabase(db, appInstanceArn), { now: Date.now, rate }))
  try {
    const manifest = await exported(source, 'source')
    if (manifest.counts['message'] !== channels * Number(values.messages)) throw new Error('The export has not all messages.')
    const before = await contentsOf(join(folder, 'source'), manifest)
    for (const [kind, db] of Object.entries(targets)) {
      await timed(`import into ${kind}`, async () => new Import(db, { now: Date.now, rate, limits }).run(join(folder, 'source')))
      const arrived = await contentsOf(join(folder, kind), await exported(db, kind))
      if (arrived !== before) throw new Error(`What has arrived in ${kind} is not what was exported.`)
    }
    const { parts, counts } = JSON.parse(await readFile(join(folder, 'source/manifest.json'), 'utf8')) as Manifest
    report.tell({
      messages: counts['message'],
      MiB: Math.round(parts.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20),
      compared: 'equal',
    })
    report.table('one after the other, in one process', rows)
    await report.keep()
  } finally {
    await source.close()
    for (const db of Object.values(targets)) await db.close()
    await postgres.stop()
    await removeFolder(folder)
    await removeFolder(filled)
  }
}
