import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Worker } from 'node:worker_threads'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { migrateSqlite } from '../../src/database/migrate.ts'
import { SearchFile } from '../../src/store/search-file.ts'
import { endOfPortion } from '../../src/store/search-words.ts'
import { open, say } from '../api/acts.ts'
import { temporaryFolder } from '../support/process.ts'
import { startWorld } from '../support/world.ts'

/** The threads that this process starts from now on, until the test ends. */
function threadsFromNow(): Worker[] {
  const threads: Worker[] = []
  const add = (thread: Worker) => void threads.push(thread)
  process.on('worker', add)
  onTestFinished(() => void process.off('worker', add))
  return threads
}

test('a search is refused at once while the thread of the index is away, and does not end the next thread', async () => {
  const threads = threadsFromNow()
  const world = await startWorld('sqlite', { search: 'on', data: await temporaryFolder() })
  onTestFinished(() => world.close())
  const { user } = await world.appInstance(['ann'])
  const ann = user('ann')
  await say(world, ann, await open(world, ann), 'some words')
  const search = async () => (await world.carillon.call('SearchMessages', { SearchText: 'some', ChimeBearer: ann })).FoundMessages!.length
  await expect.poll(search, { interval: 50 }).toBe(1)

  const ended = once(threads[0]!, 'exit')
  await threads[0]!.terminate()
  await ended
  // Those that hang are refused after five seconds.
  const refusals: unknown[] = []
  while (threads.length === 1) refusals.push(await search().catch((error: unknown) => error))
  expect(refusals[0]).toMatchObject({ name: 'ServiceUnavailableException', Reason: expect.stringContaining('Try again') as string })
  expect(threads).toHaveLength(2)
  const next = once(threads[1]!, 'exit').then(() => 'ended')
  await expect.poll(search, { interval: 50 }).toBe(1)
  // Longer than a search waits for its answer.
  const isOver = performance.now() + 6000
  while (performance.now() < isOver) expect(await Promise.race([search(), next])).toBe(1)
  expect(threads).toHaveLength(2)
})

test('a step indexes a few long messages only, since searches wait for it', async () => {
  const folder = await temporaryFolder()
  const [path, indexPath] = [join(folder, 'carillon.db'), join(folder, 'carillon-search.db')] as const
  const database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal')
  migrateSqlite(database, path)
  database.exec(`insert into settings (name, value) values ('search generation', 'first')`)
  const messages = 40
  const content = JSON.stringify('word '.repeat(13_000))
  const insert = database.prepare(`
    insert into messages (channel_id, private, created_at, sequence, nonce, sender_id, type, content, updated_at)
    values (1, 0, ?, ?, '', 1, 'STANDARD', ?, 0)`)
  const insertAll = (from: number) => {
    for (let number = from; number < from + messages; number++) insert.run(number, number, content)
  }
  insertAll(1)
  const index = new SearchFile(indexPath, path)
  const reader = new DatabaseSync(indexPath, { readOnly: true })
  onTestFinished(() => {
    for (const each of [index, reader, database]) each.close()
  })
  const count = () => Number(reader.prepare('select count(*) as count from messages where channel_id > 0').get()!['count'])
  /** The most messages that one step has indexed. */
  const most = () => {
    let most = 0
    for (let [before, isLeft] = [count(), true]; isLeft; before = count()) {
      isLeft = index.step()
      most = Math.max(most, count() - before)
    }
    return most
  }
  expect(most()).toBe(17)
  expect(count()).toBe(messages)

  insertAll(messages + 1)
  database.exec(`
    insert into search_changes (channel_id, sub_channel_id, created_at, sequence, sender_id, noted_at)
    select channel_id, sub_channel_id, created_at, sequence, sender_id, 0 from messages where sequence > ${messages}`)
  expect(most()).toBe(17)
  expect(count()).toBe(2 * messages)
})

test('the portions of any messages are all of them in their order, each no longer than it may be unless it is one message', () => {
  const lengths = fc.array(fc.oneof(fc.nat(300), fc.nat(100_000)), { maxLength: 200 })
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 50_000 }), (all, most) => {
      const portions: number[][] = []
      for (let from = 0; from < all.length;) {
        const end = endOfPortion(all, from, length => length, most)
        portions.push(all.slice(from, end))
        from = end
      }
      expect(portions.flat()).toEqual(all)
      for (const portion of portions) {
        expect(portion.length).toBeGreaterThan(0)
        const before = portion.slice(0, -1).reduce((sum, length) => sum + length + 100, 0)
        expect(portion.length === 1 || before < most).toBe(true)
      }
    }),
  )
})
