import { afterAll, expect, test } from 'vitest'
import { callBack, processor, startLambda, type FlowEvent } from '../support/processor.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { makeChannel, startNodes, until } from './two-nodes.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

/** The events of messages: the type, and the content. */
const toldOf = ({ events }: Listening) =>
  events.flatMap(({ type, payload }) => (type.endsWith('_CHANNEL_MESSAGE') ? [[type, payload!['Content']]] : []))

test.skipIf(!hasNats)(
  'a message that a flow holds, releases, denies or fails: its sender hears each of it and the members the release, each on another node',
  async () => {
    const { url } = await startNats()
    const nodes = await startNodes([url, url, url], { lambdaEndpoint: lambda.url })
    const { arn, user, ChannelArn, ChimeBearer, heard: bob, say } = await makeChannel([nodes[0]!, nodes[2]!])
    const alice = await listen(nodes[1]!.app, user('alice'))
    const checked = lambda.define()
    const Processors = [processor(checked.arn)]
    const { ChannelFlowArn } = await nodes[1]!.messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })
    await nodes[2]!.messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer })
    const told = async (listening: Listening, ...expected: string[][]) => {
      await until(() => toldOf(listening).length >= expected.length)
      expect(toldOf(listening)).toEqual(expected)
    }
    /** Sent on the first node; the processor answers on the others in turn. */
    const taken = async (number: number, content: string, answer: (event: FlowEvent) => Promise<unknown>) => {
      const { MessageId } = await say(content)
      await until(() => toldOf(alice).some(([type, text]) => type === 'PENDING_CREATE_CHANNEL_MESSAGE' && text === content))
      await answer(await checked.event(number))
      return MessageId!
    }
    const MessageId = await taken(0, 'one', event => callBack(nodes[2]!.messaging, event, { Content: 'one, checked' }))
    const released = ['CREATE_CHANNEL_MESSAGE', 'one, checked']
    await told(alice, ['PENDING_CREATE_CHANNEL_MESSAGE', 'one'], released)
    await told(bob, released)

    await taken(1, 'two', event => callBack(nodes[1]!.messaging, event, { Content: 'two' }, { DeleteResource: true }))
    const denied = [
      ['PENDING_CREATE_CHANNEL_MESSAGE', 'two'],
      ['DENIED_CREATE_CHANNEL_MESSAGE', 'two'],
    ]
    await until(() => toldOf(alice).length === 4)
    expect(toldOf(alice).slice(2)).toEqual(denied)

    await nodes[2]!.messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'edited', ChimeBearer })
    await callBack(nodes[1]!.messaging, await checked.event(2), { Content: 'edited, checked' })
    const edited = ['UPDATE_CHANNEL_MESSAGE', 'edited, checked']
    await until(() => toldOf(alice).length === 6)
    expect(toldOf(alice).slice(4)).toEqual([['PENDING_UPDATE_CHANNEL_MESSAGE', 'edited'], edited])
    await told(bob, released, edited)

    checked.status = 400
    await say('three')
    await until(() => toldOf(alice).length === 8)
    expect(toldOf(alice).slice(6)).toEqual([
      ['PENDING_CREATE_CHANNEL_MESSAGE', 'three'],
      ['FAILED_CREATE_CHANNEL_MESSAGE', 'three'],
    ])
    checked.status = 202
    await taken(4, 'four', event => callBack(nodes[0]!.messaging, event, { Content: 'four' }))
    await told(bob, released, edited, ['CREATE_CHANNEL_MESSAGE', 'four'])
  },
)
