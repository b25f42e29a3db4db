import { expect, onTestFinished, test } from 'vitest'
import { createLog } from '../../src/observe/log.ts'
import { openDatabase } from '../../src/database/open.ts'
import { readConfig } from '../../src/settings/config.ts'
import { SessionsOfNodes } from '../../src/nodes/sessions.ts'
import { known, type SessionOfUser } from '../../src/nodes/session-of-user.ts'
import { statement } from '../../src/database/database.ts'
import { beatOf, isTaken, putSession } from '../../src/store/nodes.ts'
import { Seam } from '../support/seam.ts'
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

const session = { userId: 1, id: 'same', connectedAt: Date.now(), sourceAddress: '127.0.0.1' }
const older = { ...session, connectedAt: 1 }

async function nodeBehind(seam: Seam) {
  const db = await open()
  await beatOf(db, { id: 'one', name: 'one', bus: 'nats' })
  const sessions = new SessionsOfNodes({ db: seam.through(db), nodeId: 'one', log, everyMilliseconds: 0 })
  onTestFinished(() => sessions.stop())
  return { db, sessions }
}

test('a session that a node takes stays, although the node is about to remove an older one with the same id', async () => {
  const seam = new Seam()
  const { db, sessions } = await nodeBehind(seam)
  await putSession(db, { ...older, ...known(older) }, 'one')
  const removal = seam.hold({ text: /^\s*delete from sessions s/, at: 'question' })
  sessions.compare(() => {})
  await removal.reached
  await sessions.take(session, 10)
  // The comparison ends by writing rows that are missing.
  const end = seam.hold({ text: /on conflict \(user_id, session\) do nothing/, at: 'question' })
  removal.release()
  await end.reached
  expect(await isTaken(db, known(session))).toBe(true)
})

test('a session that a node takes stays, although the node is still removing the one that has just ended', async () => {
  const seam = new Seam()
  const { db, sessions } = await nodeBehind(seam)
  await sessions.take(older, 10)
  const removal = seam.hold({ text: /^delete from sessions where/, at: 'question' })
  sessions.release(older)
  await removal.reached
  await sessions.take(session, 10)
  removal.release()
  // The removal asks before this does, over the same connections.
  for (let turn = 0; turn < 3; turn++) await db.get(nothing)
  expect(await isTaken(db, known(session))).toBe(true)
})
