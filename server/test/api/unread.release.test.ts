import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { startLambda } from '../support/processor.ts'
import { onBothDatabases } from '../support/world.ts'
import { open, pages, say } from './acts.ts'
import { compareCountsWithLists } from './unread-lists.ts'
import { settleSome, UnreadModel, walk } from './unread-model.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

onBothDatabases(
  'Unread counts',
  world => {
    test('agree with a simple model after each of thousands of calls', { timeout: 900_000 }, async () => {
      const property = fc.asyncProperty(walk(60), async steps => {
        const model = await UnreadModel.open(world(), lambda)
        for (const step of steps) {
          await model.does(step)
          expect(await model.told()).toEqual(model.expected())
        }
      })
      await fc.assert(property, { numRuns: 20, endOnFailure: true })
    })

    test.each([2, 3])('agree with the lists of messages in a long run with seed %i', async seed => {
      expect(await compareCountsWithLists(world(), lambda, { rounds: 60, seed })).toBeGreaterThan(0)
    })

    test('are exact where a marker is set back over many messages while some of them are deleted, corrections settled and others sent', async () => {
      const { messaging, carillon, appInstance } = world()
      const { user } = await appInstance(['ann', 'ben'], { admins: ['root'] })
      const [ann, ben] = [user('ann'), user('ben')]
      const ChannelArn = await open(world(), ann, { MemberArns: [ben] })
      const MessageId = await say(world(), ann, ChannelArn)
      const sent: string[] = []
      for (let round = 0; round < 60; round++) {
        const ids = await Promise.all(Array.from({ length: 20 }, async (_, index) => say(world(), index % 3 === 0 ? ann : ben, ChannelArn)))
        sent.push(...ids)
      }
      const putBack = async () => carillon.call('PutChannelReadMarker', { ChannelArn, MessageId, ChimeBearer: ben })
      const going = sent.filter((_, index) => index % 7 === 0)
      const changes = going.map(async (id, index) => {
        const named = { ChannelArn, MessageId: id }
        if (index % 2 === 0) await messaging.deleteChannelMessage({ ...named, ChimeBearer: user('root') })
        else await messaging.redactChannelMessage({ ...named, ChimeBearer: user('root') })
        if (index % 5 === 0) await say(world(), ann, ChannelArn)
        if (index % 10 === 0) await putBack()
        if (index % 20 === 10) await settleSome(world(), 5)
      })
      await Promise.all(changes)
      const listed = await pages(NextToken => messaging.listChannelMessages({ ChannelArn, ChimeBearer: ann, NextToken }))
      const left = listed.flatMap(page => page.ChannelMessages!).filter(({ Sender, Redacted }) => Sender!.Arn === ann && !Redacted)
      const { UnreadCount } = await carillon.call('GetUnreadSummary', { ChimeBearer: ben })
      expect(UnreadCount).toBe(left.length - 1)
    })
  },
  { lambdaEndpoint: lambda.url },
)
