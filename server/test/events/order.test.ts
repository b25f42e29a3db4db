import { expect, test } from 'vitest'
import { onBothDatabases } from '../support/world.ts'
import { makeScene } from './scene.ts'

onBothDatabases('The order of events', world => {
  test('is the order of the list of messages for every member', async () => {
    const s = await makeScene(world())
    const senders = [s.alice, s.bob, s.tom]
    await Promise.all(Array.from({ length: 45 }, async (_, index) => s.say(String(index), {}, senders[index % 3])))
    const { ChannelMessages } = await s.messaging.listChannelMessages({ ...s.channel, SortOrder: 'ASCENDING' })
    const listed = ChannelMessages!.map(({ MessageId }) => MessageId)
    const told = await s.heard()
    for (const name of ['alice', 'bob', 'carol', 'tom'] as const) {
      expect(told[name]!.map(({ payload }) => payload?.MessageId)).toEqual(listed)
    }
  })

  test('gives a member who joins and leaves while others send exactly what is sent in between', async () => {
    const s = await makeScene(world())
    const speak = async () => {
      for (let index = 0; index < 30; index++) await s.say(String(index))
    }
    const move = async () => {
      for (let index = 0; index < 8; index++) {
        await s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'DEFAULT' })
        await s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.dave })
      }
    }
    await Promise.all([speak(), move()])
    const told = await s.heard()
    const what = (events = told.bob) => events!.map(({ type, payload }) => [type, payload?.MessageId])
    let isIn = false
    const between = what().filter(([type]) => {
      if (type === 'CREATE_CHANNEL_MEMBERSHIP') isIn = true
      if (type !== 'DELETE_CHANNEL_MEMBERSHIP') return isIn
      isIn = false
      return true
    })
    expect(what(told.dave)).toEqual(between)
  })
})
