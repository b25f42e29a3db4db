import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { Chance } from '../../../bench/support/chance.ts'
import { callBack, giveFlow, type Lambda } from '../support/processor.ts'
import type { World } from '../support/world.ts'
import { open, pages, say } from './acts.ts'
import { settleSome } from './unread-model.ts'

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
  const { user } = await appInstance(['ann', 'ben', 'eve'], { admins: ['root'] })
  const [ann, ben, eve, root] = [user('ann'), user('ben'), user('eve'), user('root')]
  const mention = { MessageAttributes: { 'CHIME.mentions': { StringValues: [eve] } } }
  const [plain, flowing] = [await open(world, ann, { MemberArns: [ben, eve] }), await open(world, ann, { MemberArns: [ben, eve] })]
  const called = lambda.define(async event => {
    if (chance.is(0.3)) await callBack(messaging, event, {}, { DeleteResource: true })
    else await callBack(messaging, event, chance.is(0.3) ? { Content: 'passed', ...mention } : {})
  })
  await giveFlow(messaging, { ChannelArn: flowing, ChimeBearer: ann }, called.arn)
  const elastic = await open(world, root, {
    ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 5, MinimumMembershipPercentage: 1 },
  })
  const join = async (MemberArn: string) =>
    (await messaging.createChannelMembership({ ChannelArn: elastic, MemberArn, Type: 'DEFAULT', ChimeBearer: root })).SubChannelId!
  const [SubChannelId] = [await join(ann), await join(ben), await join(eve)]
  const places: readonly Place[] = [{ ChannelArn: plain }, { ChannelArn: flowing }, { ChannelArn: elastic, SubChannelId }]

  /** The message up to which a user has read in a channel. The ids of stored messages are in the order of the channel. */
  const readUpTo = new Map<string, string>()
  const sent: (Place & { readonly MessageId: string; readonly ChimeBearer: string })[] = []
  const send = async () => {
    const [place, ChimeBearer] = [chance.of(places), chance.of([ann, ben])]
    const [Type, Persistence] = [chance.is(0.15) ? 'CONTROL' : 'STANDARD', chance.is(0.1) ? 'NON_PERSISTENT' : 'PERSISTENT'] as const
    const MessageId = await say(world, ChimeBearer, place.ChannelArn, 'hello', {
      ...place,
      Type,
      Persistence,
      ...(chance.is(0.3) && mention),
      ...(chance.is(0.2) && place.SubChannelId === undefined && { Target: [{ MemberArn: chance.of([ann, ben, eve]) }] }),
    })
    sent.push({ ...place, MessageId, ChimeBearer })
    const key = `${ChimeBearer} ${place.ChannelArn}`
    if (Type === 'STANDARD' && Persistence === 'PERSISTENT' && MessageId > (readUpTo.get(key) ?? '')) readUpTo.set(key, MessageId)
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

  const listed = async (place: Place, ChimeBearer: string) => {
    const input = { ...place, SortOrder: 'ASCENDING', ChimeBearer } as const
    const found = await pages(NextToken => messaging.listChannelMessages({ ...input, NextToken }))
    return found.flatMap(page => page.ChannelMessages!)
  }
  /** A flow releases messages in another order than that of the list, so in its channel the counts of Eve only can be told from it. */
  const expected = async (bearer: string) => {
    const counts = places.map(async place => {
      const { ChannelArn } = place
      if (ChannelArn === flowing && bearer !== eve) return [ChannelArn]
      const all = (await listed(place, bearer)).filter(message => message.Type === 'STANDARD' && !message.Redacted)
      const after = readUpTo.get(`${bearer} ${ChannelArn}`) ?? ''
      const unread = all.filter(({ MessageId, Sender }) => MessageId! > after && Sender!.Arn !== bearer)
      const mentions = unread.filter(({ MessageAttributes }) => MessageAttributes?.['CHIME.mentions']?.StringValues?.includes(bearer))
      return [ChannelArn, unread.length, mentions.length, ChannelArn === flowing ? unread.length > 0 : unread[0]?.MessageId]
    })
    return Promise.all(counts)
  }
  const told = async (bearer: string) => {
    const { ChannelMemberships } = await carillon.call('ListChannelUnreadCounts', { IncludeFirstUnread: true, ChimeBearer: bearer })
    const { UnreadCount: total } = await carillon.call('GetUnreadSummary', { ChimeBearer: bearer })
    const channels = ChannelMemberships!.map(({ ChannelSummary, UnreadCount, UnreadMentionCount, FirstUnreadMessageId: first }) => {
      const ChannelArn = ChannelSummary!.ChannelArn!
      if (ChannelArn === flowing && bearer !== eve) return [ChannelArn]
      return [ChannelArn, UnreadCount, UnreadMentionCount, ChannelArn === flowing ? first !== undefined : first]
    })
    const sum = ChannelMemberships!.reduce((all, { UnreadCount }) => all + UnreadCount!, 0)
    return { channels, total: total!, sum }
  }
  /** The sum of the counts if they are right, or else what is wrong. */
  const compare = async (bearer: string) => {
    const [{ channels, total, sum }, right] = [await told(bearer), await expected(bearer)]
    return isDeepStrictEqual([channels, total], [right, sum]) ? total : { channels, right, total, sum }
  }
  let compared = 0
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 8 }, async () => (chance.is(0.6) ? send() : change())))
    for (const bearer of [ann, ben, eve]) {
      // The processor may still be deciding.
      await expect.poll(() => compare(bearer), { interval: 50 }).toBeTypeOf('number')
      compared += (await told(bearer)).total
    }
    const seen = await listed(places[0]!, eve)
    if (seen.length === 0 || chance.is(0.7)) continue
    const { MessageId = '' } = chance.of(seen)
    await carillon.call('PutChannelReadMarker', { ChannelArn: plain, MessageId, ChimeBearer: eve })
    readUpTo.set(`${eve} ${plain}`, MessageId)
  }
  return compared
}
