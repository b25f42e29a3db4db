import { Client } from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { fill } from '../../../bench/support/fill.ts'
import { operations, type OperationName } from '../../src/contract/index.ts'
import { openDatabase } from '../../src/database/open.ts'
import { shareableAs, type Database, type Queries, type Statement, type Transaction, type Value } from '../../src/database/database.ts'
import { jobsOf } from '../../src/jobs/index.ts'
import { purgeStep } from '../../src/jobs/purge.ts'
import { createLog } from '../../src/observe/log.ts'
import { readConfig } from '../../src/settings/config.ts'
import { cases } from '../operations/cases.ts'
import { call, makeFixture } from '../operations/fixture.ts'
import { hasNats } from '../support/nats.ts'
import { Listening, presignedUrl } from '../support/sockets.ts'
import { createPostgresDatabase, startWorld } from '../support/world.ts'

/** Of memberships and of messages; PLAN_ROWS=1000000 was run by hand. */
const rows = Number(process.env['PLAN_ROWS'] ?? 100_000)
const each = 50
/** The tables that have so many rows, or a fiftieth of them. */
const filled = new Set(['memberships', 'messages', 'channels', 'identities'])

const texts = new Set<string>()

function hear({ text, many }: Statement<unknown>) {
  texts.add(text)
  if (many) hear(many)
}

const heardQueries = (queries: Queries): Queries => ({
  all: async <Row>(statement: Statement<Row>, ...values: Value[]) => {
    hear(statement)
    return queries.all(statement, ...values)
  },
  get: async <Row>(statement: Statement<Row>, ...values: Value[]) => {
    hear(statement)
    return queries.get(statement, ...values)
  },
  run: async (statement: Statement<never>, ...values: Value[]) => {
    hear(statement)
    return queries.run(statement, ...values)
  },
})

/** Between a server and its database: notes every statement. */
const through = (database: Database): Database => ({
  ...heardQueries(database),
  kind: database.kind,
  transaction: async work => {
    const seen = async (tx: Transaction) =>
      work({ ...heardQueries(tx), keepsEvents: tx.keepsEvents, afterCommit: (what, channelId) => tx.afterCommit(what, channelId) })
    return database.transaction(shareableAs(work, seen))
  },
  of: place => through(database.of(place)),
  tidy: async () => database.tidy(),
  close: async () => database.close(),
})

let client: Client | undefined
beforeAll(async () => {
  const settings = { appInstances: '100000', elasticChannelsPerAppInstance: '100', ...(hasNats && { natsUrl: inject('natsUrl') }) }
  const world = await startWorld('postgres', settings, { through })
  for (const name of Object.keys(operations) as OperationName[]) {
    const fixture = await makeFixture(world)
    for (const input of await cases[name].inputs(fixture)) await call(fixture, name, input)
  }
  const { app, now, advance } = world
  const { user } = await world.appInstance(['alice'])
  for (let count = 0; count < 2; count++) {
    const socket = new Listening(await presignedUrl(app, user('alice'), { sessionId: 'one', query: { 'prefetch-on': 'connect' } }))
    await socket.next()
    socket.socket.terminate()
    await socket.closed
  }
  advance(90 * 86_400_000)
  for (const { run } of jobsOf({ db: app.db, now })) await run()
  while (await purgeStep(app.db, now()));
  await world.close()

  const databaseUrl = await createPostgresDatabase({ made: true })
  const db = await openDatabase(readConfig({ databaseUrl }, {}), { log: createLog('fatal'), follow: () => {} })
  await fill(db, { channels: rows / each, users: rows / each, each, large: rows / each / 2, messages: each })
  await db.close()
  client = new Client({ connectionString: databaseUrl })
  await client.connect()
}, 1_200_000)
afterAll(async () => client?.end())

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Cond'?: string
  readonly Plans?: readonly Plan[]
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

async function planOf(text: string): Promise<Plan[]> {
  const { rows } = await client!.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }>(`explain (generic_plan, format json) ${text}`)
  return nodesOf(rows[0]!['QUERY PLAN'][0]!.Plan)
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

/** Of each statement the tables that it reads from one end to the other. */
async function readsOf(reads: (plan: Plan) => boolean): Promise<string[]> {
  const found: string[] = []
  for (const text of texts) {
    const tables = (await planOf(text)).filter(reads).map(plan => plan['Relation Name'])
    if (tables.length > 0) found.push(`${[...new Set(tables)].join(', ')}: ${oneLine(text)}`)
  }
  return found.toSorted()
}

/** In these nothing is looked for: they are read whole, and have few rows. The last one counts what a purge has left. */
const small = [
  'access_keys: select id, name, policy,',
  'app_instances: select count(*) as count from app_instances',
  'master_keys: select id, retired_at',
  'outbox_lanes: delete from outbox_lanes where',
  'channels, identities: select id from channels where app_instance_id = $1 union all',
]

/** In the database all channels and users are of one app instance: then an index by app instance is of no use. */
const isOfWholeAppInstance = (read: string) => /where app_instance_id = \$1/.test(read)

test(`at ${rows} memberships and messages PostgreSQL reads no large table from one end to the other`, async () => {
  expect(texts.size).toBeGreaterThan(150)
  const reads = await readsOf(plan => plan['Node Type'] === 'Seq Scan' && filled.has(plan['Relation Name']!))
  expect(reads.filter(read => !isOfWholeAppInstance(read))).toEqual([])
})

test('every statement finds its rows by an index, whatever table is large', async () => {
  await client!.query('set enable_seqscan = off')
  const isWhole = (plan: Plan) => plan['Node Type'] === 'Seq Scan'
  const reads = await readsOf(isWhole)
  expect(reads.filter(read => !small.some(start => read.startsWith(start)))).toEqual([])
})
