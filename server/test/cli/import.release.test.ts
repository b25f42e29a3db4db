import { join } from 'node:path'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { main, run, temporaryFolder } from '../support/process.ts'
import { createPostgresDatabase, startWorld } from '../support/world.ts'

const carillon = async (...args: string[]) => run(process.execPath, [main, ...args])

test('an import ends also where a statement takes longer than a server allows: on PostgreSQL', async () => {
  const data = await temporaryFolder()
  const world = await startWorld('sqlite', { data })
  const { arn, user } = await world.appInstance(['a'])
  await say(world, user('a'), await open(world, user('a')))
  await world.close()
  const folder = join(data, 'export')
  expect(await carillon('export', arn, folder, '--data', data)).toMatchObject({ code: 0 })

  const url = await createPostgresDatabase({ made: true })
  const client = new Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  // In place of a channel with 400,000 messages: the counts of its threads take seven seconds.
  await client.query(`
    create function rest() returns trigger language plpgsql as $$ begin perform pg_sleep(7); return null; end $$;
    create trigger rest before insert on threads for each statement execute function rest()`)
  expect(await carillon('import', folder, '--database-url', url)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('is imported from') as string,
  })
})
