import { execFileSync } from 'node:child_process'
import { readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database, Statement, Transaction, Value, Work } from '../../src/database/database.ts'
import { exportTo, type Source } from '../../src/moving/export.ts'
import { fromDatabase } from '../../src/moving/from-database.ts'
import { abandon } from '../../src/moving/import.ts'
import { purged, say } from '../api/acts.ts'
import { temporaryFolder } from '../support/process.ts'
import { startWorld, type World } from '../support/world.ts'
import { exported, imported, linesOf, makeScene, readThrough, withoutNumbers } from './scene.ts'

const settings = { elasticChannelsPerAppInstance: '10' }

let from: World
let to: World
let scene: Awaited<ReturnType<typeof makeScene>>
/** Where the whole scene is exported to. */
let folder: string
beforeAll(async () => {
  from = await startWorld('sqlite', settings)
  to = await startWorld('postgres', settings)
  scene = await makeScene(from)
  folder = join(from.folder, 'export')
  await exported(folder, from, scene.arn)
})
afterAll(async () => {
  await Promise.all([from?.close(), to?.close()])
})

/** Ends the database of this world and opens an empty one. */
async function emptied(): Promise<World> {
  await to.close()
  to = await startWorld('postgres', settings)
  return to
}

test('an app instance that was moved from SQLite to PostgreSQL answers every call as before, and continues to work', async () => {
  await imported(folder, to)
  expect(await readThrough(to, scene)).toEqual(await readThrough(from, scene))

  const again = await temporaryFolder()
  await exported(again, to, scene.arn)
  expect(withoutNumbers(await linesOf(again))).toEqual(withoutNumbers(await linesOf(folder)))

  const id = await say(to, scene.alice, scene.channel, 'after the move')
  const { ChannelMessages } = await to.messaging.listChannelMessages({ ChannelArn: scene.channel, ChimeBearer: scene.bob, MaxResults: 1 })
  expect(ChannelMessages!.map(each => each.MessageId)).toEqual([id])
})

test('an app instance that exists is never changed by an import', async () => {
  await expect(imported(folder, from)).rejects.toThrow(`The app instance ${scene.arn} exists already in this database.`)
})

test('an export needs an app instance and a folder of its own', async () => {
  await expect(exported(join(from.folder, 'other'), from, `${scene.arn}x`)).rejects.toThrow(`There is no app instance ${scene.arn}x`)
  await expect(exported(from.folder, from, scene.arn)).rejects.toThrow(/is not empty, and has no export/)
})

test('an export that was interrupted twice continues, and has the same lines as one that was not interrupted', async () => {
  const target = await temporaryFolder()
  let pages = 0
  const failing: Source = {
    ...fromDatabase(from.app.db, scene.arn),
    async page(at) {
      if ([6, 12].includes(++pages)) throw new Error('interrupted')
      return fromDatabase(from.app.db, scene.arn).page(at)
    },
  }
  const options = { now: Date.now, rate: 1e9, linesOfPart: 3 }
  for (let interruption = 1; interruption <= 2; interruption++) {
    await expect(exportTo(target, failing, options)).rejects.toThrow('interrupted')
    await expect(imported(target, to)).rejects.toThrow(/is unfinished\. Run the same carillon export again/)
  }
  await exportTo(target, failing, options)
  expect(await linesOf(target)).toEqual(await linesOf(folder))
})

test('an export ends that is interrupted every ten minutes while it reads pages without lines for half an hour', async () => {
  const target = await temporaryFolder()
  const pages = 30
  let minutes = 0
  const interruptions: string[] = []
  const source: Source = {
    name: 'one that is slow',
    begin: async () => ({ appInstance: {}, first: 0 }),
    async page(at) {
      if (++minutes % 10 === 0) throw new Error('interrupted')
      return { lines: [], next: at === pages ? undefined : (at as number) + 1 }
    },
  }
  const options = { now: () => minutes * 60_000, rate: 1e9 }
  // Each interruption loses less than five pages.
  for (let interruption = 1; interruption <= 6; interruption++)
    await exportTo(target, source, options).catch((error: Error) => interruptions.push(error.message))
  expect(await exportTo(target, source, options)).toMatchObject({ finishedAt: expect.any(Number) as number })
  expect(new Set(interruptions)).toEqual(new Set(['interrupted']))
})

test('an import that was interrupted twice continues, and nobody sees the app instance before the import ends', async () => {
  const { identity, app } = await emptied()
  const target = await temporaryFolder()
  await exported(target, from, scene.arn, { linesOfPart: 10 })
  for (const end of [1, 4]) {
    let batches = 0
    const progress = () => {
      if (++batches === end) throw new Error('interrupted')
    }
    await expect(imported(target, to, { linesOfBatch: 3, progress })).rejects.toThrow('interrupted')
    expect((await identity.listAppInstances({})).AppInstances).toEqual([])
    await purged({ ...to, app })
  }
  await expect(imported(folder, to)).rejects.toThrow(/Another export of .* has an unfinished import here/)
  await imported(target, to, { linesOfBatch: 3 })
  expect(await readThrough(to, scene)).toEqual(await readThrough(from, scene))
})

const interrupt = () => {
  throw new Error('interrupted')
}

test('an import that is given up leaves nothing behind', async () => {
  const { app } = await emptied()
  await expect(imported(folder, to, { linesOfBatch: 40, progress: interrupt })).rejects.toThrow('interrupted')
  expect(await abandon(app.db, folder)).toBe(true)
  await expect(imported(folder, to)).rejects.toThrow(/is still being purged/)
  await purged(to)
  expect(await abandon(app.db, folder)).toBe(false)
  await imported(folder, to)
  expect(await readThrough(to, scene)).toEqual(await readThrough(from, scene))
})

test('beside a server on SQLite an import leaves the writer to others for as long as it has it', async () => {
  const target = await startWorld('sqlite', settings)
  let busy = 0
  const db = new Proxy(target.app.db, {
    get(database, name: keyof Database) {
      const value: unknown = database[name]
      if (name !== 'transaction') return typeof value === 'function' ? (value.bind(database) as unknown) : value
      return async (work: Work<unknown>) => {
        // So that everything else takes next to no time.
        const slow = async (tx: Transaction) => {
          for (const start = performance.now(); performance.now() - start < 20;);
          return work(tx)
        }
        const start = performance.now()
        const result = await database.transaction(slow)
        busy += performance.now() - start
        return result
      }
    },
  })
  const start = performance.now()
  await imported(folder, { ...target, app: { ...target.app, db } }, { isBesideServer: true, linesOfBatch: 20 })
  // Its first and its last transaction have no pause.
  expect(performance.now() - start).toBeGreaterThan(1.5 * busy)
  expect(await readThrough(target, scene)).toEqual(await readThrough(from, scene))
  await target.close()
})

test('an import that another process has given up, or has finished, does not open the app instance', async () => {
  const { identity, app } = await emptied()
  /** The database of an import, in which another process gives the import up once all lines are stored. */
  const db = new Proxy(app.db, {
    get(target, name: keyof Database) {
      const value: unknown = target[name]
      if (name !== 'get') return typeof value === 'function' ? (value.bind(target) as unknown) : value
      return async (asked: Statement<unknown>, ...values: Value[]) => {
        if (asked.text.includes('s.member_count > s.capacity')) expect(await abandon(target, folder)).toBe(true)
        return target.get(asked, ...values)
      }
    },
  })
  await expect(imported(folder, { app: { ...app, db } })).rejects.toThrow(
    /Another process imports the same export at this time, or has given the import up/,
  )
  expect((await identity.listAppInstances({})).AppInstances).toEqual([])
  await purged(to)

  const outcomes = await Promise.allSettled([imported(folder, to), imported(folder, to)])
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(await readThrough(to, scene)).toEqual(await readThrough(from, scene))
})

test('a manifest or a part that is no regular file is refused at once: a device has no end, and neither has a pipe', async () => {
  const target = await temporaryFolder()
  const [manifest, part] = ['manifest.json', 'part-000001.jsonl.gz'].map(name => join(target, name)) as [string, string]
  await symlink('/dev/zero', manifest)
  await expect(imported(target, to)).rejects.toThrow(/manifest\.json is not a file/)
  await rm(manifest)
  await exported(target, from, scene.arn)
  await rm(part)
  await expect(imported(target, to)).rejects.toThrow(/part-000001\.jsonl\.gz is missing in/)
  execFileSync('mkfifo', [part])
  await expect(imported(target, to)).rejects.toThrow(/part-000001\.jsonl\.gz is not a file/)
})

test('a part that is not the exported one is refused before anything is stored', async () => {
  const { app } = await emptied()
  const target = await temporaryFolder()
  await exported(target, from, scene.arn)
  const file = join(target, 'part-000001.jsonl.gz')
  const bytes = await readFile(file)
  bytes[bytes.length >> 1]! ^= 1
  await writeFile(file, bytes)
  await expect(imported(target, to)).rejects.toThrow(/^part-000001\.jsonl\.gz is not the file that was exported/)
  expect(await abandon(app.db, target)).toBe(false)
})
