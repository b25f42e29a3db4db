import { afterAll, expect, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { days, open, purged, runJob, say } from '../api/acts.ts'
import { startKinesis } from '../support/kinesis.ts'
import { callBack, processor, startLambda, until } from '../support/processor.ts'
import { onBothDatabases } from '../support/world.ts'

const [lambda, kinesis] = [await startLambda(), await startKinesis()]
afterAll(async () => {
  await lambda.close()
  await kinesis.close()
})

const selectOld = statement<{ sequence: number }>(`select sequence from messages where content = '"too old"'`)

let streams = 0
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string
const asRecord = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>

onBothDatabases(
  'Records of streams',
  world => {
    /** An app instance that streams everything, and the records since the last call. */
    const scene = async () => {
      const { messaging } = world()
      const { arn, user } = await world().appInstance(['ann', 'bob', 'eve'], { admins: ['root'] })
      const stream = kinesis.define(`chime-messaging-${streams++}`)
      await messaging.putMessagingStreamingConfigurations({
        AppInstanceArn: arn,
        StreamingConfigurations: (['Channel', 'ChannelMessage'] as const).map(DataType => ({ DataType, ResourceArn: stream })),
      })
      const [ann, bob, eve] = [user('ann'), user('bob'), user('eve')]
      let taken = 0
      /** That many records, in order where they are of one channel. */
      const streamed = async (count: number) => {
        const records = kinesis.records(stream)
        await until(() => records.length >= taken + count)
        const found = records.slice(taken)
        taken = records.length
        for (const { partitionKey, event } of found) expect(partitionKey).toBe(event.Payload['ChannelArn'])
        return found.map(({ event }) => event)
      }
      const types = async (count: number) => (await streamed(count)).map(({ EventType }) => EventType)
      return { arn, user, ann, bob, eve, stream, streamed, types, messaging }
    }

    test('describe a channel, its members, moderators and bans, one record each, with the members that REST shows', async () => {
      const s = await scene()
      const { messaging, ann, bob, eve } = s
      const ChannelArn = await open(world(), ann, { Name: 'c', Metadata: 'm', MemberArns: [bob] })
      const channel = { ChannelArn, ChimeBearer: ann }
      const created = await s.streamed(4)
      expect(created.map(({ EventType }) => EventType)).toEqual([
        'CREATE_CHANNEL',
        'CREATE_CHANNEL_MEMBERSHIP',
        'CREATE_CHANNEL_MEMBERSHIP',
        'CREATE_CHANNEL_MODERATOR',
      ])
      expect(created[0]!.Payload).toEqual(asRecord((await messaging.describeChannel(channel)).Channel))
      const { ChannelMembership } = await messaging.describeChannelMembership({ ...channel, MemberArn: bob })
      expect(created[2]!.Payload).toEqual(asRecord(ChannelMembership))
      const moderator = { Moderator: { Arn: ann, Name: 'ann' }, ChannelArn, CreatedTimestamp: time, CreatedBy: { Arn: ann, Name: 'ann' } }
      expect(created[3]!.Payload).toEqual(moderator)

      await messaging.batchCreateChannelMembership({ ...channel, MemberArns: [eve, s.user('root'), bob] })
      expect(await s.types(2)).toEqual(['CREATE_CHANNEL_MEMBERSHIP', 'CREATE_CHANNEL_MEMBERSHIP'])
      await messaging.createChannelBan({ ...channel, MemberArn: eve })
      await messaging.deleteChannelBan({ ...channel, MemberArn: eve })
      await messaging.createChannelModerator({ ...channel, ChannelModeratorArn: bob })
      await messaging.deleteChannelModerator({ ...channel, ChannelModeratorArn: bob })
      const roles = await s.streamed(5)
      expect(roles.map(({ EventType }) => EventType)).toEqual([
        'CREATE_CHANNEL_BAN',
        'DELETE_CHANNEL_MEMBERSHIP',
        'DELETE_CHANNEL_BAN',
        'CREATE_CHANNEL_MODERATOR',
        'DELETE_CHANNEL_MODERATOR',
      ])
      const banned = { Member: { Arn: eve, Name: 'eve' }, ChannelArn, CreatedTimestamp: time, CreatedBy: { Arn: ann, Name: 'ann' } }
      expect([roles[0]!.Payload, roles[2]!.Payload]).toEqual([banned, banned])

      const ExpirationSettings = { ExpirationDays: 3, ExpirationCriterion: 'CREATED_TIMESTAMP' } as const
      await messaging.putChannelExpirationSettings({ ...channel, ExpirationSettings })
      await messaging.updateChannel({ ...channel, Name: 'new' })
      const { Channel } = await messaging.describeChannel(channel)
      const changed = await s.streamed(2)
      expect(changed[0]).toMatchObject({ EventType: 'UPDATE_CHANNEL_EXPIRATION_SETTINGS', Payload: { ExpirationSettings } })
      expect(changed[1]).toEqual({ EventType: 'UPDATE_CHANNEL', Payload: asRecord(Channel) })
      await messaging.deleteChannel(channel)
      expect(await s.streamed(1)).toEqual([{ EventType: 'DELETE_CHANNEL', Payload: asRecord(Channel) }])
      await purged(world())
      await open(world(), ann)
      expect((await s.types(3))[0]).toBe('CREATE_CHANNEL')
    })

    test('are written for messages of every kind: persistent or not, CONTROL, targeted, edited, redacted and deleted', async () => {
      const s = await scene()
      const { messaging, ann, bob } = s
      const ChannelArn = await open(world(), ann, { MemberArns: [bob] })
      await s.streamed(4)
      const MessageAttributes = { 'CHIME.mentions': { StringValues: [bob] } }
      const MessageId = await say(world(), ann, ChannelArn, 'hi', { Metadata: 'm', ContentType: 'text/plain', MessageAttributes })
      const { ChannelMessage } = await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: ann })
      const { ContentType: _, ...payload } = asRecord(ChannelMessage)
      expect(await s.streamed(1)).toEqual([{ EventType: 'CREATE_CHANNEL_MESSAGE', Payload: payload }])
      await say(world(), ann, ChannelArn, 'passing', { Persistence: 'NON_PERSISTENT' })
      await say(world(), ann, ChannelArn, 'typing', { Persistence: 'NON_PERSISTENT', Type: 'CONTROL' })
      await say(world(), ann, ChannelArn, 'for bob', { Target: [{ MemberArn: bob }] })
      expect(await s.streamed(3)).toMatchObject([
        { EventType: 'CREATE_CHANNEL_MESSAGE', Payload: { Content: 'passing', Persistence: 'NON_PERSISTENT' } },
        { EventType: 'CREATE_CHANNEL_MESSAGE', Payload: { Content: 'typing', Type: 'CONTROL' } },
        { EventType: 'CREATE_CHANNEL_MESSAGE', Payload: { Content: 'for bob', Target: [{ MemberArn: bob }] } },
      ])
      const named = { ChannelArn, MessageId, ChimeBearer: ann }
      await messaging.updateChannelMessage({ ...named, Content: 'new' })
      await messaging.redactChannelMessage(named)
      await messaging.deleteChannelMessage({ ...named, ChimeBearer: s.user('root') })
      const [updated, redacted, deleted] = await s.streamed(3)
      expect(updated).toMatchObject({
        EventType: 'UPDATE_CHANNEL_MESSAGE',
        Payload: { MessageId, Content: 'new', LastEditedTimestamp: time },
      })
      expect(redacted).toMatchObject({ EventType: 'REDACT_CHANNEL_MESSAGE', Payload: { MessageId, Content: '', Redacted: true } })
      expect(deleted).toMatchObject({ EventType: 'DELETE_CHANNEL_MESSAGE', Payload: { MessageId } })
      expect(deleted!.Payload).not.toHaveProperty('Content')
    })

    test('say what was true at the time, whatever happens to the message before its delivery', async () => {
      const s = await scene()
      const { messaging, arn: AppInstanceArn, ann } = s
      const root = s.user('root')
      const ChannelArn = await open(world(), ann)
      await s.streamed(3)
      kinesis.isAway = name => s.stream.endsWith(`/${name}`)
      const shown: Record<string, unknown>[] = []
      const send = async (content: string) => {
        const MessageId = await say(world(), ann, ChannelArn, content, { Metadata: `of ${content}` })
        const named = { ChannelArn, MessageId, ChimeBearer: ann }
        const { ContentType: _, ...payload } = asRecord((await messaging.getChannelMessage(named)).ChannelMessage)
        shown.push(payload)
        return named
      }
      const [edited, redacted, deleted] = [await send('edited'), await send('redacted'), await send('deleted')]
      await send('too old')
      await messaging.updateChannelMessage({ ...edited, Content: 'new' })
      await messaging.updateChannelMessage({ ...edited, Content: 'newer' })
      await messaging.redactChannelMessage(redacted)
      await messaging.deleteChannelMessage({ ...deleted, ChimeBearer: root })
      await world().identity.updateAppInstanceUser({ AppInstanceUserArn: ann, Name: 'Ann of today', Metadata: '' })
      const RetentionSettings = { ChannelRetentionSettings: { RetentionDays: 1 } }
      await world().identity.putAppInstanceRetentionSettings({ AppInstanceArn, AppInstanceRetentionSettings: RetentionSettings })
      // After the grace period.
      world().advance(days(32))
      await runJob(world(), 'retention')
      expect(await world().app.db.all(selectOld)).toEqual([])
      await messaging.deleteChannel({ ChannelArn, ChimeBearer: ann })
      await purged(world())
      kinesis.isAway = () => false
      const records = await s.streamed(9)
      const created = records.splice(0, 4)
      expect(created).toEqual(shown.map(Payload => ({ EventType: 'CREATE_CHANNEL_MESSAGE', Payload })))
      expect(records).toMatchObject([
        { EventType: 'UPDATE_CHANNEL_MESSAGE', Payload: { MessageId: edited.MessageId, Content: 'new', Sender: { Name: 'ann' } } },
        { EventType: 'UPDATE_CHANNEL_MESSAGE', Payload: { MessageId: edited.MessageId, Content: 'newer' } },
        { EventType: 'REDACT_CHANNEL_MESSAGE', Payload: { MessageId: redacted.MessageId, Content: '' } },
        { EventType: 'DELETE_CHANNEL_MESSAGE', Payload: { MessageId: deleted.MessageId } },
        { EventType: 'DELETE_CHANNEL', Payload: { ChannelArn } },
      ])
    })

    test('are written for a message of a flow at its release, as the processor has left it, and never for a denied one', async () => {
      const s = await scene()
      const { messaging, arn, ann } = s
      const ChannelArn = await open(world(), ann)
      const called = lambda.define()
      const flow = { AppInstanceArn: arn, Name: 'flow', Processors: [processor(called.arn)] }
      const { ChannelFlowArn } = await messaging.createChannelFlow(flow)
      await messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: ann })
      await s.streamed(3)
      for (const content of ['denied', 'passed']) await say(world(), ann, ChannelArn, content)
      for (const index of [0, 1]) {
        const event = await called.event(index)
        const isDenied = event.ChannelMessage.Content === 'denied'
        await callBack(messaging, event, isDenied ? {} : { Content: 'checked' }, isDenied ? { DeleteResource: true } : {})
      }
      expect(await s.streamed(1)).toMatchObject([{ EventType: 'CREATE_CHANNEL_MESSAGE', Payload: { Content: 'checked' } }])
    })

    test('are written for sub-channels, and for memberships in them', async () => {
      const s = await scene()
      const { messaging, ann, bob } = s
      const elastic = { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 3, MinimumMembershipPercentage: 1 }
      const ChannelArn = await open(world(), ann, { ElasticChannelConfiguration: elastic })
      const created = await s.streamed(3)
      expect(created.map(({ EventType }) => EventType)).toEqual(['CREATE_CHANNEL', 'CREATE_CHANNEL_MODERATOR', 'CREATE_SUB_CHANNEL'])
      const { SubChannels } = await messaging.listSubChannels({ ChannelArn, ChimeBearer: ann })
      const [{ SubChannelId } = {}] = SubChannels!
      expect(created[2]!.Payload).toEqual({ ChannelArn, SubChannelId })
      for (const name of ['bob', 'eve', 'root', 'dan']) {
        const AppInstanceUserId = name
        if (name === 'dan') await world().identity.createAppInstanceUser({ AppInstanceArn: s.arn, AppInstanceUserId, Name: name })
        await messaging.createChannelMembership({ ChannelArn, MemberArn: s.user(name), Type: 'DEFAULT', ChimeBearer: ann })
      }
      const joined = await s.streamed(5)
      expect(joined.filter(({ EventType }) => EventType === 'CREATE_CHANNEL_MEMBERSHIP')).toHaveLength(4)
      expect(joined[0]!.Payload).toMatchObject({ SubChannelId, Member: { Arn: bob } })
      expect(joined.filter(({ EventType }) => EventType === 'CREATE_SUB_CHANNEL')).toHaveLength(1)
    })

    test('are written for what happens by the clock, and for a user who is deleted', async () => {
      const s = await scene()
      const { ann, bob } = s
      const ChannelArn = await open(world(), ann, {
        MemberArns: [bob],
        ExpirationSettings: { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' },
      })
      await s.streamed(4)
      await world().identity.deleteAppInstanceUser({ AppInstanceUserArn: bob })
      await purged(world())
      const [left] = await s.streamed(1)
      expect(left).toMatchObject({ EventType: 'DELETE_CHANNEL_MEMBERSHIP', Payload: { ChannelArn, Member: { Arn: bob } } })
      world().advance(days(2))
      await runJob(world(), 'channel-expiration')
      expect(await s.streamed(1)).toMatchObject([{ EventType: 'DELETE_CHANNEL', Payload: { ChannelArn } }])
    })

    test('go to the stream of their data type, and nowhere once streaming is removed', async () => {
      const s = await scene()
      const { messaging, arn: AppInstanceArn, ann } = s
      const other = kinesis.define(`chime-messaging-${streams++}`)
      const StreamingConfigurations = [{ DataType: 'ChannelMessage' as const, ResourceArn: other }]
      await messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations })
      const ChannelArn = await open(world(), ann)
      await say(world(), ann, ChannelArn, 'hi')
      expect(await s.types(3)).toEqual(['CREATE_CHANNEL', 'CREATE_CHANNEL_MEMBERSHIP', 'CREATE_CHANNEL_MODERATOR'])
      await until(() => kinesis.records(other).length === 1)
      await messaging.deleteMessagingStreamingConfigurations({ AppInstanceArn })
      await say(world(), ann, ChannelArn, 'unheard')
      await say(world(), ann, ChannelArn, 'unheard', { Persistence: 'NON_PERSISTENT' })
      await messaging.updateChannel({ ChannelArn, ChimeBearer: ann, Name: 'unheard' })
      await messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations })
      await say(world(), ann, ChannelArn, 'heard')
      await until(() => kinesis.records(other).length === 2)
      expect(kinesis.records(other).map(({ event }) => event.Payload['Content'])).toEqual(['hi', 'heard'])
      expect(kinesis.records(s.stream)).toHaveLength(3)
    })
  },
  { kinesisEndpoint: kinesis.url, lambdaEndpoint: lambda.url, elasticChannelsPerAppInstance: '10' },
)
