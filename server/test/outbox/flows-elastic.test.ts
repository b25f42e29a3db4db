import { afterAll, expect, test } from 'vitest'
import { callBack, giveFlow, startLambda } from '../support/processor.ts'
import { onBothDatabases, refusal } from '../support/world.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

onBothDatabases(
  'Channel flows of elastic channels',
  world => {
    /** An elastic channel with a flow, and two members in its one sub-channel. */
    const setting = async () => {
      const { appInstance, messaging } = world()
      const { arn, user } = await appInstance(['mod', 'ann', 'bob'])
      const [mod, ann, bob] = [user('mod'), user('ann'), user('bob')]
      const checked = lambda.define()
      const { ChannelArn } = await messaging.createChannel({
        AppInstanceArn: arn,
        Name: 'elastic',
        ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 40 },
        ChimeBearer: mod,
      })
      const joined = await Promise.all(
        [ann, bob].map(async MemberArn => messaging.createChannelMembership({ ChannelArn, MemberArn, Type: 'DEFAULT', ChimeBearer: mod })),
      )
      await giveFlow(messaging, { ChannelArn: ChannelArn!, ChimeBearer: mod }, checked.arn)
      const place = { ChannelArn, SubChannelId: joined[0]!.SubChannelId! }
      const send = async () =>
        messaging.sendChannelMessage({ ...place, Content: 'hello', Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer: ann })
      const list = async (ChimeBearer: string) => (await messaging.listChannelMessages({ ...place, ChimeBearer })).ChannelMessages!
      const lastAt = async (ChimeBearer: string) => {
        const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer })
        return ChannelMemberships![0]!.ChannelSummary!.LastMessageTimestamp
      }
      return { ...place, ann, bob, checked, send, list, lastAt }
    }

    test('only the sender sees a message until it is released, and then its sub-channel', async () => {
      const { messaging } = world()
      const { SubChannelId, ann, bob, checked, send, list, lastAt } = await setting()
      const { MessageId, Status, SubChannelId: told } = await send()
      expect({ Status, told }).toEqual({ Status: { Value: 'PENDING' }, told: SubChannelId })
      expect(await list(bob)).toEqual([])
      expect(await list(ann)).toMatchObject([{ MessageId, Status: { Value: 'PENDING' } }])
      expect(await lastAt(bob)).toBeUndefined()

      const event = await checked.event()
      expect(event.ChannelMessage).toMatchObject({ MessageId, SubChannelId })
      await callBack(messaging, event, { Content: 'changed', SubChannelId })
      expect(await list(bob)).toMatchObject([{ MessageId, Content: 'changed', Status: { Value: 'SENT' } }])
      expect(await lastAt(bob)).toBeInstanceOf(Date)
    })

    test('a callback that names another sub-channel is refused and decides nothing', async () => {
      const { messaging } = world()
      const { bob, checked, send, list } = await setting()
      await send()
      const event = await checked.event()
      const answer = callBack(messaging, event, { Content: 'changed', SubChannelId: 'another' })
      expect(await refusal(answer)).toMatchObject({ name: 'BadRequestException' })
      expect(await list(bob)).toEqual([])
      await callBack(messaging, event, { Content: 'hello' })
      expect(await list(bob)).toHaveLength(1)
    })
  },
  { lambdaEndpoint: lambda.url, elasticChannelsPerAppInstance: '10' },
)
