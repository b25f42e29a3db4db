import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { databaseFile } from '../../src/database/data-folder.ts'
import { statement } from '../../src/database/database.ts'
import { migrations } from '../../src/database/migrate.ts'
import { postgresDialect, sqliteDialect } from '../../src/database/migrations/dialect.ts'
import { createPostgresDatabase, databaseKinds, refusal, startWorld, type World } from '../support/world.ts'
import { temporaryFolder } from '../support/process.ts'
import { days, open, rowsIn, runJob, say } from '../api/acts.ts'

type Row = Readonly<Record<string, string | number>>

interface Recorded {
  /** Calls of the SDK with a ClientRequestToken, and their answers. The last one is that of an older node. */
  readonly calls: readonly { readonly operation: string; readonly input: Row; readonly answer: Row }[]
  /** What they left in the database. The rows of request_tokens are in the order of the calls. */
  readonly rows: Readonly<Record<string, readonly Row[]>> & { readonly request_tokens: readonly Row[] }
}

/** A recording of a server of schema version 19, which had not been changed for it. */
const recorded = async () => JSON.parse(await readFile(join(import.meta.dirname, 'version-19.json'), 'utf8')) as Recorded

const version = 19
const inserted = (table: string, row: Row, overriding = '') => {
  const columns = Object.keys(row)
  return `insert into ${table} (${columns.join()}) ${overriding} values (${columns.map((_, index) => `$${index + 1}`).join()})`
}

/** Runs statements on a database before any server does. */
async function onDatabase(place: { data: string } | { databaseUrl: string }, work: (run: Run) => Promise<void>) {
  if ('databaseUrl' in place) {
    const client = new Client(place.databaseUrl)
    await client.connect()
    await work(async (text, values) => void (await client.query(text, values as unknown[])))
    await client.end()
  } else {
    const file = new DatabaseSync(databaseFile(place.data))
    await work(async (text, values) => void (values ? file.prepare(text.replaceAll('$', '?')).run(...values) : file.exec(text)))
    file.close()
  }
}
type Run = (text: string, values?: (string | number)[]) => Promise<void>

/** A database of version 19 with these rows. */
async function databaseOf19(kind: (typeof databaseKinds)[number], rows: Recorded['rows']) {
  const place = kind === 'postgres' ? { databaseUrl: await createPostgresDatabase() } : { data: await temporaryFolder() }
  const [dialect, overriding] = kind === 'postgres' ? [postgresDialect, 'overriding system value'] : [sqliteDialect, '']
  await onDatabase(place, async run => {
    await run('create table schema_versions (version integer primary key, applied_at bigint not null)')
    for (const [index, migration] of migrations.slice(0, version).entries()) {
      await run(migration(dialect, 0))
      await run(`insert into schema_versions values (${index + 1}, 0)`)
    }
    for (const [table, some] of Object.entries(rows)) {
      for (const row of some) await run(inserted(table, row, overriding), Object.values(row))
      if (kind === 'postgres' && some.some(({ id }) => typeof id === 'number'))
        await run(`select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`)
    }
  })
  return place
}

type Clients = Record<'identity' | 'messaging', Record<string, (input: object) => Promise<{ readonly $metadata: unknown }>>>

/** Repeats a recorded call through the SDK. */
async function repeated(world: World, { operation, input }: Recorded['calls'][number], change: object = {}) {
  const { identity, messaging } = world as unknown as Clients
  const client = operation in identity ? identity : messaging
  const { $metadata: _, ...answer } = await client[operation]!({ ...input, ...change })
  return answer
}

const messagesIn = async ({ messaging }: World, { ChannelArn, ChimeBearer }: Row) =>
  (await messaging.listChannelMessages({ ChannelArn: String(ChannelArn), ChimeBearer: String(ChimeBearer) })).ChannelMessages!.length

test.each(databaseKinds)(
  'a call that a server of version 19 has answered, before the upgrade or beside a newer node, is not carried out again: on %s',
  async kind => {
    const { calls, rows } = await recorded()
    const tokens = rows.request_tokens.map(row => ({ ...row, created_at: Date.now() }))
    const [before, [beside]] = [calls.slice(0, -1), calls.slice(-1)]
    const world = await startWorld(kind, await databaseOf19(kind, { ...rows, request_tokens: tokens.slice(0, -1) }))
    onTestFinished(() => world.close())
    expect(before.map(({ operation }) => operation)).toEqual([
      'createAppInstance',
      'createAppInstanceUser',
      'createChannel',
      'sendChannelMessage',
    ])
    for (const each of before) expect(await repeated(world, each)).toEqual(each.answer)
    await world.app.db.run(statement(inserted('request_tokens', tokens.at(-1)!)), ...Object.values(tokens.at(-1)!))
    // One after the other, and many at once, which share a transaction on PostgreSQL.
    expect(await repeated(world, beside!)).toEqual(beside!.answer)
    const all = await Promise.all(Array.from({ length: 20 }, () => repeated(world, beside!)))
    expect(all).toEqual(all.map(() => beside!.answer))
    expect(await messagesIn(world, beside!.input)).toBe(2)

    for (const each of [...before.slice(1), beside!]) {
      const changed = repeated(world, each, each.operation === 'sendChannelMessage' ? { Content: 'other' } : { Metadata: 'other' })
      expect(await refusal(changed)).toMatchObject({ name: 'ConflictException', status: 409 })
    }
    const another = await repeated(world, beside!, { ClientRequestToken: 'another' })
    expect(another).not.toEqual(beside!.answer)
    expect(await repeated(world, beside!, { ClientRequestToken: 'another' })).toEqual(another)
    expect(await messagesIn(world, beside!.input)).toBe(3)
  },
)

test.each(databaseKinds)('a token of version 19 counts for a day and is then deleted: on %s', async kind => {
  const { calls, rows } = await recorded()
  const message = calls.at(-1)!
  const tokens = rows.request_tokens.map((row, index) => ({ ...row, created_at: Date.now() - (index === 0 ? days(2) : 0) }))
  const world = await startWorld(kind, await databaseOf19(kind, { ...rows, request_tokens: tokens }))
  onTestFinished(() => world.close())
  await runJob(world, 'request-tokens')
  expect(await rowsIn(world, 'request_tokens')).toBe(tokens.length - 1)
  world.advance(days(1.1))
  const again = await repeated(world, message)
  expect(again).not.toEqual(message.answer)
  expect(await repeated(world, message)).toEqual(again)
  await runJob(world, 'request-tokens')
  expect(await rowsIn(world, 'request_tokens')).toBe(0)
})

/** As version 20 was before the first release. */
const asOf20 = [
  'drop table request_tokens',
  'alter table answered_tokens rename to request_tokens',
  'drop table access_changes',
  'alter table access_version drop column mark',
  'alter table outbox drop column leased_by',
  'alter table job_leases drop column held_by',
  ...['leased_by', 'paused_until', 'pause_reason'].map(column => `alter table outbox_lanes drop column ${column}`),
  'drop index identities_former',
  'delete from schema_versions where version > 20',
]

test.each(databaseKinds)(
  'the tokens of a database that was at version 20 before the first release count after the upgrade: on %s',
  async kind => {
    const place = kind === 'postgres' ? { databaseUrl: await createPostgresDatabase({ made: true }) } : { data: await temporaryFolder() }
    const before = await startWorld(kind, place)
    const { user } = await before.appInstance(['a'])
    const channel = await open(before, user('a'))
    const sent = await say(before, user('a'), channel, 'x', { ClientRequestToken: 'earlier' })
    await before.close()
    await onDatabase(place, async run => {
      for (const text of asOf20) await run(text)
    })
    const after = await startWorld(kind, place)
    onTestFinished(() => after.close())
    expect(await say(after, user('a'), channel, 'x', { ClientRequestToken: 'earlier' })).toBe(sent)
    expect(await say(after, user('a'), channel, 'x', { ClientRequestToken: 'later' })).not.toBe(sent)
  },
)
