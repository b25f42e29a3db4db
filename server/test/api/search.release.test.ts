import { expect, test } from 'vitest'
import { onBothDatabases } from '../support/world.ts'
import { open, pages } from './acts.ts'

onBothDatabases('SearchChannels', world => {
  test('a page examines a bounded number of channels: it may be short, and the next ones have the rest', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b'])
    const [a, b] = [user('a'), user('b')]
    for (let made = 0; made < 510; made += 30) await Promise.all(Array.from({ length: 30 }, async () => open(world(), a)))
    const match = await open(world(), a, { MemberArns: [b] })
    const found = await pages(NextToken =>
      messaging.searchChannels({ ChimeBearer: a, Fields: [{ Key: 'MEMBERS', Operator: 'INCLUDES', Values: [a, b] }], NextToken }),
    )
    expect(found.map(page => page.Channels!.map(channel => channel.ChannelArn))).toEqual([[], [match]])
  })
})
