import { describe, expect, test } from 'vitest'
import { onBothDatabases } from '../support/world.ts'
import { makeScene, type Heard, type Scene } from './scene.ts'

/** Times in payloads of sockets: ISO 8601 with milliseconds (docs/service/sessions.md#values-in-payloads). */
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string
const id = expect.stringMatching(/^[0-9a-f]{64}$/) as string

const system = (type: string) => ({ 'x-amz-chime-event-type': type, 'x-amz-chime-message-type': 'SYSTEM' })
const standard = (type: string) => ({ 'x-amz-chime-event-type': type, 'x-amz-chime-message-type': 'STANDARD' })

/** An answer of REST, in the form of a payload. */
const asEvent = (answer: unknown): unknown => JSON.parse(JSON.stringify(answer))

/** The only event that a user has heard. */
async function only({ heard }: Pick<Scene, 'heard'>, name: 'alice' | 'bob' | 'carol' | 'dave' | 'tom'): Promise<Heard> {
  const events = (await heard())[name] ?? []
  expect(events).toHaveLength(1)
  return events[0]!
}

const sent = (s: Scene, more: object = {}) => ({
  ChannelArn: s.ChannelArn,
  MessageId: id,
  Content: 'hello',
  Type: 'STANDARD',
  Persistence: 'PERSISTENT',
  Redacted: false,
  Sender: { Arn: s.bob, Name: 'bob' },
  CreatedTimestamp: time,
  LastUpdatedTimestamp: time,
  Status: { Value: 'SENT' },
  ...more,
})

const get = async (s: Scene, MessageId: string) => {
  const { ChannelMessage } = await s.messaging.getChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId })
  return asEvent(ChannelMessage)
}

const membership = (s: Scene, Member: { Arn: string; Name: string }, more: object = {}) => ({
  InvitedBy: { Arn: s.alice, Name: 'alice' },
  Type: 'DEFAULT',
  Member,
  ChannelArn: s.ChannelArn,
  CreatedTimestamp: time,
  LastUpdatedTimestamp: time,
  ...more,
})

const describeChannel = async (s: Scene) => asEvent((await s.messaging.describeChannel(s.channel)).Channel)

onBothDatabases(
  'Payloads',
  world => {
    const scene = () => makeScene(world())

    describe('of messages', () => {
      test('a minimal message has only the members that every message has', async () => {
        const s = await scene()
        const MessageId = await s.say()
        const told = await only(s, 'carol')
        expect(told).toEqual({
          type: 'CREATE_CHANNEL_MESSAGE',
          headers: standard('CREATE_CHANNEL_MESSAGE'),
          payload: sent(s, { MessageId }),
        })
        expect(told.payload).toEqual(await get(s, MessageId))
      })

      test('a maximal message is heard unchanged, control characters and U+0000 included', async () => {
        const s = await scene()
        const Content = '\u0000\u0001\u007f\u0080é🎉\u2028"\\'
        const more = { Metadata: '{"a":"\\u0000"}', ContentType: 'text/plain', MessageAttributes: { name: { StringValues: ['a', 'b'] } } }
        const Target = [{ MemberArn: s.tom }]
        const MessageId = await s.say(Content, { ...more, Target })
        const { payload } = await only(s, 'tom')
        expect(payload).toEqual(sent(s, { MessageId, Content, ...more, Target }))
        expect(payload).toEqual(await get(s, MessageId))
      })

      test('CONTROL is in the header, and NON_PERSISTENT in the payload', async () => {
        const s = await scene()
        const MessageId = await s.say('{"Typing":"Indicator"}', { Type: 'CONTROL', Persistence: 'NON_PERSISTENT' })
        const { headers, payload } = await only(s, 'alice')
        expect(headers).toEqual({ 'x-amz-chime-event-type': 'CREATE_CHANNEL_MESSAGE', 'x-amz-chime-message-type': 'CONTROL' })
        expect(payload).toEqual(sent(s, { MessageId, Content: '{"Typing":"Indicator"}', Type: 'CONTROL', Persistence: 'NON_PERSISTENT' }))
      })

      test('an update has the whole message, unchanged members included, and LastEditedTimestamp', async () => {
        const s = await scene()
        const MessageAttributes = { name: { StringValues: ['a'] } }
        const MessageId = await s.say('old', { Metadata: 'm', ContentType: 'text/plain', MessageAttributes })
        await s.heard()
        await s.messaging.updateChannelMessage({ ...s.channel, ChimeBearer: s.bob, MessageId, Content: 'new' })
        const { headers, payload } = await only(s, 'carol')
        expect(headers).toEqual(standard('UPDATE_CHANNEL_MESSAGE'))
        const more = { Content: 'new', Metadata: 'm', ContentType: 'text/plain', MessageAttributes, LastEditedTimestamp: time }
        expect(payload).toEqual(sent(s, { MessageId, ...more }))
        expect(payload).toEqual(await get(s, MessageId))
      })

      test('a redacted message has an empty Content, no Metadata and no attributes', async () => {
        const s = await scene()
        const MessageId = await s.say('old', { Metadata: 'm', MessageAttributes: { name: { StringValues: ['a'] } } })
        await s.heard()
        await s.messaging.redactChannelMessage({ ...s.channel, MessageId })
        const { headers, payload } = await only(s, 'tom')
        expect(headers).toEqual(standard('REDACT_CHANNEL_MESSAGE'))
        expect(payload).toEqual(sent(s, { MessageId, Content: '', Redacted: true }))
        expect(payload).toEqual({ ...((await get(s, MessageId)) as object), Content: '' })
      })

      test('a deleted message has none of its content', async () => {
        const s = await scene()
        const MessageId = await s.say('old', { Metadata: 'm', MessageAttributes: { name: { StringValues: ['a'] } } })
        const { LastUpdatedTimestamp: before } = (await only(s, 'tom')).payload as { LastUpdatedTimestamp: string }
        world().advance(60_000)
        await s.messaging.deleteChannelMessage({ ...s.channel, MessageId, ChimeBearer: s.root })
        const { headers, payload } = await only(s, 'tom')
        expect(headers).toEqual(standard('DELETE_CHANNEL_MESSAGE'))
        const { Content: _, ...rest } = sent(s, { MessageId, CreatedTimestamp: before })
        expect(payload).toEqual(rest)
        const { LastUpdatedTimestamp } = payload as { LastUpdatedTimestamp: string }
        expect(Date.parse(LastUpdatedTimestamp) - Date.parse(before)).toBeGreaterThanOrEqual(60_000)
      })
    })

    describe('of memberships', () => {
      test('a new membership is described as by the API, and the same when it is deleted', async () => {
        const s = await scene()
        await s.messaging.createChannelMembership({ ...s.channel, MemberArn: s.dave, Type: 'DEFAULT' })
        const created = await only(s, 'bob')
        expect(created.headers).toEqual(system('CREATE_CHANNEL_MEMBERSHIP'))
        expect(created.payload).toEqual(membership(s, { Arn: s.dave, Name: 'dave' }))
        const { ChannelMembership } = await s.messaging.describeChannelMembership({ ...s.channel, MemberArn: s.dave })
        expect(created.payload).toEqual(asEvent(ChannelMembership))
        await s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.dave })
        const deleted = await only(s, 'dave')
        expect(deleted.headers).toEqual(system('DELETE_CHANNEL_MEMBERSHIP'))
        expect(deleted.payload).toEqual(created.payload)
      })

      test('a HIDDEN membership says that it is HIDDEN', async () => {
        const s = await scene()
        await s.messaging.deleteChannelMembership({ ...s.channel, MemberArn: s.carol })
        expect((await only(s, 'alice')).payload).toEqual(membership(s, { Arn: s.carol, Name: 'carol' }, { Type: 'HIDDEN' }))
      })

      test('a batch names only the memberships that are new', async () => {
        const s = await scene()
        const MemberArns = [s.bob, s.dave, s.root]
        const { BatchChannelMemberships } = await s.messaging.batchCreateChannelMembership({ ...s.channel, MemberArns })
        expect(BatchChannelMemberships!.Members).toHaveLength(3)
        const { headers, payload } = await only(s, 'dave')
        expect(headers).toEqual(system('BATCH_CREATE_CHANNEL_MEMBERSHIP'))
        expect(payload).toEqual({
          InvitedBy: { Arn: s.alice, Name: 'alice' },
          Type: 'DEFAULT',
          Members: [
            { Arn: s.dave, Name: 'dave' },
            { Arn: s.root, Name: 'root' },
          ],
          ChannelArn: s.ChannelArn,
        })
      })
    })

    describe('of channels', () => {
      test('an update and a deletion have the whole channel, whatever has changed', async () => {
        const s = await scene()
        const ExpirationSettings = { ExpirationDays: 3, ExpirationCriterion: 'CREATED_TIMESTAMP' } as const
        await s.messaging.putChannelExpirationSettings({ ...s.channel, ExpirationSettings })
        await s.say()
        await s.say('private', { Target: [{ MemberArn: s.tom }] })
        await s.heard()
        await s.messaging.updateChannel({ ...s.channel, Metadata: 'm' })
        const updated = await only(s, 'tom')
        expect(updated.headers).toEqual(system('UPDATE_CHANNEL'))
        expect(updated.payload).toEqual({
          Name: 'channel',
          ChannelArn: s.ChannelArn,
          Mode: 'UNRESTRICTED',
          Privacy: 'PRIVATE',
          Metadata: 'm',
          CreatedBy: { Arn: s.alice, Name: 'alice' },
          CreatedTimestamp: time,
          LastMessageTimestamp: time,
          LastUpdatedTimestamp: time,
          ExpirationSettings,
        })
        expect(updated.payload).toEqual(await describeChannel(s))
        await s.messaging.deleteChannel(s.channel)
        const deleted = await only(s, 'carol')
        expect(deleted.headers).toEqual(system('DELETE_CHANNEL'))
        expect(deleted.payload).toEqual(updated.payload)
      })
    })

    describe('of elastic channels', () => {
      test('messages and memberships name their sub-channel, and a channel its sizes', async () => {
        const s = await scene()
        const { ChannelArn, ChimeBearer, places } = await s.elastic(s.bob)
        const [SubChannelId] = places
        const elastic = { ChannelArn, SubChannelId }
        const joined = await only(s, 'bob')
        expect(joined.payload).toMatchObject({
          ...elastic,
          Member: { Arn: s.bob, Name: 'bob' },
          InvitedBy: { Arn: s.alice, Name: 'alice' },
        })
        await s.messaging.sendChannelMessage({
          ...elastic,
          ChimeBearer: s.bob,
          Content: 'x',
          Type: 'STANDARD',
          Persistence: 'NON_PERSISTENT',
        })
        expect((await only(s, 'bob')).payload).toMatchObject(elastic)
        await s.messaging.updateChannel({ ChannelArn, ChimeBearer, Name: 'new' })
        expect((await only(s, 'bob')).payload).toMatchObject({
          ChannelArn,
          ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 3, MinimumMembershipPercentage: 1 },
        })
        await s.messaging.createChannelBan({ ChannelArn, ChimeBearer, MemberArn: s.bob })
        expect((await only(s, 'bob')).payload).toEqual(joined.payload)
      })
    })
  },
  { elasticChannelsPerAppInstance: '10' },
)
