import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { copyOf } from '../../../bench/support/postgres-client.ts'
import { statement } from '../../src/database/database.ts'
import { subjectsFor } from '../../src/nodes/open-nats-bus.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { createPostgresDatabase, startWorld } from '../support/world.ts'

async function startNode(databaseUrl: string, natsUrl: string) {
  const node = await startWorld('postgres', { databaseUrl, natsUrl })
  onTestFinished(() => node.close())
  return node
}

/** A node on a database of its own, and the subject of the roll call there. */
async function startOriginal() {
  const { url } = await startNats()
  const databaseUrl = await createPostgresDatabase({ made: true })
  const first = await startWorld('postgres', { databaseUrl, natsUrl: url })
  const { rollCall } = await subjectsFor(first.app.db)
  return { url, databaseUrl, first, rollCall }
}

const nameOfCopy = (databaseUrl: string) => `${new URL(databaseUrl).pathname.slice(1)}_copy`

/** Two nodes that start on that copy at once have the same subjects, and not those of the original. */
async function expectOtherSubjects(copy: string, natsUrl: string, ofOriginal: string) {
  const copied = await Promise.all([startNode(copy, natsUrl), startNode(copy, natsUrl)])
  const [one, other] = await Promise.all(copied.map(async ({ app }) => (await subjectsFor(app.db)).rollCall))
  expect(one).not.toBe(ofOriginal)
  expect(other).toBe(one)
}

test.skipIf(!hasNats)(
  'nodes on a restored copy of a database get other subjects than those on the original, over the same NATS',
  async () => {
    const { url, databaseUrl, first, rollCall } = await startOriginal()
    await first.close()
    const copy = await copyOf(databaseUrl, nameOfCopy(databaseUrl))
    const original = await startNode(databaseUrl, url)
    await expectOtherSubjects(copy, url, rollCall)
    expect((await subjectsFor(original.app.db)).rollCall).toBe(rollCall)
  },
)

test.skipIf(!hasNats)(
  'nodes on a restored copy of a database of an older version, which did not store which PostgreSQL it is in, get other subjects too',
  async () => {
    const { url, databaseUrl, first, rollCall } = await startOriginal()
    const older = statement(`delete from settings where name = 'bus-database'`)
    await first.app.db.run(older)
    expect((await subjectsFor(first.app.db)).rollCall, 'while a node is alive').toBe(rollCall)
    await first.app.db.run(older)
    await first.close()
    await expectOtherSubjects(await copyOf(databaseUrl, nameOfCopy(databaseUrl)), url, rollCall)
  },
)

test.skipIf(!hasNats)(
  'nodes that are alive while PostgreSQL gets another identity, as by pg_upgrade, keep their subjects, also for nodes that start beside them',
  async () => {
    const { url, databaseUrl, first, rollCall } = await startOriginal()
    await first.app.db.run(statement(`update settings set value = 'another' where name = 'bus-database'`))
    const second = await startWorld('postgres', { databaseUrl, natsUrl: url })
    expect((await subjectsFor(second.app.db)).rollCall).toBe(rollCall)
    await first.close()
    await second.close()
    const next = await startNode(databaseUrl, url)
    expect((await subjectsFor(next.app.db)).rollCall).not.toBe(rollCall)
  },
)

const failing = `create function pg_control_system() returns table (system_identifier bigint) language plpgsql as
  $$ begin raise 'not supported' using errcode = 'feature_not_supported'; end $$`
test.each([
  ['the role may not read it', () => 'revoke execute on function pg_catalog.pg_control_system() from public'],
  ['there is none', (role: string) => `alter role ${role} set search_path = public, pg_catalog; ${failing}`],
])('if the identity of PostgreSQL cannot be read, since %s, nodes have a name on NATS all the same', async (_, prevent) => {
  const databaseUrl = await createPostgresDatabase({ made: true })
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  const role = `role_of_${client.database!}`
  await client.query(`create role ${role} login password 'secret'; grant all on schema public to ${role}`)
  await client.query(`grant all on all tables in schema public to ${role}; ${prevent(role)}`)
  onTestFinished(async () => {
    await client.query(`drop owned by ${role}; drop role ${role}`)
    await client.end()
  })
  const url = Object.assign(new URL(databaseUrl), { username: role, password: 'secret' })
  const node = await startWorld('postgres', { databaseUrl: url.href })
  onTestFinished(() => node.close())
  const [{ rollCall }, again] = [await subjectsFor(node.app.db), await subjectsFor(node.app.db)]
  expect(rollCall).toBe(again.rollCall)
})
