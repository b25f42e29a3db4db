import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { otherWords } from '../../src/database/migrations/026-other-words.ts'
import { SqliteDatabase } from '../../src/database/sqlite.ts'
import { SearchFile } from '../../src/store/search-file.ts'
import { boundChanges } from '../../src/store/search-generation.ts'
import { keyVariables, main, run } from '../support/process.ts'
import { startWorld, type World } from '../support/world.ts'

/** Whether one of the index's files has these bytes. */
async function isInFiles(folder: string, word: string, prefix = 'carillon-search') {
  const names = (await readdir(folder)).filter(name => name.startsWith(prefix))
  const files = await Promise.all(names.map(async name => readFile(join(folder, name)).catch(() => Buffer.alloc(0))))
  return files.some(bytes => bytes.includes(word))
}

/** The millisecond of a message, as its id begins. */
const timeOf = ({ MessageId }: { MessageId: string | undefined }) => MessageId!.slice(0, 12)

/** The inode of the index file: a new file under the same name has another. */
async function fileIn(folder: string) {
  const { ino, birthtimeMs } = await stat(join(folder, 'carillon-search.db'))
  return `${ino} ${birthtimeMs}`
}

async function makeChat({ messaging, carillon, appInstance }: World) {
  const { arn, user } = await appInstance(['ann'], { admins: ['root'] })
  const ChimeBearer = user('ann')
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', ChimeBearer })
  const send = async (Content: string) => {
    const sent = await messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
    return { ChannelArn, MessageId: sent.MessageId, ChimeBearer }
  }
  const count = async (SearchText: string, { carillon: client }: Pick<World, 'carillon'> = { carillon }) =>
    (await client.call('SearchMessages', { SearchText, ChimeBearer })).FoundMessages!.length
  return { root: user('root'), ChannelArn, ChimeBearer, send, count }
}

describe('The index file of SQLite', () => {
  let folder: string
  let world: World
  const start = async () => (world = await startWorld('sqlite', { search: 'on', data: folder }))
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carillon-search-'))
    await start()
  })
  afterAll(async () => {
    await world.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('loses the words of what is redacted, edited, deleted, or purged with its channel', async () => {
    const { messaging } = world
    const { root, ChannelArn, ChimeBearer, send, count } = await makeChat(world)
    const words = ['redactedword', 'editedword', 'deletedword', 'purgedword']
    const [redacted, edited, deleted] = [await send(words[0]!), await send(words[1]!), await send(words[2]!)]
    await send(words[3]!)
    for (const word of words) await expect.poll(() => count(word), { interval: 50 }).toBe(1)
    const inFiles = async () => Promise.all(words.map(async word => isInFiles(folder, word)))
    expect(await inFiles()).toEqual([true, true, true, true])
    await messaging.redactChannelMessage(redacted)
    await messaging.updateChannelMessage({ ...edited, Content: 'other' })
    await messaging.deleteChannelMessage({ ...deleted, ChimeBearer: root })
    // docs/operating.md promises ten seconds.
    await expect.poll(inFiles, { interval: 100 }).toEqual([false, false, false, true])
    await messaging.deleteChannel({ ChannelArn, ChimeBearer })
    await expect.poll(inFiles, { interval: 100 }).toEqual([false, false, false, false])
  })

  test.each<[string, () => Promise<void>]>([
    ['damaged', async () => writeFile(join(folder, 'carillon-search.db'), 'x'.repeat(20_000))],
    ['removed', async () => rm(join(folder, 'carillon-search.db'))],
    ['replaced by an empty one', async () => writeFile(join(folder, 'carillon-search.db'), '')],
  ])('is rebuilt if it is %s', async (_, spoil) => {
    const { send, count } = await makeChat(world)
    await send('durable words')
    await expect.poll(() => count('durable'), { interval: 50 }).toBe(1)
    await world.app.close()
    await spoil()
    const { carillon } = await start()
    await expect.poll(() => count('durable', { carillon }), { interval: 50 }).toBe(1)
    const { send: sendMore, count: countMore } = await makeChat(world)
    await sendMore('further words')
    await expect.poll(() => countMore('further'), { interval: 50 }).toBe(1)
  })

  test('is rebuilt while the server runs, when an operator runs the command', async () => {
    const { send, count } = await makeChat(world)
    await send('lasting words')
    await expect.poll(() => count('lasting'), { interval: 50 }).toBe(1)
    const before = await fileIn(folder)
    const rebuild = async () => run(process.execPath, [main, 'search', 'rebuild', '--data', folder], { env: keyVariables })
    expect(await rebuild()).toMatchObject({ code: 0, stdout: expect.stringContaining('rebuilds the search index') as string })
    await expect.poll(() => fileIn(folder).catch(() => before), { interval: 50 }).not.toBe(before)
    await expect.poll(() => count('lasting'), { interval: 50 }).toBe(1)
  })

  test('is rebuilt by a version that divides words in another way, for that reason', async () => {
    const { send, count } = await makeChat(world)
    await send('former words')
    await expect.poll(() => count('former'), { interval: 50 }).toBe(1)
    const before = await fileIn(folder)
    await world.app.close()
    const paths = ['carillon.db', 'carillon-search.db'].map(name => join(folder, name)) as [string, string]
    const [database, index] = paths.map(path => new DatabaseSync(path)) as [DatabaseSync, DatabaseSync]
    database.exec(otherWords())
    index.exec(`update state set value = '1' where name = 'layout'`)
    for (const each of [database, index]) each.close()
    const file = new SearchFile(paths[1], paths[0])
    expect(file.renewal).toBe('it was made by another version of Carillon')
    file.close()
    await start()
    const { carillon } = world
    await expect.poll(() => count('former', { carillon }).catch(() => 0), { interval: 50 }).toBe(1)
    expect(await fileIn(folder)).not.toBe(before)
  })

  test('has each message in its newest state after a build, although it was edited, redacted or deleted after the build has read it', async () => {
    const { messaging } = world
    const { root, send } = await makeChat(world)
    // No two begin alike: the file stores of a word only what differs from the one before it.
    const first = ['quince', 'walnut', 'medlar', 'sorrel']
    const [edited, redacted, deleted] = [await send(first[0]!), await send(first[1]!), await send(first[2]!)]
    await send(first[3]!)
    // The index of the server waits, so that the changes stay for a second one.
    const held = new DatabaseSync(join(folder, 'carillon-search.db'))
    held.exec('begin immediate')
    const second = new SearchFile(join(folder, 'second.db'), join(folder, 'carillon.db'))
    try {
      // Reads the messages, and stores none yet.
      expect([second.step(), second.state.isComplete]).toEqual([true, false])
      await messaging.updateChannelMessage({ ...edited, Content: 'hazelnut' })
      await messaging.redactChannelMessage(redacted)
      await messaging.deleteChannelMessage({ ...deleted, ChimeBearer: root })
      while (second.step());
      second.tidy()
      expect(second.state.isComplete).toBe(true)
      const inFile = async (word: string) => isInFiles(folder, word, 'second')
      expect(await Promise.all([...first, 'hazelnut'].map(inFile))).toEqual([false, false, false, true, true])
    } finally {
      second.close()
      held.exec('rollback')
      held.close()
    }
  })

  test('has each message once, although the build begins again after another one of the same millisecond was deleted', async () => {
    const { messaging } = world
    const chats = [await makeChat(world), await makeChat(world)]
    const sendBoth = async () => Promise.all(chats.map(async ({ send }) => send('before')))
    let sent = await sendBoth()
    while (timeOf(sent[0]!) !== timeOf(sent[1]!)) sent = await sendBoth()
    const held = new DatabaseSync(join(folder, 'carillon-search.db'))
    held.exec('begin immediate')
    const path = join(folder, 'again.db')
    const open = () => new SearchFile(path, join(folder, 'carillon.db'))
    let index = open()
    try {
      for (const each of sent) {
        await messaging.updateChannelMessage({ ...each, Content: 'after' })
        index.step()
      }
      await messaging.deleteChannelMessage({ ...sent[0]!, ChimeBearer: chats[0]!.root })
      index.step()
      expect(index.state.isComplete).toBe(false)
      index.close()
      index = open()
      while (index.step());
      const reader = new DatabaseSync(path, { readOnly: true })
      const twice = 'select channel_id from messages where channel_id > 0 group by channel_id, sequence having count(*) > 1'
      expect(reader.prepare(twice).all()).toEqual([])
      reader.close()
    } finally {
      index.close()
      held.exec('rollback')
      held.close()
    }
  })

  test('merges many segments at a time while it is built, and few once it is, so that a search has few to read', async () => {
    await (await makeChat(world)).send('some words')
    const path = join(folder, 'merged.db')
    const index = new SearchFile(path, join(folder, 'carillon.db'))
    const reader = new DatabaseSync(path, { readOnly: true })
    const atOnce = () => reader.prepare(`select v from words_config where k = 'automerge'`).get()!['v']
    try {
      expect(atOnce()).toBe(12)
      while (index.step());
      expect(atOnce()).toBe(4)
      expect(reader.prepare('select count(distinct segid) as segments from words_idx').get()!['segments']).toBe(1)
    } finally {
      reader.close()
      index.close()
    }
  })

  test('is complete where the database has no messages to index', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'carillon-search-'))
    const { app } = await startWorld('sqlite', { search: 'on', data: empty })
    await app.close()
    const index = new SearchFile(join(empty, 'second.db'), join(empty, 'carillon.db'))
    try {
      for (let steps = 0; index.step(); steps++) expect(steps).toBeLessThan(20)
      expect(index.state.isComplete).toBe(true)
    } finally {
      index.close()
      await rm(empty, { recursive: true, force: true })
    }
  })

  test('misses nothing that was sent before the search was turned on, or while it was off', async () => {
    const { send, count, ChimeBearer } = await makeChat(world)
    await send('early words')
    await expect.poll(() => count('early'), { interval: 50 }).toBe(1)
    await world.app.close()
    world = await startWorld('sqlite', { data: folder })
    const refused = world.carillon.call('SearchMessages', { SearchText: 'early', ChimeBearer })
    await expect(refused).rejects.toMatchObject({
      message: 'Messages are not indexed',
      Reason: 'The server was started without --search on.',
    })
    const { messaging } = world
    const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer })
    const { ChannelArn } = ChannelMemberships![0]!.ChannelSummary!
    await messaging.sendChannelMessage({ ChannelArn, Content: 'early again', Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
    await world.app.close()
    const { carillon } = await start()
    await expect.poll(() => count('early', { carillon }), { interval: 50 }).toBe(2)
  })

  test('loses what a command deletes, has no changes left where the search is off, and is rebuilt where too many have waited', async () => {
    const { send, count, ChannelArn } = await makeChat(world)
    for (const word of ['purgedone', 'purgedtwo', 'purgedthree']) await send(word)
    await expect.poll(() => count('purged*'), { interval: 50 }).toBe(3)
    await world.app.close()
    const inDatabase = <Result>(work: (database: DatabaseSync) => Result): Result => {
      const database = new DatabaseSync(join(folder, 'carillon.db'))
      try {
        return work(database)
      } finally {
        database.close()
      }
    }
    const waiting = () => inDatabase(database => database.prepare('select count(*) as count from search_changes').get()!['count'])
    const bury = (arn: string) =>
      inDatabase(database => database.prepare('update channels set deleted_at = 1 where external_id = ?').run(arn.split('/').at(-1)!))
    const purge = async () => run(process.execPath, [main, 'jobs', 'run', 'purge', '--data', folder], { env: keyVariables })
    bury(ChannelArn!)
    expect(await purge()).toMatchObject({ code: 0, stderr: '' })
    expect(waiting()).toBe(3)
    await start()
    await expect.poll(() => isInFiles(folder, 'purgedone'), { interval: 100 }).toBe(false)

    const { send: sendMore, count: countMore, ChannelArn: other } = await makeChat(world)
    for (const word of ['laterone', 'latertwo']) await sendMore(word)
    const { send: sendLast, count: countLast } = await makeChat(world)
    await sendLast('remaining')
    await expect.poll(() => countMore('later*'), { interval: 50 }).toBe(2)
    await expect.poll(() => countLast('remaining'), { interval: 50 }).toBe(1)
    await world.app.close()
    bury(other!)
    expect(await purge()).toMatchObject({ code: 0 })
    const file = join(folder, 'carillon.db')
    const db = await SqliteDatabase.open(file, { prepare: () => {}, follow: () => {} })
    expect([await boundChanges(db, 2), await boundChanges(db, 1), await boundChanges(db, 1)]).toEqual([false, true, false])
    await db.close()
    expect(waiting()).toBe(0)
    const { carillon } = await start()
    await expect.poll(() => countLast('remaining', { carillon }), { interval: 50 }).toBe(1)
    await expect.poll(() => isInFiles(folder, 'laterone'), { interval: 100 }).toBe(false)

    const { ChannelArn: third, send: sendThird, count: countThird } = await makeChat(world)
    await sendThird('fourth')
    await expect.poll(() => countThird('fourth'), { interval: 50 }).toBe(1)
    await world.app.close()
    bury(third!)
    await purge()
    expect(waiting()).toBe(1)
    world = await startWorld('sqlite', { data: folder })
    expect(waiting()).toBe(0)
  })
})
