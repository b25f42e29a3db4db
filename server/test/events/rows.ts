import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { OperationName } from '../../src/contract/index.ts'
import { open, purged } from '../api/acts.ts'
import { callBack, processor, type Lambda } from '../support/processor.ts'
import type { Scene } from './scene.ts'

type Name = 'alice' | 'bob' | 'carol' | 'dave' | 'root' | 'tom'
type Expected = Partial<Record<Name, readonly string[]>>

/** An act, and all that is heard of it. */
export interface Row {
  readonly does: string
  /** Who hears what; who is not named hears nothing. */
  readonly heard: Expected
  /** Makes what is needed; what is heard of that is not counted. */
  readonly act: (scene: Scene, lambda: Lambda) => Promise<() => Promise<unknown>>
  /** The act fails. */
  readonly isRefused?: true
  /** Several nodes do not promise it. */
  readonly isOfOneNode?: true
}

const row = (does: string, heard: Expected, act: Row['act']): Row => ({ does, heard, act })
const refused = (does: string, act: Row['act']): Row => ({ does, heard: {}, act, isRefused: true })

const hear = (types: string | readonly string[], ...names: Name[]): Expected =>
  Object.fromEntries(names.map(name => [name, [types].flat()]))

const members = ['alice', 'bob', 'carol', 'tom'] as const
const everybody = ['alice', 'bob', 'carol', 'dave', 'root', 'tom'] as const
const joined = 'CREATE_CHANNEL_MEMBERSHIP'
const left = 'DELETE_CHANNEL_MEMBERSHIP'
const created = 'CREATE_CHANNEL_MESSAGE'

const token = () => randomUUID()
const passing = { Persistence: 'NON_PERSISTENT' } as const
const hello = { Content: 'hello', Type: 'STANDARD', Persistence: 'PERSISTENT' } as const

const twice = (act: () => Promise<unknown>) => async () => {
  await act()
  await act()
}

/** The second time is refused. */
const onceAndAgain = (act: () => Promise<unknown>) => async () => {
  await act()
  await expect(act()).rejects.toHaveProperty('$fault', 'client')
}

async function withFlow({ messaging, arn, channel }: Scene, lambda: Lambda) {
  const called = lambda.define()
  const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors: [processor(called.arn)] })
  await messaging.associateChannelFlow({ ...channel, ChannelFlowArn })
  return called
}

/** Everything that is heard outside who calls: the operations that are not here are silent. */
export const rows = {
  CreateChannel: [
    row('tells every member of each', hear([joined, joined, joined], 'alice', 'bob', 'dave'), async s => () => {
      return open(s.world, s.alice, { MemberArns: [s.bob, s.dave, s.alice], ModeratorArns: [s.root] })
    }),
    row('tells once where it is repeated', hear([joined, joined], 'alice', 'dave'), async s => {
      const ClientRequestToken = token()
      return twice(async () => open(s.world, s.alice, { MemberArns: [s.dave], ClientRequestToken }))
    }),
    row('tells nobody of an elastic one', {}, async s => async () => s.elastic()),
    refused('tells nobody where a member does not exist', async s => () => open(s.world, s.alice, { MemberArns: [s.bob, s.user('none')] })),
  ],
  UpdateChannel: [
    row('tells all members', hear('UPDATE_CHANNEL', ...members), async s => () => s.messaging.updateChannel({ ...s.channel, Name: 'new' })),
    row('tells nobody where it gives nothing', {}, async s => () => s.messaging.updateChannel(s.channel)),
    row('tells the members of all sub-channels, each once', hear('UPDATE_CHANNEL', 'alice', 'bob', 'carol', 'dave', 'tom'), async s => {
      const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob, s.carol, s.dave, s.tom)
      for (const SubChannelId of new Set(places)) {
        await s.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.alice, Type: 'DEFAULT', SubChannelId })
      }
      return () => s.messaging.updateChannel({ ChannelArn, ChimeBearer, Metadata: 'm' })
    }),
    refused(
      'tells nobody where a member tries',
      async s => () => s.messaging.updateChannel({ ...s.channel, ChimeBearer: s.bob, Name: 'x' }),
    ),
  ],
  DeleteChannel: [
    row('tells all members', hear('DELETE_CHANNEL', ...members), async s => async () => {
      await s.messaging.deleteChannel(s.channel)
      await purged(s.world)
    }),
    row('tells the members of all sub-channels', hear('DELETE_CHANNEL', 'bob', 'carol', 'dave', 'tom'), async s => {
      const { ChannelArn, ChimeBearer } = await s.elastic(s.bob, s.carol, s.dave, s.tom)
      return () => s.messaging.deleteChannel({ ChannelArn, ChimeBearer })
    }),
    refused('tells nobody where a member tries', async s => () => s.messaging.deleteChannel({ ...s.channel, ChimeBearer: s.bob })),
    refused('tells nobody again', async s => {
      await s.messaging.deleteChannel(s.channel)
      return () => s.messaging.deleteChannel(s.channel)
    }),
  ],
  CreateChannelMembership: [
    row('tells all members and the new one', hear(joined, ...members, 'dave'), async s => () => {
      return s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'DEFAULT' })
    }),
    row('tells nobody of who is a member', {}, async s => () => {
      return s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.bob, Type: 'DEFAULT' })
    }),
    row('tells of a HIDDEN one only those in charge who are members, and itself', hear(joined, 'alice', 'dave'), async s => () => {
      return s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'HIDDEN' })
    }),
    row('tells of a HIDDEN one an admin who is a member', hear(joined, 'alice', 'dave', 'root'), async s => {
      await s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.root, Type: 'DEFAULT' })
      return () => s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'HIDDEN' })
    }),
    row('tells the sub-channel that is joined', hear(joined, 'bob', 'dave'), async s => {
      const { ChannelArn, ChimeBearer } = await s.elastic(s.bob)
      return () => s.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.dave, Type: 'DEFAULT' })
    }),
    row('tells the sub-channel that a moderator joins', hear(joined, 'bob', 'alice'), async s => {
      const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob)
      const input = { ChannelArn, ChimeBearer, MemberArn: s.alice, Type: 'DEFAULT', SubChannelId: places[0] } as const
      return twice(async () => s.messaging.createChannelMembership(input))
    }),
    refused('tells nobody of another Type', async s => () => {
      return s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.bob, Type: 'HIDDEN' })
    }),
    refused('tells nobody of who is banned', async s => {
      await s.messaging.createChannelBan({ ...s.channel, MemberArn: s.dave })
      return () => s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'DEFAULT' })
    }),
  ],
  BatchCreateChannelMembership: [
    row(
      'tells all members and the new ones, once',
      hear('BATCH_CREATE_CHANNEL_MEMBERSHIP', ...members, 'dave', 'root'),
      async s => () => s.messaging.batchCreateChannelMembership({ ...s.channel, MemberArns: [s.dave, s.root, s.bob, s.user('none')] }),
    ),
    row('tells nobody where nobody is new', {}, async s => () => {
      return s.messaging.batchCreateChannelMembership({ ...s.channel, MemberArns: [s.bob, s.user('none')] })
    }),
    row(
      'tells of HIDDEN ones only those in charge who are members, and themselves',
      hear('BATCH_CREATE_CHANNEL_MEMBERSHIP', 'alice', 'dave', 'root'),
      async s => () => s.messaging.batchCreateChannelMembership({ ...s.channel, MemberArns: [s.dave, s.root], Type: 'HIDDEN' }),
    ),
    row('tells the sub-channel of each', hear([joined, joined], 'bob', 'carol', 'dave'), async s => {
      const { ChannelArn, ChimeBearer } = await s.elastic(s.bob)
      return () => s.messaging.batchCreateChannelMembership({ ChannelArn, ChimeBearer, MemberArns: [s.carol, s.dave] })
    }),
    refused('tells nobody where an outsider tries', async s => () => {
      return s.messaging.batchCreateChannelMembership({ ...s.channel, ChimeBearer: s.dave, MemberArns: [s.root] })
    }),
  ],
  DeleteChannelMembership: [
    row('tells those who stay and who has left', hear(left, ...members), async s => {
      return twice(async () => s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.bob }))
    }),
    row('tells of a HIDDEN one those in charge, and itself', hear(left, 'alice', 'carol'), async s => () => {
      return s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.carol })
    }),
    row('tells nobody of who is no member', {}, async s => () => {
      return s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.dave })
    }),
    row('tells who has left nothing of what comes later', { ...hear([left, created], 'alice', 'carol', 'tom'), bob: [left] }, async s => {
      return async () => {
        await s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.bob })
        await s.say('later', {}, s.alice)
      }
    }),
    row(
      'tells each sub-channel that a moderator leaves',
      { alice: [left, left], ...hear(left, 'bob', 'carol', 'dave', 'tom') },
      async s => {
        const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob, s.carol, s.dave, s.tom)
        for (const SubChannelId of new Set(places)) {
          await s.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.alice, Type: 'DEFAULT', SubChannelId })
        }
        return () => s.messaging.deleteChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.alice })
      },
    ),
    refused('tells nobody where a member removes another', async s => () => {
      return s.messaging.deleteChannelMembership({ ...s.channel, ChimeBearer: s.bob, MemberArn: s.tom })
    }),
  ],
  CreateChannelModerator: [
    row('tells nobody in an ordinary channel', {}, async s => () => {
      return s.messaging.createChannelModerator({ ...s.channel, ChannelModeratorArn: s.bob })
    }),
    row('tells an elastic channel of the membership that ends', hear(left, 'bob', 'dave'), async s => {
      const { ChannelArn, ChimeBearer } = await s.elastic(s.bob, s.dave)
      return twice(async () => s.messaging.createChannelModerator({ ChannelArn, ChimeBearer, ChannelModeratorArn: s.bob }))
    }),
  ],
  DeleteChannelModerator: [
    row('tells nobody in an ordinary channel', {}, async s => () => {
      return s.messaging.deleteChannelModerator({ ...s.channel, ChannelModeratorArn: s.alice })
    }),
    row('tells an elastic channel of the memberships that end', hear(left, 'bob', 'dave'), async s => {
      const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob)
      await s.messaging.createChannelModerator({ ChannelArn, ChimeBearer, ChannelModeratorArn: s.dave })
      await s.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.dave, Type: 'DEFAULT', SubChannelId: places[0] })
      return twice(async () => s.messaging.deleteChannelModerator({ ChannelArn, ChimeBearer, ChannelModeratorArn: s.dave }))
    }),
  ],
  CreateChannelBan: [
    row('tells of the membership that ends', hear(left, ...members), async s => {
      return twice(async () => s.messaging.createChannelBan({ ...s.channel, MemberArn: s.bob }))
    }),
    row('tells nobody of who is no member', {}, async s => () => s.messaging.createChannelBan({ ...s.channel, MemberArn: s.dave })),
    refused('tells nobody of a moderator', async s => () => s.messaging.createChannelBan({ ...s.channel, MemberArn: s.alice })),
  ],
  SendChannelMessage: [
    row('tells all members', hear(created, ...members), async s => () => s.say()),
    row('tells all members of what is not kept', hear(created, ...members), async s => () => s.say('hi', { Type: 'CONTROL', ...passing })),
    row('tells sender and target of what is for the target', hear(created, 'bob', 'tom'), async s => () => {
      return s.say('hello', { Target: [{ MemberArn: s.tom }] })
    }),
    row('tells sender and target of what is not kept and for the target', hear(created, 'bob', 'carol'), async s => () => {
      return s.say('hello', { Target: [{ MemberArn: s.carol }], ...passing })
    }),
    row('tells once where it is repeated', hear(created, ...members), async s => {
      const ClientRequestToken = token()
      return twice(async () => s.say('hello', { ClientRequestToken }))
    }),
    {
      ...row('tells once of what is not kept where it is repeated', hear(created, ...members), async s => {
        const ClientRequestToken = token()
        return async () => Promise.all([1, 2, 3].map(async () => s.say('hello', { ClientRequestToken, ...passing })))
      }),
      isOfOneNode: true,
    },
    row('tells its sub-channel', hear(created, 'bob', 'carol', 'dave'), async s => {
      const { ChannelArn, places } = await s.elastic(s.bob, s.carol, s.dave)
      return () => s.messaging.sendChannelMessage({ ...hello, ChannelArn, ChimeBearer: s.bob, SubChannelId: places[0] })
    }),
    row('tells its sender alone that a flow decides on it', hear('PENDING_CREATE_CHANNEL_MESSAGE', 'bob'), async (s, lambda) => {
      await withFlow(s, lambda)
      return () => s.say()
    }),
    refused('tells nobody where an outsider tries', async s => () => s.say('hello', passing, s.dave)),
    refused('tells nobody where the target is no member', async s => () => s.say('hello', { Target: [{ MemberArn: s.dave }], ...passing })),
    refused('tells nobody of what is too large', async s => () => s.say('x'.repeat(4097))),
  ],
  UpdateChannelMessage: [
    row('tells all members', hear('UPDATE_CHANNEL_MESSAGE', ...members), async s => {
      const MessageId = await s.say()
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId, Content: 'new' })
    }),
    row('tells sender and target, who is no member any more', hear('UPDATE_CHANNEL_MESSAGE', 'bob', 'tom'), async s => {
      const MessageId = await s.say('hello', { Target: [{ MemberArn: s.tom }] })
      await s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.tom })
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId, Content: 'new' })
    }),
    row('tells its sender alone that a flow decides on it', hear('PENDING_UPDATE_CHANNEL_MESSAGE', 'bob'), async (s, lambda) => {
      const MessageId = await s.say()
      await withFlow(s, lambda)
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId, Content: 'new' })
    }),
    refused('tells nobody of one that is redacted', async s => {
      const MessageId = await s.say()
      await s.messaging.redactChannelMessage({ ...s.channel, MessageId })
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId, Content: 'new' })
    }),
    refused('tells nobody where another one tries', async s => {
      const MessageId = await s.say()
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.tom, MessageId, Content: 'new' })
    }),
  ],
  RedactChannelMessage: [
    row('tells all members, once', hear('REDACT_CHANNEL_MESSAGE', ...members), async s => {
      const MessageId = await s.say()
      return twice(async () => s.messaging.redactChannelMessage({ ...s.channel, MessageId }))
    }),
    row('tells once of two at the same time', hear('REDACT_CHANNEL_MESSAGE', ...members), async s => {
      const MessageId = await s.say()
      return async () => Promise.all([1, 2].map(async () => s.messaging.redactChannelMessage({ ...s.channel, MessageId })))
    }),
    row('tells sender and target', hear('REDACT_CHANNEL_MESSAGE', 'bob', 'tom'), async s => {
      const MessageId = await s.say('hello', { Target: [{ MemberArn: s.tom }] })
      return () => s.messaging.redactChannelMessage({ ...s.channel, MessageId, ChimeBearer: s.bob })
    }),
    refused('tells nobody of one that is PENDING', async (s, lambda) => {
      await withFlow(s, lambda)
      const MessageId = await s.say()
      return () => s.messaging.redactChannelMessage({ ...s.channel, MessageId, ChimeBearer: s.bob })
    }),
  ],
  DeleteChannelMessage: [
    row('tells all members, once', hear('DELETE_CHANNEL_MESSAGE', ...members), async s => {
      const MessageId = await s.say()
      return async () =>
        Promise.all([1, 2].map(async () => s.messaging.deleteChannelMessage({ ...s.channel, MessageId, ChimeBearer: s.root })))
    }),
    row('tells sender and target', hear('DELETE_CHANNEL_MESSAGE', 'bob', 'tom'), async s => {
      const MessageId = await s.say('hello', { Target: [{ MemberArn: s.tom }] })
      return () => s.messaging.deleteChannelMessage({ ...s.channel, MessageId, ChimeBearer: s.root })
    }),
    refused('tells nobody where a moderator tries', async s => {
      const MessageId = await s.say()
      return () => s.messaging.deleteChannelMessage({ ...s.channel, MessageId })
    }),
  ],
  ChannelFlowCallback: [
    row('tells all members of what is passed, once', hear(created, ...members), async (s, lambda) => {
      const called = await withFlow(s, lambda)
      await s.say()
      const event = await called.event()
      return onceAndAgain(async () => callBack(s.messaging, event, { Content: 'hello' }))
    }),
    row('tells the sender of what is denied, once', hear('DENIED_CREATE_CHANNEL_MESSAGE', 'bob'), async (s, lambda) => {
      const called = await withFlow(s, lambda)
      await s.say()
      const event = await called.event()
      return onceAndAgain(async () => callBack(s.messaging, event, {}, { DeleteResource: true }))
    }),
    refused('tells nobody of another decision', async (s, lambda) => {
      const called = await withFlow(s, lambda)
      await s.say()
      const event = await called.event()
      await callBack(s.messaging, event, { Content: 'hello' })
      return () => callBack(s.messaging, event, {}, { DeleteResource: true })
    }),
  ],
  DeleteAppInstanceUser: [
    row(
      'tells the others in each of its channels, and closes its sockets',
      { ...hear([left, left], 'alice', 'carol', 'tom'), ...hear(left, 'dave', 'root'), bob: ['closed with 4003'] },
      async s => async () => {
        await s.identity.deleteAppInstanceUser({ AppInstanceUserArn: s.bob })
        await purged(s.world)
      },
    ),
    row(
      'tells of a HIDDEN membership only those in charge',
      { alice: [left, left], ...hear(left, 'bob', 'dave', 'root', 'tom'), carol: ['closed with 4003'] },
      async s => async () => {
        await s.identity.deleteAppInstanceUser({ AppInstanceUserArn: s.carol })
        await purged(s.world)
      },
    ),
  ],
  DeleteAppInstanceBot: [
    row('tells the others in its channels', hear(left, ...members), async s => {
      const bot = await s.bot(s.arn)
      await s.messaging.createChannelMembership({ ...s.channel, MemberArn: bot, Type: 'DEFAULT' })
      return async () => {
        await s.identity.deleteAppInstanceBot({ AppInstanceBotArn: bot })
        await purged(s.world)
      }
    }),
  ],
  DeleteAppInstance: [
    row('tells nobody anything, and closes all sockets', hear('closed with 4003', ...everybody), async s => async () => {
      await s.identity.deleteAppInstance({ AppInstanceArn: s.arn })
      await purged(s.world)
    }),
  ],
} satisfies Partial<Record<OperationName, readonly Row[]>>
