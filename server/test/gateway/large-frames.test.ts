import { expect, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { listen } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'

/** A message that takes four times as many bytes in a frame, where each quotation mark needs three backslashes. */
const large = '"'.repeat(65_536)

onBothDatabases(
  'A session in channels with the largest messages',
  world => {
    const asked = { query: { 'prefetch-on': 'connect' } }

    test('is sent the details of its channels, although those of one are more than the unread bytes for which a client is too slow', async () => {
      const { app, appInstance } = world()
      const { user } = await appInstance(['ann', 'ben'])
      const [ann, ben] = [user('ann'), user('ben')]
      const arns = [await open(world(), ann, { MemberArns: [ben] }), await open(world(), ann, { MemberArns: [ben] })]
      for (const arn of arns) for (let count = 0; count < 20; count++) await say(world(), ann, arn, large)
      const session = await listen(app, ben, asked)
      for (const arn of arns.toReversed()) {
        const { type, payload } = await session.next()
        expect([type, payload!['Channel'], payload!['ChannelMessages']]).toMatchObject([
          'CHANNEL_DETAILS',
          { ChannelArn: arn },
          Array.from({ length: 20 }, () => ({ Content: large })),
        ])
      }
      await say(world(), ann, arns[0]!, 'small')
      await session.until(({ payload }) => payload?.['Content'] === 'small')
    })

    test.each([
      ['that it has missed', 0],
      ['that arrives while it is sent what it has missed, however much that is, and is not closed', 60],
    ])('is sent all in order %s, when it reconnects', async (_, meanwhile) => {
      const { app, appInstance } = world()
      const { user } = await appInstance(['ann', 'ben'])
      const [ann, ben] = [user('ann'), user('ben')]
      const ChannelArn = await open(world(), ann, { MemberArns: [ben] })
      const sessionId = crypto.randomUUID()
      const before = await listen(app, ben, { sessionId })
      before.socket.terminate()
      await before.closed
      const sent: string[] = []
      const sendMany = async (many: number) => {
        for (let count = 0; count < many; count++) sent.push(await say(world(), ann, ChannelArn, large))
      }
      await sendMany(60)
      const session = await listen(app, ben, { sessionId })
      session.socket.pause()
      await sendMany(meanwhile)
      session.socket.resume()
      const heard = []
      while (heard.length < sent.length) {
        const { type, payload } = await session.next()
        if (type === 'CREATE_CHANNEL_MESSAGE') heard.push(payload!['MessageId'])
      }
      expect(heard).toEqual(sent)
      expect(await session.isAnswered()).toBe(true)
    })
  },
  { contentBytes: '65536' },
)
