import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { contentsOf } from '../nodes/two-nodes.ts'
import { startPostgres } from '../support/postgres.ts'
import { listen } from '../support/sockets.ts'
import { refusal, startWorld } from '../support/world.ts'
import { breakCommit } from './broken-commit.ts'

test('sockets do not hear of a transaction that PostgreSQL has lost in a crash, although the next one has its id', async () => {
  // So that nothing but a commit writes the log.
  const postgres = await startPostgres(['-c', 'wal_writer_delay=10s'])
  onTestFinished(() => postgres.remove())
  let crashed: Promise<void> | undefined
  const databaseUrl = new URL(postgres.url)
  const kept = () => void (crashed = postgres.crash())
  databaseUrl.port = String(await breakCommit(Number(databaseUrl.port), 'the lost', { isSent: false, kept }))
  const world = await startWorld('postgres', { databaseUrl: databaseUrl.href })
  onTestFinished(() => world.close())
  const { user } = await world.appInstance(['alice', 'bob'])
  const alice = user('alice')
  const channel = await open(world, alice, { MemberArns: [user('bob')] })
  const bob = await listen(world.app, user('bob'))
  const sent = async (content: string) => say(world, alice, channel, content, { ClientRequestToken: content.replace(' ', '-') })
  await sent('before')
  expect(await refusal(sent('the lost'))).toMatchObject({ status: 503 })
  await crashed
  await postgres.start()
  await expect
    .poll(() =>
      sent('the lost').then(
        () => 'sent',
        () => 'refused',
      ),
    )
    .toBe('sent')
  await sent('last')
  await expect.poll(() => contentsOf(bob)).toContain('last')
  expect(contentsOf(bob)).toEqual(['before', 'the lost', 'last'])
})
