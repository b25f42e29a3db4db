import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { OperationName } from '../../src/contract/index.ts'
import { open, purged } from '../api/acts.ts'
import { callBack, processor, type Lambda } from '../support/processor.ts'
import type { Scene } from './scene.ts'

type Name = 'alice' | 'bob' | 'carol' | 'dave' | 'root' | 'tom'
type Expected = Partial<Record<Name, readonly string[]>>

/** A call, and all events that it causes. */
export interface Row {
  readonly does: string
  /** Which user hears what; a user that is not named hears nothing. */
  readonly heard: Expected
  /** Prepares the call that it returns; events of the preparation do not count. */
  readonly act: (scene: Scene, lambda: Lambda) => Promise<() => Promise<unknown>>
  /** The call fails. */
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

/** The second call is refused. */
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

/** All events that calls cause: the operations that are not here cause none. */
export const rows = {
  CreateChannel: [
    row('sends an event of each membership to every member', hear([joined, joined, joined], 'alice', 'bob', 'dave'), async s => () => {
      return open(s.world, s.alice, { MemberArns: [s.bob, s.dave, s.alice], ModeratorArns: [s.root] })
    }),
    row('sends each event once where the call is repeated', hear([joined, joined], 'alice', 'dave'), async s => {
      const ClientRequestToken = token()
      return twice(async () => open(s.world, s.alice, { MemberArns: [s.dave], ClientRequestToken }))
    }),
    row('sends nothing for an elastic channel', {}, async s => async () => s.elastic()),
    refused(
      'sends nothing where a member does not exist',
      async s => () => open(s.world, s.alice, { MemberArns: [s.bob, s.user('none')] }),
    ),
  ],
  UpdateChannel: [
    row(
      'sends an event to all members',
      hear('UPDATE_CHANNEL', ...members),
      async s => () => s.messaging.updateChannel({ ...s.channel, Name: 'new' }),
    ),
    row('sends nothing where it changes nothing', {}, async s => () => s.messaging.updateChannel(s.channel)),
    row('sends one event to each member of all sub-channels', hear('UPDATE_CHANNEL', 'alice', 'bob', 'carol', 'dave', 'tom'), async s => {
      const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob, s.carol, s.dave, s.tom)
      for (const SubChannelId of new Set(places)) {
        await s.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.alice, Type: 'DEFAULT', SubChannelId })
      }
      return () => s.messaging.updateChannel({ ChannelArn, ChimeBearer, Metadata: 'm' })
    }),
    refused(
      'sends nothing where a plain member calls it',
      async s => () => s.messaging.updateChannel({ ...s.channel, ChimeBearer: s.bob, Name: 'x' }),
    ),
  ],
  DeleteChannel: [
    row('sends an event to all members', hear('DELETE_CHANNEL', ...members), async s => async () => {
      await s.messaging.deleteChannel(s.channel)
      await purged(s.world)
    }),
    row('sends an event to the members of all sub-channels', hear('DELETE_CHANNEL', 'bob', 'carol', 'dave', 'tom'), async s => {
      const { ChannelArn, ChimeBearer } = await s.elastic(s.bob, s.carol, s.dave, s.tom)
      return () => s.messaging.deleteChannel({ ChannelArn, ChimeBearer })
    }),
    refused(
      'sends nothing where a plain member calls it',
      async s => () => s.messaging.deleteChannel({ ...s.channel, ChimeBearer: s.bob }),
    ),
    refused('sends nothing where the channel is already deleted', async s => {
      await s.messaging.deleteChannel(s.channel)
      return () => s.messaging.deleteChannel(s.channel)
    }),
  ],
  CreateChannelMembership: [
    row('sends an event to all members and the new one', hear(joined, ...members, 'dave'), async s => () => {
      return s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'DEFAULT' })
    }),
    row('sends nothing about a user who is a member already', {}, async s => () => {
      return s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.bob, Type: 'DEFAULT' })
    }),
    row(
      'sends the event of a HIDDEN member only to moderators who are members, and to itself',
      hear(joined, 'alice', 'dave'),
      async s => () => {
        return s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'HIDDEN' })
      },
    ),
    row('sends the event of a HIDDEN member to an admin who is a member', hear(joined, 'alice', 'dave', 'root'), async s => {
      await s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.root, Type: 'DEFAULT' })
      return () => s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'HIDDEN' })
    }),
    row('sends an event to the sub-channel that the member joins', hear(joined, 'bob', 'dave'), async s => {
      const { ChannelArn, ChimeBearer } = await s.elastic(s.bob)
      return () => s.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.dave, Type: 'DEFAULT' })
    }),
    row('sends an event to the sub-channel that a moderator joins', hear(joined, 'bob', 'alice'), async s => {
      const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob)
      const input = { ChannelArn, ChimeBearer, MemberArn: s.alice, Type: 'DEFAULT', SubChannelId: places[0] } as const
      return twice(async () => s.messaging.createChannelMembership(input))
    }),
    refused('sends nothing about a membership of another Type', async s => () => {
      return s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.bob, Type: 'HIDDEN' })
    }),
    refused('sends nothing about a banned user', async s => {
      await s.messaging.createChannelBan({ ...s.channel, MemberArn: s.dave })
      return () => s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'DEFAULT' })
    }),
  ],
  BatchCreateChannelMembership: [
    row(
      'sends one event to all members and the new ones',
      hear('BATCH_CREATE_CHANNEL_MEMBERSHIP', ...members, 'dave', 'root'),
      async s => () => s.messaging.batchCreateChannelMembership({ ...s.channel, MemberArns: [s.dave, s.root, s.bob, s.user('none')] }),
    ),
    row('sends nothing where nobody is new', {}, async s => () => {
      return s.messaging.batchCreateChannelMembership({ ...s.channel, MemberArns: [s.bob, s.user('none')] })
    }),
    row(
      'sends the event of HIDDEN members only to moderators who are members, and to themselves',
      hear('BATCH_CREATE_CHANNEL_MEMBERSHIP', 'alice', 'dave', 'root'),
      async s => () => s.messaging.batchCreateChannelMembership({ ...s.channel, MemberArns: [s.dave, s.root], Type: 'HIDDEN' }),
    ),
    row('sends an event to the sub-channel of each new member', hear([joined, joined], 'bob', 'carol', 'dave'), async s => {
      const { ChannelArn, ChimeBearer } = await s.elastic(s.bob)
      return () => s.messaging.batchCreateChannelMembership({ ChannelArn, ChimeBearer, MemberArns: [s.carol, s.dave] })
    }),
    refused('sends nothing where a user who is no member calls it', async s => () => {
      return s.messaging.batchCreateChannelMembership({ ...s.channel, ChimeBearer: s.dave, MemberArns: [s.root] })
    }),
  ],
  DeleteChannelMembership: [
    row('sends an event to the members and to the one who leaves', hear(left, ...members), async s => {
      return twice(async () => s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.bob }))
    }),
    row('sends the event of a HIDDEN member to moderators and to itself', hear(left, 'alice', 'carol'), async s => () => {
      return s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.carol })
    }),
    row('sends nothing about a user who is no member', {}, async s => () => {
      return s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.dave })
    }),
    row('sends a member who has left no later events', { ...hear([left, created], 'alice', 'carol', 'tom'), bob: [left] }, async s => {
      return async () => {
        await s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.bob })
        await s.say('later', {}, s.alice)
      }
    }),
    row(
      'sends an event to each sub-channel that a moderator leaves',
      { alice: [left, left], ...hear(left, 'bob', 'carol', 'dave', 'tom') },
      async s => {
        const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob, s.carol, s.dave, s.tom)
        for (const SubChannelId of new Set(places)) {
          await s.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.alice, Type: 'DEFAULT', SubChannelId })
        }
        return () => s.messaging.deleteChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.alice })
      },
    ),
    refused('sends nothing where a member removes another', async s => () => {
      return s.messaging.deleteChannelMembership({ ...s.channel, ChimeBearer: s.bob, MemberArn: s.tom })
    }),
  ],
  CreateChannelModerator: [
    row('sends nothing in an ordinary channel', {}, async s => () => {
      return s.messaging.createChannelModerator({ ...s.channel, ChannelModeratorArn: s.bob })
    }),
    row('sends an elastic channel the event of the membership that ends', hear(left, 'bob', 'dave'), async s => {
      const { ChannelArn, ChimeBearer } = await s.elastic(s.bob, s.dave)
      return twice(async () => s.messaging.createChannelModerator({ ChannelArn, ChimeBearer, ChannelModeratorArn: s.bob }))
    }),
  ],
  DeleteChannelModerator: [
    row('sends nothing in an ordinary channel', {}, async s => () => {
      return s.messaging.deleteChannelModerator({ ...s.channel, ChannelModeratorArn: s.alice })
    }),
    row('sends an elastic channel the events of the memberships that end', hear(left, 'bob', 'dave'), async s => {
      const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob)
      await s.messaging.createChannelModerator({ ChannelArn, ChimeBearer, ChannelModeratorArn: s.dave })
      await s.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: s.dave, Type: 'DEFAULT', SubChannelId: places[0] })
      return twice(async () => s.messaging.deleteChannelModerator({ ChannelArn, ChimeBearer, ChannelModeratorArn: s.dave }))
    }),
  ],
  CreateChannelBan: [
    row('sends the event of the membership that ends', hear(left, ...members), async s => {
      return twice(async () => s.messaging.createChannelBan({ ...s.channel, MemberArn: s.bob }))
    }),
    row(
      'sends nothing about a user who is no member',
      {},
      async s => () => s.messaging.createChannelBan({ ...s.channel, MemberArn: s.dave }),
    ),
    refused('sends nothing about a moderator', async s => () => s.messaging.createChannelBan({ ...s.channel, MemberArn: s.alice })),
  ],
  SendChannelMessage: [
    row('sends an event to all members', hear(created, ...members), async s => () => s.say()),
    row(
      'sends a NON_PERSISTENT message to all members',
      hear(created, ...members),
      async s => () => s.say('hi', { Type: 'CONTROL', ...passing }),
    ),
    row('sends a targeted message to sender and target', hear(created, 'bob', 'tom'), async s => () => {
      return s.say('hello', { Target: [{ MemberArn: s.tom }] })
    }),
    row('sends a NON_PERSISTENT targeted message to sender and target', hear(created, 'bob', 'carol'), async s => () => {
      return s.say('hello', { Target: [{ MemberArn: s.carol }], ...passing })
    }),
    row('sends one event where the call is repeated', hear(created, ...members), async s => {
      const ClientRequestToken = token()
      return twice(async () => s.say('hello', { ClientRequestToken }))
    }),
    {
      ...row('sends one event where the call for a NON_PERSISTENT message is repeated', hear(created, ...members), async s => {
        const ClientRequestToken = token()
        return async () => Promise.all([1, 2, 3].map(async () => s.say('hello', { ClientRequestToken, ...passing })))
      }),
      isOfOneNode: true,
    },
    row('sends an event to the sub-channel of the message', hear(created, 'bob', 'carol', 'dave'), async s => {
      const { ChannelArn, places } = await s.elastic(s.bob, s.carol, s.dave)
      return () => s.messaging.sendChannelMessage({ ...hello, ChannelArn, ChimeBearer: s.bob, SubChannelId: places[0] })
    }),
    row('sends an event to the sender alone while a flow decides', hear('PENDING_CREATE_CHANNEL_MESSAGE', 'bob'), async (s, lambda) => {
      await withFlow(s, lambda)
      return () => s.say()
    }),
    refused('sends nothing where a user who is no member calls it', async s => () => s.say('hello', passing, s.dave)),
    refused(
      'sends nothing where the target is no member',
      async s => () => s.say('hello', { Target: [{ MemberArn: s.dave }], ...passing }),
    ),
    refused('sends nothing of a message that is too large', async s => () => s.say('x'.repeat(4097))),
  ],
  UpdateChannelMessage: [
    row('sends an event to all members', hear('UPDATE_CHANNEL_MESSAGE', ...members), async s => {
      const MessageId = await s.say()
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId, Content: 'new' })
    }),
    row('sends an event to the sender alone where the target is no member any more', hear('UPDATE_CHANNEL_MESSAGE', 'bob'), async s => {
      const MessageId = await s.say('hello', { Target: [{ MemberArn: s.tom }] })
      await s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.tom })
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId, Content: 'new' })
    }),
    row('sends an event to the sender alone while a flow decides', hear('PENDING_UPDATE_CHANNEL_MESSAGE', 'bob'), async (s, lambda) => {
      const MessageId = await s.say()
      await withFlow(s, lambda)
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId, Content: 'new' })
    }),
    refused('sends nothing about a redacted message', async s => {
      const MessageId = await s.say()
      await s.messaging.redactChannelMessage({ ...s.channel, MessageId })
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId, Content: 'new' })
    }),
    refused('sends nothing where another member calls it', async s => {
      const MessageId = await s.say()
      return () => s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.tom, MessageId, Content: 'new' })
    }),
  ],
  RedactChannelMessage: [
    row('sends one event to all members', hear('REDACT_CHANNEL_MESSAGE', ...members), async s => {
      const MessageId = await s.say()
      return twice(async () => s.messaging.redactChannelMessage({ ...s.channel, MessageId }))
    }),
    row('sends one event for two concurrent calls', hear('REDACT_CHANNEL_MESSAGE', ...members), async s => {
      const MessageId = await s.say()
      return async () => Promise.all([1, 2].map(async () => s.messaging.redactChannelMessage({ ...s.channel, MessageId })))
    }),
    row('sends an event to sender and target', hear('REDACT_CHANNEL_MESSAGE', 'bob', 'tom'), async s => {
      const MessageId = await s.say('hello', { Target: [{ MemberArn: s.tom }] })
      return () => s.messaging.redactChannelMessage({ ...s.channel, MessageId, ChimeBearer: s.bob })
    }),
    refused('sends nothing about a message that is PENDING', async (s, lambda) => {
      await withFlow(s, lambda)
      const MessageId = await s.say()
      return () => s.messaging.redactChannelMessage({ ...s.channel, MessageId, ChimeBearer: s.bob })
    }),
  ],
  DeleteChannelMessage: [
    row('sends one event to all members', hear('DELETE_CHANNEL_MESSAGE', ...members), async s => {
      const MessageId = await s.say()
      return async () =>
        Promise.all([1, 2].map(async () => s.messaging.deleteChannelMessage({ ...s.channel, MessageId, ChimeBearer: s.root })))
    }),
    row('sends an event to sender and target', hear('DELETE_CHANNEL_MESSAGE', 'bob', 'tom'), async s => {
      const MessageId = await s.say('hello', { Target: [{ MemberArn: s.tom }] })
      return () => s.messaging.deleteChannelMessage({ ...s.channel, MessageId, ChimeBearer: s.root })
    }),
    refused('sends nothing where a moderator calls it', async s => {
      const MessageId = await s.say()
      return () => s.messaging.deleteChannelMessage({ ...s.channel, MessageId })
    }),
  ],
  ChannelFlowCallback: [
    row('sends all members one event of a message that is passed', hear(created, ...members), async (s, lambda) => {
      const called = await withFlow(s, lambda)
      await s.say()
      const event = await called.event()
      return onceAndAgain(async () => callBack(s.messaging, event, { Content: 'hello' }))
    }),
    row('sends the sender one event of a message that is denied', hear('DENIED_CREATE_CHANNEL_MESSAGE', 'bob'), async (s, lambda) => {
      const called = await withFlow(s, lambda)
      await s.say()
      const event = await called.event()
      return onceAndAgain(async () => callBack(s.messaging, event, {}, { DeleteResource: true }))
    }),
    refused('sends nothing for a second decision', async (s, lambda) => {
      const called = await withFlow(s, lambda)
      await s.say()
      const event = await called.event()
      await callBack(s.messaging, event, { Content: 'hello' })
      return () => callBack(s.messaging, event, {}, { DeleteResource: true })
    }),
  ],
  DeleteAppInstanceUser: [
    row(
      'sends an event to the other members of each of its channels, and closes its sockets',
      { ...hear([left, left], 'alice', 'carol', 'tom'), ...hear(left, 'dave', 'root'), bob: ['closed with 4003'] },
      async s => async () => {
        await s.identity.deleteAppInstanceUser({ AppInstanceUserArn: s.bob })
        await purged(s.world)
      },
    ),
    row(
      'sends the event of a HIDDEN membership only to moderators',
      { alice: [left, left], ...hear(left, 'bob', 'dave', 'root', 'tom'), carol: ['closed with 4003'] },
      async s => async () => {
        await s.identity.deleteAppInstanceUser({ AppInstanceUserArn: s.carol })
        await purged(s.world)
      },
    ),
  ],
  DeleteAppInstanceBot: [
    row('sends an event to the other members of its channels', hear(left, ...members), async s => {
      const bot = await s.bot(s.arn)
      await s.messaging.createChannelMembership({ ...s.channel, MemberArn: bot, Type: 'DEFAULT' })
      return async () => {
        await s.identity.deleteAppInstanceBot({ AppInstanceBotArn: bot })
        await purged(s.world)
      }
    }),
  ],
  DeleteAppInstance: [
    row('sends no event, and closes all sockets', hear('closed with 4003', ...everybody), async s => async () => {
      await s.identity.deleteAppInstance({ AppInstanceArn: s.arn })
      await purged(s.world)
    }),
  ],
} satisfies Partial<Record<OperationName, readonly Row[]>>
