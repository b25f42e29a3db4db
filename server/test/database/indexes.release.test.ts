import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { fillPostgres } from '../../../bench/support/fill-postgres.ts'
import { operations, type OperationName } from '../../src/contract/index.ts'
import { shareableAs, type Database, type Queries, type Statement, type Transaction, type Value } from '../../src/database/database.ts'
import { jobsOf } from '../../src/jobs/index.ts'
import { purgeStep } from '../../src/jobs/purge.ts'
import { cases } from '../operations/cases.ts'
import { call, makeFixture } from '../operations/fixture.ts'
import { listen } from '../support/sockets.ts'
import { createPostgresDatabase, startWorld } from '../support/world.ts'

/** Of memberships and of messages. */
const rows = 1_000_000
const each = 10
/** The tables that have that many rows, or a fiftieth of them. */
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

/** Between a server and its database: records every statement. */
const through = (database: Database): Database => ({
  ...heardQueries(database),
  kind: database.kind,
  transaction: async work => {
    const seen = async (tx: Transaction) =>
      work({
        ...heardQueries(tx),
        storesEvents: tx.storesEvents,
        feedsSearch: tx.feedsSearch,
        afterCommit: (what, channelId) => tx.afterCommit(what, channelId),
      })
    return database.transaction(shareableAs(work, seen))
  },
  of: place => through(database.of(place)),
  tidy: async () => database.tidy(),
  close: async () => database.close(),
})

/** Every statement of the server: all operations, sockets, jobs and purges have run. */
async function hearAll() {
  const world = await startWorld('postgres', { appInstances: '100000', elasticChannelsPerAppInstance: '100', search: 'on' }, { through })
  for (const name of Object.keys(operations) as OperationName[]) {
    const fixture = await makeFixture(world)
    for (const input of await cases[name].inputs(fixture)) await call(fixture, name, input)
  }
  const { app, now, advance } = world
  const { user } = await world.appInstance(['alice'])
  for (const sessionId of ['one', 'one']) await listen(app, user('alice'), { sessionId, query: { 'prefetch-on': 'connect' } })
  advance(90 * 86_400_000)
  for (const { run } of jobsOf({ db: app.db, now })) await run()
  while (await purgeStep(app.db, now()));
  await world.close()
}

/** A database with many rows. */
async function openFilled(): Promise<Client> {
  const databaseUrl = await createPostgresDatabase({ made: true })
  await fillPostgres(databaseUrl, { channels: rows / each, users: rows / each, each, large: rows / each / 2, messages: each })
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  // Of the many app instances of an operator only one is filled.
  for (const table of ['channels', 'identities']) {
    await client.query(`alter table ${table} alter column app_instance_id set (n_distinct = 1000)`)
    // Some wait for their purge.
    await client.query(`update ${table} set deleted_at = 1 where id % 10 = 0`)
    await client.query(`analyze ${table}`)
  }
  await client.query('set random_page_cost = 1.1')
  onTestFinished(() => client.end())
  return client
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  readonly Plans?: readonly Plan[]
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

async function planOf(client: Client, text: string): Promise<Plan[]> {
  const { rows } = await client.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }>(`explain (generic_plan, format json) ${text}`)
  return nodesOf(rows[0]!['QUERY PLAN'][0]!.Plan)
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

/** Of each statement the tables that it reads from one end to the other. */
async function readsOf(client: Client, reads: (plan: Plan) => boolean): Promise<string[]> {
  const found: string[] = []
  for (const text of texts) {
    // This statement reads nothing, and has no plan.
    if (text.startsWith('truncate')) continue
    const tables = (await planOf(client, text)).filter(reads).map(plan => plan['Relation Name'])
    if (tables.length > 0) found.push(`${[...new Set(tables)].join(', ')}: ${oneLine(text)}`)
  }
  return found.toSorted()
}

/** Small tables that are read from one end to the other: all keys into memory, a count of app instances, idle lanes. */
const readWhole = new Set(['access_keys', 'master_keys', 'app_instances', 'outbox_lanes'])

const isSeqScan = (plan: Plan) => plan['Node Type'] === 'Seq Scan'

/** Reads a table, or an index of it, from one end to the other and skips rows. */
const isWhole = (plan: Plan) =>
  isSeqScan(plan) || (/^Index (?:Only )?Scan$/.test(plan['Node Type']) && plan['Index Cond'] === undefined && plan.Filter !== undefined)

test(`at ${rows} memberships and messages PostgreSQL finds the rows of every statement by an index`, { timeout: 1_200_000 }, async () => {
  await hearAll()
  expect(texts.size).toBeGreaterThan(150)
  const client = await openFilled()
  expect(await readsOf(client, plan => isWhole(plan) && filled.has(plan['Relation Name']!))).toEqual([])
  // This holds whichever table is large.
  await client.query('set enable_seqscan = off')
  expect(await readsOf(client, plan => isSeqScan(plan) && !readWhole.has(plan['Relation Name']!))).toEqual([])
})
