import { expect, onTestFinished, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { createPostgresDatabase, databaseKinds, refusal, startWorld } from '../support/world.ts'
import { temporaryFolder } from '../support/process.ts'
import { open, rowsIn, say } from '../api/acts.ts'

/** The table as version 19 of the schema had it, with a token. */
const asBefore = [
  'drop table request_tokens',
  'create table request_tokens (token text primary key, fingerprint text not null, result text not null, created_at bigint not null)',
  'create index request_tokens_by_age on request_tokens (created_at)',
  `insert into request_tokens values ('a', 'b', '{"MessageId":"c"}', 9999999999999)`,
  'delete from schema_versions where version = 20',
]

test.each(databaseKinds)('a database with tokens of version 19 is migrated, and tokens count from then on: on %s', async kind => {
  const place = kind === 'postgres' ? { databaseUrl: await createPostgresDatabase({ made: true }) } : { data: await temporaryFolder() }
  const before = await startWorld(kind, place)
  const { user } = await before.appInstance(['a'])
  const channel = await open(before, user('a'))
  const answered = await say(before, user('a'), channel, 'x', { ClientRequestToken: 'earlier' })
  for (const text of asBefore) await before.app.db.run(statement(text))
  await before.close()

  const after = await startWorld(kind, place)
  onTestFinished(() => after.close())
  expect(await rowsIn(after, 'request_tokens')).toBe(0)
  const again = await say(after, user('a'), channel, 'x', { ClientRequestToken: 'earlier' })
  expect(again).not.toBe(answered)
  expect(await say(after, user('a'), channel, 'x', { ClientRequestToken: 'earlier' })).toBe(again)
  const changed = say(after, user('a'), channel, 'y', { ClientRequestToken: 'earlier' })
  expect(await refusal(changed)).toMatchObject({ name: 'ConflictException', status: 409 })
})
