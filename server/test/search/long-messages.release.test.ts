import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { temporaryFolder } from '../support/process.ts'
import { startWorld } from '../support/world.ts'

const messages = 6000

test('an index of many messages of the greatest length is built in the memory that its thread has', async () => {
  const data = await temporaryFolder()
  const before = await startWorld('sqlite', { data })
  const { user } = await before.appInstance(['a'])
  const channel = await open(before, user('a'))
  await say(before, user('a'), channel, 'few words')
  await before.app.close()

  const database = new DatabaseSync(join(data, 'carillon.db'))
  database
    .prepare(
      `insert into messages (channel_id, sub_channel_id, private, created_at, sequence, nonce, sender_id, type, content, updated_at)
      select channel_id, sub_channel_id, private, created_at, sequence + n.value, nonce, sender_id, m.type, ?, updated_at
      from messages m, json_each(?) n`,
    )
    .run(JSON.stringify(`few words${' '.repeat(65_000)}…`), JSON.stringify(Array.from({ length: messages }, (_, index) => index + 1)))
  database.close()

  const after = await startWorld('sqlite', { data, search: 'on' })
  onTestFinished(() => after.close())
  const found = async () =>
    (await after.carillon.call('SearchMessages', { SearchText: 'few', ChimeBearer: user('a'), MaxResults: 50 })).FoundMessages
  await expect.poll(async () => (await found().catch(() => undefined))?.length, { interval: 200 }).toBe(50)
})
