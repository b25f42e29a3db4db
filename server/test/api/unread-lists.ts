import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { Chance } from '../../../bench/support/chance.ts'
import { callBack, processor, type Lambda } from '../support/processor.ts'
import type { World } from '../support/world.ts'
import { open, pages, say } from './acts.ts'
import { settleSome } from './unread-model.ts'

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)

interface Place {
  readonly ChannelArn: string
  readonly SubChannelId?: string
}

/**
 * Sends, edits, redacts and deletes at random, several at a time, in an ordinary channel, in one with a flow and in an elastic one. After
 * each round it compares the counts of a member who only reads with what ListChannelMessages shows to it.
 */
export async function compareCountsWithLists(world: World, lambda: Lambda, { rounds, seed }: { rounds: number; seed: number }) {
  const { messaging, carillon, appInstance } = world
  const chance = new Chance(seed)
  const { arn, user } = await appInstance(['ann', 'ben', 'eve'], { admins: ['root'] })
  const [ann, ben, eve, root] = [user('ann'), user('ben'), user('eve'), user('root')]
  const mention = { MessageAttributes: { 'CHIME.mentions': { StringValues: [eve] } } }
  const [plain, flowing] = [await open(world, ann, { MemberArns: [ben, eve] }), await open(world, ann, { MemberArns: [ben, eve] })]
  const called = lambda.define(async event => {
    if (chance.is(0.3)) await callBack(messaging, event, {}, { DeleteResource: true })
    else await callBack(messaging, event, chance.is(0.3) ? { Content: 'passed', ...mention } : {})
  })
  const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors: [processor(called.arn)] })
  await messaging.associateChannelFlow({ ChannelArn: flowing, ChannelFlowArn, ChimeBearer: ann })
  const elastic = await open(world, root, {
    ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 5, MinimumMembershipPercentage: 1 },
  })
  const join = async (MemberArn: string) =>
    (await messaging.createChannelMembership({ ChannelArn: elastic, MemberArn, Type: 'DEFAULT', ChimeBearer: root })).SubChannelId!
  const [SubChannelId] = [await join(ann), await join(ben), await join(eve)]
  const places: readonly Place[] = [{ ChannelArn: plain }, { ChannelArn: flowing }, { ChannelArn: elastic, SubChannelId }]

  const sent: (Place & { readonly MessageId: string; readonly ChimeBearer: string })[] = []
  const send = async () => {
    const [place, ChimeBearer] = [chance.of(places), chance.of([ann, ben])]
    const MessageId = await say(world, ChimeBearer, place.ChannelArn, 'hello', {
      ...place,
      ...(chance.is(0.3) && mention),
      ...(chance.is(0.15) && { Type: 'CONTROL' as const }),
      ...(chance.is(0.1) && { Persistence: 'NON_PERSISTENT' as const }),
      ...(chance.is(0.2) && place.SubChannelId === undefined && { Target: [{ MemberArn: chance.of([ann, ben, eve]) }] }),
    })
    sent.push({ ...place, MessageId, ChimeBearer })
  }
  const change = async () => {
    if (sent.length === 0) return
    const message = chance.of(sent)
    const which = chance.next()
    // Another change may have come first, or the message is not stored, or waits for its flow.
    if (which < 0.3) await messaging.updateChannelMessage({ ...message, Content: 'edited' }).catch(() => {})
    else if (which < 0.6) await messaging.redactChannelMessage(message).catch(() => {})
    else if (which < 0.9) await messaging.deleteChannelMessage({ ...message, ChimeBearer: root }).catch(() => {})
    else await settleSome(world, 2)
  }

  /** Up to when Eve has read in the ordinary channel. */
  let readUpTo = new Date(0)
  const listed = async (place: Place) => {
    const input = { ...place, SortOrder: 'ASCENDING', ChimeBearer: eve } as const
    const found = await pages(NextToken => messaging.listChannelMessages({ ...input, NextToken }))
    return found.flatMap(page => page.ChannelMessages!)
  }
  const expected = async () => {
    const counts = places.map(async place => {
      const all = (await listed(place)).filter(({ Type, Redacted }) => Type === 'STANDARD' && !Redacted)
      const unread = all.filter(({ CreatedTimestamp }) => place.ChannelArn !== plain || CreatedTimestamp! > readUpTo)
      const mentions = unread.filter(({ MessageAttributes }) => MessageAttributes?.['CHIME.mentions']?.StringValues?.includes(eve))
      // A flow releases messages in another order than that of the list.
      const first = place.ChannelArn === flowing ? unread.length > 0 : unread[0]?.MessageId
      return [place.ChannelArn, unread.length, mentions.length, first] as const
    })
    const channels = await Promise.all(counts)
    return { channels, total: sum(channels.map(([, unread]) => unread)) }
  }
  const told = async () => {
    const { ChannelMemberships } = await carillon.call('ListChannelUnreadCounts', { IncludeFirstUnread: true, ChimeBearer: eve })
    const channels = ChannelMemberships!.map(({ ChannelSummary, UnreadCount, UnreadMentionCount, FirstUnreadMessageId: first }) => {
      const isFlowing = ChannelSummary!.ChannelArn === flowing
      return [ChannelSummary!.ChannelArn!, UnreadCount, UnreadMentionCount, isFlowing ? first !== undefined : first]
    })
    const { UnreadCount: total } = await carillon.call('GetUnreadSummary', { ChimeBearer: eve })
    return { channels, total }
  }
  const compare = async () => {
    const both = { told: await told(), expected: await expected() }
    return isDeepStrictEqual(both.told, both.expected) ? 'equal' : both
  }
  let compared = 0
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 8 }, async () => (chance.is(0.6) ? send() : change())))
    // The processor may still be deciding.
    await expect.poll(compare, { interval: 50 }).toBe('equal')
    compared += (await told()).total!
    const seen = await listed(places[0]!)
    if (seen.length === 0 || chance.is(0.7)) continue
    const { MessageId = '', CreatedTimestamp } = chance.of(seen)
    await carillon.call('PutChannelReadMarker', { ChannelArn: plain, MessageId, ChimeBearer: eve })
    readUpTo = CreatedTimestamp!
  }
  return compared
}
