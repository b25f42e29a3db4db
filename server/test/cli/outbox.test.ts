import { expect, test } from 'vitest'
import { createLog } from '../../src/observe/log.ts'
import { readConfig } from '../../src/settings/config.ts'
import { openDatabase } from '../../src/database/open.ts'
import { appendInOrder, appendToOutbox, firstInOutbox, laneOf, outboxFigures } from '../../src/store/outbox.ts'
import { moveToDead } from '../../src/store/outbox-dead.ts'
import { markDelivered, markFailed, markPaused } from '../../src/store/outbox-lanes.ts'
import { main, run, temporaryFolder } from '../support/process.ts'
import { createPostgresDatabase, databaseKinds } from '../support/world.ts'

const [streams, processors] = [laneOf('stream', 'arn:aws:kinesis:x'), laneOf('flow-invocation', 'arn:aws:lambda:y')]

const printed = (stdout: unknown) => ({ code: 0, stdout, stderr: '' })

test.each(databaseKinds)('the outbox is listed, and dead entries are retried or dropped, on %s', async kind => {
  const where = kind === 'postgres' ? { databaseUrl: await createPostgresDatabase() } : { data: await temporaryFolder(), tls: 'off' }
  const flags = kind === 'postgres' ? ['--database-url', where.databaseUrl!] : ['--data', where.data!]
  const open = async () => openDatabase(readConfig(where, {}), { log: createLog('silent'), follow: () => {} })
  const outbox = async (...args: string[]) => run(process.execPath, [main, 'outbox', ...args, ...flags])
  const db = await open()
  expect(await outbox('status')).toEqual(printed('The outbox is empty, and nothing has left it recently.\n'))
  expect(await outbox('list')).toEqual(printed('There are no dead entries.\n'))
  await db.transaction(async tx => {
    for (const payload of ['"a"', '"b"', '"c"', '"d\u009b2J"']) await appendInOrder(tx, streams, 'channel', payload, Date.now())
    await appendToOutbox(tx, processors, 'e', Date.now())
    for (const entry of (await firstInOutbox(tx, streams, 10)).slice(1)) await moveToDead(tx, entry, Date.now(), 'it is too\u001B[2J large')
    await markFailed(tx, streams, Date.now(), 'the stream is gone')
    await markDelivered(tx, processors, Date.now())
    await markPaused(tx, processors, Date.UTC(2099, 0), 'it has answered 503')
  })

  const status = (await outbox('status')).stdout
  expect(status).toMatch(/^LANE +WAITING +OLDEST +DEAD +LAST SUCCESS +LAST FAILURE$/m)
  expect(status).toMatch(/^stream arn:aws:kinesis:x +1 +\d+ s +3 +never +2\d{3}-\S+Z$/m)
  expect(status).toMatch(/^flow-invocation arn:aws:lambda:y +1 +\d+ s +0 +2\d{3}-\S+Z +never$/m)
  expect(status).toContain('\nstream arn:aws:kinesis:x fails: the stream is gone\n')
  const pause = `${processors} pauses until 2099-01-01T00:00:00.000Z, as its destination has asked: it has answered 503`
  expect(status).toContain(`\n${pause}\n`)

  const { stdout } = await outbox('list', '--lane', streams)
  const [first, second, third] = [
    ...stdout.matchAll(
      /^(\d+) {2}stream arn:aws:kinesis:x\n {4}from \S+, given up \S+Z: it is too \[2J large\n {4}"(?:b|c|d\\u009b2J)"$/gm,
    ),
  ]
  expect(third).toBeDefined()
  expect(await outbox('list', '--lane', processors)).toEqual(
    printed(`There are no dead entries of the lane ${processors}. carillon outbox status has the names of the lanes.\n`),
  )
  const doctor = await run(process.execPath, [main, 'doctor', ...flags])
  expect(doctor.stdout).toContain(`good: The lane ${pause}.`)
  expect(doctor.stdout).toContain(`advice: The outbox has 3 dead entries of the lane ${streams}.`)

  expect(await outbox('retry')).toMatchObject({
    code: 1,
    stderr: 'carillon: Name the entries by their numbers, or give --lane LANE or --all.\n',
  })
  expect(await outbox('drop', 'x')).toMatchObject({ code: 1, stderr: expect.stringContaining('x is not the number of an entry') as string })
  expect(await outbox('drop', '--waiting', '--lane', processors)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('An entry for a processor of a channel flow cannot be dropped') as string,
  })
  expect(await outbox('drop', '--waiting')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("give --lane 'LANE', in quotes") as string,
  })
  const missing = {
    code: 1,
    stderr: 'carillon: 1 of the numbers are not those of dead entries. carillon outbox list shows the numbers.\n',
  }
  expect(await outbox('retry', second![1]!, '999')).toEqual({
    ...missing,
    stdout: '1 entry will be delivered again, after what waits in the lane.\n',
  })
  expect(await outbox('drop', '999')).toEqual({ ...missing, stdout: '0 entries dropped.\n' })
  expect((await firstInOutbox(db, streams, 10)).map(({ payload }) => payload)).toEqual(['"a"', '"c"'])
  expect(await outbox('drop', first![1]!)).toEqual(printed('1 entry dropped.\n'))
  expect(await outbox('retry', '--all')).toEqual(printed('1 entry will be delivered again, after what waits in the lane.\n'))
  expect((await firstInOutbox(db, streams, 10)).map(({ payload }) => payload)).toEqual(['"a"', '"c"', '"d\u009b2J"'])
  expect(await outbox('drop', '--waiting', '--lane', streams)).toEqual(printed('3 entries that waited dropped.\n'))
  expect((await outboxFigures(db)).map(({ lane }) => lane)).toEqual([processors])
  await db.close()
})
