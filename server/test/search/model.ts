import { expect } from 'vitest'
import { Chance } from '../../../bench/support/chance.ts'
import type { World } from '../support/world.ts'

const vocabulary = ['alpha', 'beta', 'gamma', 'delta', 'betamax', '東京', '京都', '大阪']

/** Whether a text has all of these words, or one word that begins so; written without the tokeniser of the server. */
const has = (content: string, search: string) => {
  const words = content.split(' ')
  return search.split(' ').every(word => (word.endsWith('*') ? words.some(one => one.startsWith(word.slice(0, -1))) : words.includes(word)))
}

export const searches = [...vocabulary, 'beta*', 'alpha beta', 'gamma 京都', 'delta*']

/**
 * Changes messages at random, several at a time, then compares what each user finds with what ListChannelMessages shows to it. Returns how
 * many searches were compared.
 */
export async function compareWithLists({ messaging, carillon, appInstance }: World, { rounds, seed }: { rounds: number; seed: number }) {
  const chance = new Chance(seed)
  const { arn, user } = await appInstance(['ann', 'ben', 'cid'], { admins: ['root'] })
  const everybody = [user('ann'), user('ben'), user('cid')]
  const channels = await Promise.all(
    ['one', 'two', 'three'].map(async Name => {
      const MemberArns = Name === 'three' ? everybody.slice(1, 2) : everybody.slice(1)
      const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name, MemberArns, ChimeBearer: everybody[0] })
      return ChannelArn!
    }),
  )
  const sent: { ChannelArn: string; MessageId: string; ChimeBearer: string }[] = []
  const text = () => Array.from({ length: 1 + chance.below(4) }, () => chance.of(vocabulary)).join(' ')
  const send = async () => {
    const ChannelArn = chance.of(channels)
    const [ChimeBearer, MemberArn] = [everybody[chance.below(2)]!, everybody[chance.below(2)]!]
    const Target = chance.is(0.2) ? [{ MemberArn }] : undefined
    const message = { ChannelArn, Content: text(), Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer, Target } as const
    const { MessageId } = await messaging.sendChannelMessage(message)
    sent.push({ ChannelArn, MessageId: MessageId!, ChimeBearer })
  }
  const change = async () => {
    const message = sent.at(chance.below(sent.length))
    if (!message) return
    const which = chance.next()
    // Another change may have come first, or the message is deleted.
    if (which < 0.5) await messaging.updateChannelMessage({ ...message, Content: text() }).catch(() => {})
    else if (which < 0.75) await messaging.redactChannelMessage(message).catch(() => {})
    else await messaging.deleteChannelMessage({ ...message, ChimeBearer: user('root') }).catch(() => {})
  }
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 6 }, async () => (chance.is(0.6) ? send() : change())))
  }
  const listed = async (ChimeBearer: string) => {
    const mine = ChimeBearer === everybody[2] ? channels.slice(0, 2) : channels
    const lists = await Promise.all(
      mine.map(async ChannelArn => {
        const all = []
        for (let NextToken: string | undefined, more = true; more;) {
          const page = await messaging.listChannelMessages({ ChannelArn, NextToken, ChimeBearer })
          all.push(...page.ChannelMessages!)
          ;({ NextToken } = page)
          more = NextToken !== undefined
        }
        return all
      }),
    )
    return lists.flat().flatMap(({ MessageId, Content }) => (Content === undefined ? [] : [{ MessageId: MessageId!, Content }]))
  }
  const found = async (ChimeBearer: string, SearchText: string, SortBy: 'NEWEST' | 'BEST') => {
    const ids: string[] = []
    for (let NextToken: string | undefined, more = true; more;) {
      const page = await carillon.call('SearchMessages', {
        SearchText,
        SortBy,
        MaxResults: 7,
        ChimeBearer,
        NextToken,
      })
      ids.push(...page.FoundMessages!.map(({ ChannelMessage }) => ChannelMessage!.MessageId!))
      ;({ NextToken } = page)
      more = NextToken !== undefined
    }
    return ids
  }
  let compared = 0
  for (const bearer of everybody) {
    const visible = await listed(bearer)
    for (const search of searches) {
      const told = visible.filter(({ Content }) => has(Content, search)).map(({ MessageId }) => MessageId)
      // The ids begin with the time, so the newest come first if they are in falling order.
      const order = chance.is(0.5) ? 'NEWEST' : 'BEST'
      await expect.poll(async () => (await found(bearer, search, order)).toSorted(), { interval: 100 }).toEqual(told.toSorted())
      if (order === 'NEWEST') {
        const times = (await found(bearer, search, order)).map(id => id.slice(0, 12))
        expect(times).toEqual(times.toSorted().toReversed())
      }
      compared++
    }
  }
  return compared
}
