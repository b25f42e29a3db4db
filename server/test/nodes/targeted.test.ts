import { expect, test } from 'vitest'
import { hasNats, startNats } from '../support/nats.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { contentsOf, dropping, makeChannel, startNodes, until } from './two-nodes.ts'

const idsOf = ({ events }: Listening, type: string) =>
  events.filter(event => event.type === type).map(({ payload }) => payload!['MessageId'])

test.skipIf(!hasNats)(
  'a targeted message, its edit and its redaction are heard by its sender and its target only, each on another node',
  async () => {
    const nats = await startNats()
    // A message with this text is lost on the way to the second node.
    const nodes = await startNodes([nats.url, await dropping(nats.port, () => 'lost on the way'), nats.url])
    const { user, ChannelArn, ChimeBearer, heard: bob, say } = await makeChannel([nodes[0]!, nodes[1]!])
    await nodes[2]!.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: user('carol'), Type: 'DEFAULT' })
    const alice = await listen(nodes[2]!.app, user('alice'))
    const carol = await Promise.all(nodes.map(({ app }) => listen(app, user('carol'))))
    const whisper = async (from: string, to: string, Content: string, on: number) => {
      const { MessageId } = await nodes[on]!.messaging.sendChannelMessage({
        ChannelArn,
        Content,
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        Target: [{ MemberArn: user(to) }],
        ChimeBearer: user(from),
      })
      return { ChannelArn, MessageId, ChimeBearer: user(from) }
    }
    const both = ['alice to bob', 'bob to alice', 'lost on the way', 'for all']
    const asked = await whisper('alice', 'bob', both[0]!, 0)
    await until(() => contentsOf(bob).length === 1 && contentsOf(alice).length === 1)
    const answered = await whisper('bob', 'alice', both[1]!, 2)
    await nodes[1]!.messaging.updateChannelMessage({ ...asked, Content: 'alice to bob, edited' })
    await nodes[0]!.messaging.redactChannelMessage(answered)
    const missed = await whisper('alice', 'bob', both[2]!, 0)
    // Its number shows the second node that it has missed one.
    await say(both[3]!, nodes[2])
    const hearing: Listening[] = [alice, bob, ...carol]
    await until(() => hearing.every(each => contentsOf(each).includes('for all')))
    for (const each of [alice, bob]) {
      expect(contentsOf(each)).toEqual(both)
      expect(idsOf(each, 'UPDATE_CHANNEL_MESSAGE')).toEqual([asked.MessageId])
      expect(idsOf(each, 'REDACT_CHANNEL_MESSAGE')).toEqual([answered.MessageId])
    }
    for (const each of carol) {
      expect(contentsOf(each)).toEqual(['for all'])
      expect(each.texts.join()).not.toContain(missed.MessageId!)
      expect([...idsOf(each, 'UPDATE_CHANNEL_MESSAGE'), ...idsOf(each, 'REDACT_CHANNEL_MESSAGE')]).toEqual([])
    }
    for (const [name, sees] of [
      ['bob', true],
      ['carol', false],
    ] as const) {
      for (const { messaging } of nodes) {
        const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: user(name) })
        expect(ChannelMessages!.some(({ MessageId }) => MessageId === missed.MessageId)).toBe(sees)
      }
    }
  },
)
