import { setTimeout } from 'node:timers/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { RetryTransaction, statement, type CommitListener } from '../../src/database/database.ts'
import { SqliteDatabase } from '../../src/database/sqlite.ts'
import { temporaryFolder } from '../support/process.ts'

const insert = statement('insert into things (name) values ($1)')
const names = statement<{ name: string }>('select name from things order by name')

async function open(path: string, listener: CommitListener = { follow: () => {} }): Promise<SqliteDatabase> {
  const db = await SqliteDatabase.open(path, {
    prepare: database => database.exec('create table if not exists things (name text primary key)'),
    ...listener,
  })
  onTestFinished(() => db.close())
  return db
}
const openFile = async () => open(join(await temporaryFolder(), 'test.db'))
const stored = async (db: SqliteDatabase) => (await db.all(names)).map(({ name }) => name)
const settled = async (calls: Promise<unknown>[]) => (await Promise.allSettled(calls)).map(({ status }) => status)

test('a commit is on disk before it is answered: the write-ahead log is synchronized in full', async () => {
  const db = await openFile()
  const pragmas = await db.transaction(async tx => [
    await tx.get(statement<object>('pragma journal_mode')),
    await tx.get(statement<object>('pragma synchronous')),
    await tx.get(statement<object>('pragma auto_vacuum')),
  ])
  expect(pragmas.map(row => ({ ...row }))).toEqual([{ journal_mode: 'wal' }, { synchronous: 2 }, { auto_vacuum: 2 }])
})

test('a row of 1,500 bytes without a rowid takes no page of its own', async () => {
  const path = join(await temporaryFolder(), 'test.db')
  const db = await SqliteDatabase.open(path, {
    prepare: database => database.exec('create table if not exists things (name text primary key) without rowid'),
    follow: () => {},
  })
  onTestFinished(() => db.close())
  await db.transaction(async tx => {
    for (let number = 0; number < 1000; number++) await tx.run(insert, `${number}`.padStart(6, '0').padEnd(1500, 'x'))
  })
  const [pages, size] = [statement<{ page_count: number }>('pragma page_count'), statement<{ page_size: number }>('pragma page_size')]
  const bytes = (await db.get(pages))!.page_count * (await db.get(size))!.page_size
  expect(bytes / 1000).toBeLessThan(2200)
})

test('space of deleted rows is freed a part at a time, and calls in between are served', async () => {
  const path = join(await temporaryFolder(), 'test.db')
  const db = await open(path)
  const pages = async () => (await db.get(statement<{ page_count: number }>('pragma page_count')))!.page_count
  const empty = await pages()
  await db.transaction(async tx => {
    for (let number = 0; number < 1000; number++) await tx.run(insert, `${number}`.padEnd(8000, 'x'))
  })
  expect(await pages()).toBeGreaterThan(empty + 1000)
  await db.transaction(tx => tx.run(statement('delete from things')))
  const full = await pages()
  expect(await db.tidy()).toBe(true)
  const released = full - (await pages())
  // With the pages of the map that pointed to the freed pages.
  expect(released).toBeGreaterThanOrEqual(128)
  expect(released).toBeLessThan(132)
  await db.run(insert, 'meanwhile')
  while (await db.tidy());
  expect(await pages()).toBeLessThan(empty + 20)
  expect(await stored(db)).toEqual(['meanwhile'])
})

test.each(['file', ':memory:'])('of transactions that share a commit, one that throws does not affect the others: %s', async path => {
  const db = path === 'file' ? await openFile() : await open(path)
  const calls = [
    db.run(insert, 'first'),
    db.transaction(async tx => {
      await tx.run(insert, 'undone')
      throw new Error('changed its mind')
    }),
    db.run(insert, 'first'),
    db.run(insert, 'last'),
  ]
  expect(await settled(calls)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  await expect(calls[1]).rejects.toThrow('changed its mind')
  await expect(calls[2]).rejects.toThrow('UNIQUE constraint failed')
  expect(await stored(db)).toEqual(['first', 'last'])
})

test('a transaction that awaits something else is refused and stores nothing, and the others of its batch are stored', async () => {
  const db = await openFile()
  let late: Promise<unknown> | undefined
  const calls = [
    db.run(insert, 'before'),
    db.transaction(async tx => {
      await tx.run(insert, 'undone')
      await setTimeout(20)
      late = tx.run(insert, 'late')
      await late
    }),
    db.run(insert, 'after'),
  ]
  expect(await settled(calls)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  await expect(calls[1]).rejects.toThrow('A transaction awaited something other than its own queries')
  await setTimeout(50)
  await expect(late).rejects.toThrow('This transaction has ended')
  expect(await stored(db)).toEqual(['after', 'before'])
  await db.run(insert, 'still well')
  expect(await stored(db)).toContain('still well')
})

test('uncommitted data is not visible, in a file and in memory', async () => {
  for (const db of [await openFile(), await open(':memory:')]) {
    const writing = db.transaction(async tx => {
      for (let index = 0; index < 50; index++) await tx.run(insert, String(index))
      throw new Error('undone')
    })
    const counts = await Promise.all(Array.from({ length: 5 }, async () => (await db.all(names)).length))
    await expect(writing).rejects.toThrow('undone')
    expect(counts).toEqual([0, 0, 0, 0, 0])
  }
})

test('a transaction that throws RetryTransaction runs again, five times at most', async () => {
  const db = await openFile()
  let attempts = 0
  const twice = db.transaction(async tx => {
    await tx.run(insert, 'once')
    attempts++
    if (attempts < 3) throw new RetryTransaction()
    return attempts
  })
  expect(await twice).toBe(3)
  let endless = 0
  const never = db.transaction(async () => {
    endless++
    throw new RetryTransaction('never')
  })
  await expect(never).rejects.toThrow('never')
  expect(endless).toBe(5)
  expect(await stored(db)).toEqual(['once'])
})

test('what follows from the commits of one turn is passed on, then their callers continue, all before the next turn', async () => {
  const happened: string[] = []
  const db = await open(':memory:', { follow: () => happened.push('follow'), settled: () => happened.push('settled') })
  const send = async (name: string) => {
    await db.transaction(async tx => {
      await tx.run(insert, name)
      tx.afterCommit('something')
    })
    happened.push('answer')
  }
  const sending = Promise.all(['one', 'two', 'three'].map(send))
  // The commit comes at the end of this turn.
  setImmediate(() => setImmediate(() => happened.push('next turn')))
  await sending
  await setTimeout(10)
  expect(happened).toEqual(['follow', 'follow', 'follow', 'answer', 'answer', 'answer', 'settled', 'next turn'])
})
