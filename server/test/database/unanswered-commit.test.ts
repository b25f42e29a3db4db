import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { contentsOf } from '../nodes/two-nodes.ts'
import { listen } from '../support/sockets.ts'
import { createPostgresDatabase, refusal, startWorld } from '../support/world.ts'
import { breakCommit } from './broken-commit.ts'

test.each([true, false])(
  'sockets hear of a transaction whose COMMIT has got no answer if it has happened, in the order of the channel: %s',
  async isDone => {
    const databaseUrl = new URL(await createPostgresDatabase({ made: true }))
    databaseUrl.port = String(await breakCommit(Number(databaseUrl.port), 'the unanswered', { isSent: isDone }))
    const world = await startWorld('postgres', { databaseUrl: databaseUrl.href })
    onTestFinished(() => world.close())
    const { user } = await world.appInstance(['alice', 'bob'])
    const alice = user('alice')
    const channel = await open(world, alice, { MemberArns: [user('bob')] })
    const bob = await listen(world.app, user('bob'))
    const sent = async (content: string) => say(world, alice, channel, content, { ClientRequestToken: content.replace(' ', '-') })
    await sent('before')
    expect(await refusal(sent('the unanswered'))).toMatchObject({ status: 503 })
    await sent('after')
    await sent('the unanswered')
    await sent('last')
    await expect.poll(() => contentsOf(bob)).toContain('last')
    const heard = isDone ? ['before', 'the unanswered', 'after', 'last'] : ['before', 'after', 'the unanswered', 'last']
    expect(contentsOf(bob)).toEqual(heard)
  },
)
