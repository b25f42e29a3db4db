import { expect, test } from 'vitest'
import { openElastic } from '../api/elastic-acts.ts'
import { open, say } from '../api/acts.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'

const connected = { 'prefetch-on': 'connect' }
const asking = { query: { ...connected, 'carillon-events': 'unread' } }

interface Details {
  readonly Channel: { readonly ChannelArn: string }
  readonly ChannelMessages: readonly { readonly MessageId: string }[]
  readonly UnreadCount?: number
  readonly UnreadMentionCount?: number
  readonly FirstUnreadMessageId?: string
}

const isDetails = ({ type }: Listening['events'][number]) => type === 'CHANNEL_DETAILS'

async function detailsOf(session: Listening): Promise<Details> {
  await session.until(isDetails)
  return session.events.find(isDetails)!.payload as unknown as Details
}

onBothDatabases('CHANNEL_DETAILS', world => {
  test('have the counts for a session that asks for "unread", and are byte for byte as before for others', async () => {
    const { app, messaging, appInstance } = world()
    const { user } = await appInstance(['ann', 'ben'])
    const [ann, ben] = [user('ann'), user('ben')]
    const ChannelArn = await open(world(), ann, { Name: 'the "channel"', MemberArns: [ben] })
    await say(world(), ann, ChannelArn, 'read')
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: ben })
    const first = await say(world(), ann, ChannelArn, 'one')
    await say(world(), ann, ChannelArn, 'two', { MessageAttributes: { 'CHIME.mentions': { StringValues: [ben] } } })

    const { ChannelMessages = [] } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: ben })
    const { ChannelMembership } = await messaging.describeChannelMembershipForAppInstanceUser({
      ChannelArn,
      AppInstanceUserArn: ben,
      ChimeBearer: ben,
    })
    const marker = ChannelMembership!.AppInstanceUserMembershipSummary!.ReadMarkerTimestamp!
    const frame = (members: object) =>
      JSON.stringify({
        Headers: { 'x-amz-chime-event-type': 'CHANNEL_DETAILS', 'x-amz-chime-message-type': 'SYSTEM' },
        Payload: JSON.stringify({
          ReadMarkerTimestamp: marker,
          ...members,
          Channel: {
            Name: 'the "channel"',
            ChannelArn,
            Mode: 'UNRESTRICTED',
            Privacy: 'PRIVATE',
            LastMessageTimestamp: ChannelMessages[0]!.CreatedTimestamp,
          },
          ChannelMessages: ChannelMessages.map(({ MessageId, Content, CreatedTimestamp, LastUpdatedTimestamp, MessageAttributes }) => ({
            MessageId,
            Content,
            Type: 'STANDARD',
            CreatedTimestamp,
            LastUpdatedTimestamp,
            Sender: { Arn: ann, Name: 'ann' },
            Redacted: false,
            Status: { Value: 'SENT' },
            MessageAttributes,
          })),
          ChannelMessagesHasMore: false,
          ChannelMemberships: [{ Member: { Arn: ann, Name: 'ann' } }, { Member: { Arn: ben, Name: 'ben' } }],
        }),
      })
    const frameOf = async (query: Readonly<Record<string, string>>) => {
      const session = await listen(app, ben, { query: { ...connected, ...query } })
      await session.until(isDetails)
      return session.texts[session.events.findIndex(isDetails)]
    }
    const counts = { UnreadCount: 2, UnreadMentionCount: 1, FirstUnreadMessageId: first }
    const asked = { 'carillon-events': 'read,unread' }
    expect([await frameOf({}), await frameOf(asked), await frameOf({}), await frameOf({ 'carillon-events': 'read,typing' })]).toEqual([
      frame({}),
      frame(counts),
      frame({}),
      frame({}),
    ])
  })

  test('have no first unread message where all is read, have the counts of the sub-channel in an elastic channel, and only those that retention leaves', async () => {
    const { app, identity, advance, appInstance } = world()
    const { arn, user } = await appInstance(['ann', 'ben'])
    const ChannelArn = await open(world(), user('ann'), { MemberArns: [user('ben')] })
    await say(world(), user('ann'), ChannelArn, 'hidden soon')
    await identity.putAppInstanceRetentionSettings({
      AppInstanceArn: arn,
      AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 1 } },
    })
    advance(25 * 3_600_000)
    const left = await say(world(), user('ann'), ChannelArn)
    const countsOf = async (userArn: string) => {
      const { UnreadCount, UnreadMentionCount, FirstUnreadMessageId } = await detailsOf(await listen(app, userArn, asking))
      return [UnreadCount, UnreadMentionCount, FirstUnreadMessageId]
    }
    expect([await countsOf(user('ann')), await countsOf(user('ben'))]).toEqual([
      [0, 0, undefined],
      [1, 0, left],
    ])
    const elastic = await openElastic(world(), { maximum: 3, target: 2, percentage: 40 }, ['ann', 'ben'])
    const SubChannelId = await elastic.join('ann')
    await elastic.join('ben')
    const first = await say(world(), elastic.user('ann'), elastic.ChannelArn, 'one', { SubChannelId })
    expect(await countsOf(elastic.user('ben'))).toEqual([1, 0, first])
  })

  test('fit the events: a client that adds what it hears arrives at the right count, whenever it connects', async () => {
    const { app, carillon, messaging, appInstance } = world()
    const { user } = await appInstance(['ann', 'ben'])
    const [ann, ben] = [user('ann'), user('ben')]
    const channels = await Promise.all(Array.from({ length: 4 }, async () => open(world(), ann, { MemberArns: [ben] })))
    const sending = (async () => {
      for (let round = 0; round < 30; round++) {
        await Promise.all(
          channels.map(async (ChannelArn, index) => {
            await say(world(), ann, ChannelArn)
            if (index === 0 && round % 10 === 5) await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: ben })
          }),
        )
      }
    })()
    const sessions = await Promise.all(Array.from({ length: 6 }, async () => listen(app, ben, asking)))
    await sending
    const { ChannelMemberships = [] } = await carillon.call('ListChannelUnreadCounts', { ChimeBearer: ben })
    const right = Object.fromEntries(
      ChannelMemberships.map(({ ChannelSummary, UnreadCount }) => [ChannelSummary!.ChannelArn!, UnreadCount]),
    )
    await Promise.all(channels.map(async ChannelArn => say(world(), ann, ChannelArn, 'last', { Type: 'CONTROL' })))
    let complete = 0
    for (const session of sessions) {
      const counts = new Map<string, number>()
      const known = new Set<string>()
      for (let lasts = 0; lasts < channels.length;) {
        const { type, payload } = await session.next()
        if (type === 'CHANNEL_DETAILS') {
          const { Channel, ChannelMessages, UnreadCount } = payload as unknown as Details
          for (const { MessageId } of ChannelMessages) known.add(MessageId)
          if (UnreadCount !== undefined) counts.set(Channel.ChannelArn, UnreadCount)
          continue
        }
        const { ChannelArn, MessageId, Content, UnreadCount } = payload as Record<string, string> & { UnreadCount: number }
        if (Content === 'last') lasts++
        else if (type === 'UPDATE_CHANNEL_UNREAD') counts.set(ChannelArn!, UnreadCount)
        else if (counts.has(ChannelArn!) && !known.has(MessageId!)) counts.set(ChannelArn!, counts.get(ChannelArn!)! + 1)
      }
      for (const [ChannelArn, count] of counts) expect(count).toBe(right[ChannelArn])
      complete += counts.size
    }
    expect(complete).toBeGreaterThan(0)
  })
})
