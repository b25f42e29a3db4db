import { expect, test } from 'vitest'
import { listen } from '../support/sockets.ts'
import { onBothDatabases, type World } from '../support/world.ts'

/** What a session has heard before the message that comes last. */
const heardBy = async (session: Awaited<ReturnType<typeof listen>>) => session.until(({ payload }) => payload?.Content === 'last')

/** A channel of Ann, Ben and others, with sessions that ask for events, and a message that comes last. */
async function makeChannel({ app, messaging, appInstance }: World, others: string[] = []) {
  const { arn, user } = await appInstance(['ann', 'ben', ...others], { admins: ['root'] })
  const [ann, ben] = [user('ann'), user('ben')]
  const { ChannelArn = '' } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', MemberArns: [ben], ChimeBearer: ann })
  const asking = async (userArn: string, kinds: string) => listen(app, userArn, { query: { 'carillon-events': kinds } })
  const last = async () =>
    messaging.sendChannelMessage({ ChannelArn, Content: 'last', Type: 'CONTROL', Persistence: 'NON_PERSISTENT', ChimeBearer: ann })
  return { user, ann, ben, ChannelArn, asking, last }
}

onBothDatabases('A session that asks for the events "unread"', world => {
  test('hears the unread counts of its user when a marker moves on any device, and other users hear nothing', async () => {
    const { app, messaging, carillon } = world()
    const { ann, ben, ChannelArn, asking, last } = await makeChannel(world())
    const send = async (MessageAttributes = {}) =>
      messaging.sendChannelMessage({
        ChannelArn,
        Content: 'one',
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        MessageAttributes,
        ChimeBearer: ann,
      })
    const { MessageId = '' } = await send()
    await send({ 'CHIME.mentions': { StringValues: [ben] } })
    await send()
    const sessions = [await asking(ben, 'unread'), await asking(ben, 'unread'), await listen(app, ben), await asking(ann, 'unread')]
    const { ReadMarkerTimestamp } = await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId, ChimeBearer: ben })
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: ben })
    await last()
    const [first, second, plain, ofAnn] = await Promise.all(
      sessions.map(async session => (await heardBy(session)).map(({ type, payload }) => [type, payload])),
    )
    const told = (UnreadCount: number, UnreadMentionCount: number, at: unknown) => [
      'UPDATE_CHANNEL_UNREAD',
      { ChannelArn, ReadMarkerTimestamp: at, UnreadCount, UnreadMentionCount },
    ]
    expect(first).toEqual([told(2, 1, ReadMarkerTimestamp!.toISOString()), told(0, 0, expect.any(String))])
    expect({ second, plain, ofAnn }).toEqual({ second: first, plain: [], ofAnn: [] })
  })
})

onBothDatabases('A session that asks for the events "read"', world => {
  test("hears of the read markers of all members, also of its own user's on another device, and other sessions hear nothing", async () => {
    const { app, messaging, carillon } = world()
    const { ann, ben, ChannelArn, asking, last } = await makeChannel(world())
    const sessions = [await asking(ann, 'later,read'), await asking(ben, 'read'), await listen(app, ben), await asking(ben, 'Read,')]
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: ben })
    const { ChannelReadMarkers } = await carillon.call('ListChannelReadMarkers', { ChannelArn, ChimeBearer: ann })
    const { ReadMarkerTimestamp } = ChannelReadMarkers!.find(({ Member }) => Member!.Arn === ben)!
    await last()
    const heard = {
      type: 'UPDATE_CHANNEL_READ_MARKER',
      headers: { 'x-amz-chime-event-type': 'UPDATE_CHANNEL_READ_MARKER', 'x-amz-chime-message-type': 'SYSTEM' },
      payload: { ChannelArn, Member: { Arn: ben, Name: 'ben' }, ReadMarkerTimestamp: ReadMarkerTimestamp!.toISOString() },
    }
    const [ofAnn, ofBen, plain, misspelt] = await Promise.all(sessions.map(heardBy))
    expect({ ofAnn, ofBen, plain, misspelt }).toEqual({ ofAnn: [heard], ofBen: [heard], plain: [], misspelt: [] })
  })

  test('hears of a marker that is set to a message, and of no marker of a HIDDEN member', async () => {
    const { messaging, carillon } = world()
    const { user, ann, ben, ChannelArn, asking, last } = await makeChannel(world(), ['cid'])
    await messaging.createChannelMembership({ ChannelArn, MemberArn: user('cid'), Type: 'HIDDEN', ChimeBearer: user('root') })
    const { MessageId = '' } = await messaging.sendChannelMessage({
      ChannelArn,
      Content: 'one',
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ChimeBearer: ann,
    })
    const [ofAnn, ofCid] = [await asking(ann, 'read'), await asking(user('cid'), 'read')]
    await carillon.call('PutChannelReadMarker', { ChannelArn, MessageId, ChimeBearer: ben })
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: user('cid') })
    await last()
    const membersOf = async (session: typeof ofAnn) => (await heardBy(session)).map(({ payload }) => payload?.Member)
    expect(await membersOf(ofAnn)).toEqual([{ Arn: ben, Name: 'ben' }])
    expect(await membersOf(ofCid)).toEqual([
      { Arn: ben, Name: 'ben' },
      { Arn: user('cid'), Name: 'cid' },
    ])
  })

  test("hears of its own user's markers only in a channel of more than 100 members", async () => {
    const { messaging } = world()
    const others = Array.from({ length: 99 }, (_, index) => `user-${index}`)
    const { user, ann, ben, ChannelArn, asking, last } = await makeChannel(world(), others)
    const MemberArns = others.map(user)
    await messaging.batchCreateChannelMembership({ ChannelArn, MemberArns, ChimeBearer: ann })
    const [ofAnn, ofBen] = [await asking(ann, 'read'), await asking(ben, 'read')]
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: ben })
    await last()
    expect([await heardBy(ofAnn), (await heardBy(ofBen)).length]).toEqual([[], 1])
  })
})
