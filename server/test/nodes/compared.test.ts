import { expect, onTestFinished, test } from 'vitest'
import { createLog } from '../../src/observe/log.ts'
import { openDatabase } from '../../src/database/open.ts'
import { readConfig } from '../../src/settings/config.ts'
import { SessionsOfNodes } from '../../src/nodes/sessions.ts'
import { known, type SessionOfUser } from '../../src/nodes/session-of-user.ts'
import { statement, type Database } from '../../src/database/database.ts'
import { beatOf, isTaken, putSession } from '../../src/store/nodes.ts'
import { createPostgresDatabase } from '../support/world.ts'

const log = createLog('fatal')
const nothing = statement('select 1 as one')

async function open() {
  const config = readConfig({ databaseUrl: await createPostgresDatabase({ made: true }) }, {})
  const db = await openDatabase(config, { log, follow: () => {} })
  onTestFinished(() => db.close())
  return db
}

test('a session that reconnects to a node while that node compares its sessions with the database stays', async () => {
  const db = await open()
  const ended = new Set<SessionOfUser>()
  const nodes = await Promise.all(
    ['one', 'two'].map(async nodeId => {
      await beatOf(db, { id: nodeId, name: nodeId, bus: 'nats' })
      const sessions = new SessionsOfNodes({ db, nodeId, log, everyMilliseconds: 0 })
      sessions.compare(session => ended.add(session))
      onTestFinished(() => sessions.stop())
      return sessions
    }),
  )
  // How often a comparison ends a session depends on the machine, so the moves go on for the length of a hundred comparisons.
  for (let count = 0; ended.size <= 100; count++) {
    const session = { userId: 1, id: 'same', connectedAt: Date.now(), sourceAddress: '127.0.0.1' }
    await nodes[count % 2]!.take(session, 10)
    // No other node has the session meanwhile.
    for (let turn = 0; turn < 3; turn++) await db.get(nothing)
    expect(ended.has(session), `after ${count} moves`).toBe(false)
  }
})

test('a session that a node takes stays, although the node is about to remove an older one with the same id', async () => {
  const db = await open()
  await beatOf(db, { id: 'one', name: 'one', bus: 'nats' })
  const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const heldBack = {
    kind: db.kind,
    all: async (asked, ...values) => db.all(asked, ...values),
    get: async (asked, ...values) => db.get(asked, ...values),
    run: async (asked, ...values) => {
      if (asked.text.trimStart().startsWith('delete from sessions s')) {
        reached.resolve()
        await go.promise
      }
      return db.run(asked, ...values)
    },
    transaction: async work => db.transaction(work),
    of: lock => db.of(lock),
    tidy: async () => db.tidy(),
    close: async () => db.close(),
  } satisfies Database
  const session = { userId: 1, id: 'same', connectedAt: Date.now(), sourceAddress: '127.0.0.1' }
  await putSession(db, { ...session, ...known(session), connectedAt: 1 }, 'one')
  const sessions = new SessionsOfNodes({ db: heldBack, nodeId: 'one', log, everyMilliseconds: 0 })
  onTestFinished(() => sessions.stop())
  sessions.compare(() => {})
  await reached.promise
  await sessions.take(session, 10)
  go.resolve()
  await sessions.stop()
  expect(await isTaken(db, known(session))).toBe(true)
})
