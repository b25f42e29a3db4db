import { expect, test } from 'vitest'
import { named, openElastic } from '../api/elastic-acts.ts'
import { say } from '../api/acts.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { contentsOf, figure, startNodes, until } from './two-nodes.ts'

/** The sub-channels of a user, in the order of its own events. */
const movesOf = ({ events }: Listening, type: string) =>
  events.filter(event => event.type === type).map(({ payload }) => payload!['SubChannelId'])

test.skipIf(!hasNats)(
  'members of an elastic channel hear their own sub-channel on whatever node they are, also after they were moved there and back',
  async () => {
    const { url } = await startNats()
    const nodes = await startNodes([url, url, url], { elasticChannelsPerAppInstance: '10' })
    const users = named(6)
    const { user, owner, ChannelArn, channel, membersOf, counts } = await openElastic(
      nodes[0]!,
      { maximum: 2, target: 5, percentage: 40 },
      users,
    )
    const on = (number: number) => nodes[number % nodes.length]!
    const hearing = await Promise.all(users.map((id, number) => listen(on(number).app, user(id))))
    const moderating = await listen(on(2).app, owner)
    const join = async (id: string, number: number, SubChannelId?: string) =>
      (await on(number).messaging.createChannelMembership({ ...channel, MemberArn: user(id), Type: 'DEFAULT', SubChannelId })).SubChannelId!
    const first = await join('u0', 1)
    for (const number of [1, 2, 3, 4]) expect(await join(`u${number}`, number + 1)).toBe(first)
    // The newest member of the first sub-channel moves into the second one.
    const second = await join('u5', 0)
    expect(second).not.toBe(first)
    await expect.poll(() => membersOf(second)).toEqual(['u4', 'u5'])
    await until(() => movesOf(hearing[4]!, 'UPDATE_CHANNEL_MEMBERSHIP').length === 1)
    expect(movesOf(hearing[4]!, 'UPDATE_CHANNEL_MEMBERSHIP')).toEqual([second])
    for (const [number, SubChannelId] of [first, second].entries()) await join('owner', number, SubChannelId)

    await say(on(2), user('u0'), ChannelArn, 'to the first', { SubChannelId: first })
    await say(on(0), user('u5'), ChannelArn, 'to the second', { SubChannelId: second })
    await until(() => contentsOf(moderating).length === 2)
    await until(() => contentsOf(hearing[4]!).length === 1)

    // Too few members are left in the second one: they move back, and it ends.
    await on(1).messaging.deleteChannelMembership({ ...channel, MemberArn: user('u5') })
    await expect.poll(async () => (await counts()).map(([id]) => id)).toEqual([first])
    await until(() => movesOf(hearing[4]!, 'UPDATE_CHANNEL_MEMBERSHIP').length === 2)
    expect(movesOf(hearing[4]!, 'UPDATE_CHANNEL_MEMBERSHIP')).toEqual([second, first])
    const ended = () => moderating.events.filter(({ headers }) => headers['x-amz-chime-event-reason'] === 'subchannel_DELETED')
    await until(() => ended().length === 1)
    expect(ended()[0]).toMatchObject({ type: 'DELETE_CHANNEL_MEMBERSHIP', payload: { SubChannelId: second } })

    await say(on(1), user('u4'), ChannelArn, 'from the one who is back', { SubChannelId: first })
    const here = [...hearing.slice(0, 5), moderating]
    await until(() => here.every(each => contentsOf(each).includes('from the one who is back')))
    for (const each of hearing.slice(0, 4)) {
      expect(contentsOf(each)).toEqual(['to the first', 'from the one who is back'])
      expect(movesOf(each, 'UPDATE_CHANNEL_MEMBERSHIP')).toEqual([])
    }
    expect(contentsOf(hearing[4]!)).toEqual(['to the second', 'from the one who is back'])
    expect(contentsOf(hearing[5]!)).toEqual(['to the second'])
    expect(contentsOf(moderating)).toEqual(['to the first', 'to the second', 'from the one who is back'])
    for (const node of nodes) expect(await figure(node, 'carillon_bus_lost_total')).toBe(0)
  },
)
