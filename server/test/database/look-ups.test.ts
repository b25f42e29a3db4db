import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { statement, type Value } from '../../src/database/database.ts'
import { PostgresDatabase } from '../../src/database/postgres.ts'
import { createPostgresDatabase } from '../support/world.ts'

let db: PostgresDatabase
beforeAll(async () => {
  db = await PostgresDatabase.open(await createPostgresDatabase(), {
    prepare: async client => {
      await client.query(`
        create table things (number bigint not null, name text not null, note text);
        insert into things select i / 3, 'name ' || i % 7, case when i % 2 = 0 then 'note ' || i end from generate_series(0, 59) i`)
    },
    follow: () => {},
    onError: () => {},
    connections: 4,
    storesEvents: false,
  })
  return () => db.close()
})

/** One of each kind of look-up: by keys of both types, the first of several rows, with a limit, with always one row, and with none. */
const statements = {
  byBoth: statement<object>(`select name, note, number from things where number = $1 and name = $2`),
  first: statement<object>(`select * from things t where t.number >= $1 and t.name <> $2 order by t.number desc, t.name limit 3`),
  limited: statement<object>(`
    select string_agg(page.name, ',') as text, count(*) as count
    from (select name from things where name > cast($2 as text) order by number, name limit $1) page`),
  joined: statement<object>(`
    select t.number as "theNumber", other.note from things t left join things other on other.number = t.number + 1 and other.name = $2
    where t.number = $1 order by t.name, other.note`),
}

const outcomeOf = async (asked: Promise<unknown>) =>
  asked.then(
    row => ({ row }),
    (error: unknown) => ({ error: String(error) }),
  )

test('concurrent look-ups are answered as if each were alone, whether the row exists, does not exist, or cannot be queried', async () => {
  const number = fc.oneof(fc.integer({ min: 0, max: 22 }), fc.constantFrom<Value>(null, 2 ** 70, 'not a number'))
  const name = fc.oneof(
    fc.nat(8).map(index => `name ${index}`),
    fc.constantFrom<Value>('', '{"a,b\\', 'NULL', 'nul \0', 'ü€😀', null, 7),
  )
  const call = fc.record({ kind: fc.constantFrom(...(Object.keys(statements) as (keyof typeof statements)[])), number, name })
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 80 }), async calls => {
      const ask = async ({ kind, number, name }: (typeof calls)[number]) => outcomeOf(db.get(statements[kind], number, name))
      const together = await Promise.all(calls.map(ask))
      const alone = []
      for (const each of calls) alone.push(await ask(each))
      expect(together).toEqual(alone)
    }),
    { numRuns: 30 },
  )
})

test('concurrent look-ups share round trips', async () => {
  const backend = statement<{ number: number; at: string }>(
    `select number, cast(statement_timestamp() as text) as at from things where number = $1`,
  )
  const rows = await Promise.all(Array.from({ length: 20 }, async (_, number) => db.get(backend, number)))
  expect(rows.map(row => row?.number)).toEqual(Array.from({ length: 20 }, (_, number) => number))
  expect(new Set(rows.map(row => row?.at)).size).toBe(1)
})
