import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { open, say } from '../api/acts.ts'
import { processor, startLambda } from '../support/processor.ts'
import { listen } from '../support/sockets.ts'
import { onBothDatabases, refusal, type World } from '../support/world.ts'

const isLast = ({ type }: { type: string }) => type === 'CREATE_CHANNEL_MESSAGE'
const asking = { query: { 'carillon-events': 'typing' } }

async function makeChannel(world: World) {
  const { app, carillon, appInstance } = world
  const { user } = await appInstance(['ann', 'ben', 'cid', 'dan'], { admins: ['root'] })
  const [ann, ben, cid] = [user('ann'), user('ben'), user('cid')]
  const ChannelArn = await open(world, ann, { MemberArns: [ben, cid] })
  const type = async (ChimeBearer: string, IsTyping = true) => carillon.call('SendTypingIndicator', { ChannelArn, IsTyping, ChimeBearer })
  const indicator = (IsTyping: boolean, Arn = ben, Name = 'ben') => ({ ChannelArn, Member: { Arn, Name }, IsTyping })
  return { user, ann, ben, cid, ChannelArn, type, indicator, session: async (arn: string) => listen(app, arn, asking) }
}

/** Moves the clock of the server forward. */
function pass(seconds: number) {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
  onTestFinished(() => void vi.useRealTimers())
}

/** Longer than an indicator lasts. */
const aMinutePasses = () => pass(60)

const lambda = await startLambda()
afterAll(() => lambda.close())

onBothDatabases(
  'A typing indicator',
  world => {
    test('is heard by the other members on sessions that ask for it, again after three seconds if it is repeated, and ends when its member says so', async () => {
      const { app } = world()
      const { ann, ben, cid, ChannelArn, type, indicator, session } = await makeChannel(world())
      const [ofAnn, ofBen, plain] = [await session(ann), await session(ben), await listen(app, cid)]
      // From now on the clock stands.
      pass(0)
      await type(ben)
      expect(await ofAnn.next()).toEqual({
        type: 'UPDATE_TYPING_INDICATOR',
        headers: { 'x-amz-chime-event-type': 'UPDATE_TYPING_INDICATOR', 'x-amz-chime-message-type': 'SYSTEM' },
        payload: indicator(true),
      })
      await type(ben)
      pass(3)
      await type(ben)
      expect((await ofAnn.next()).payload).toEqual(indicator(true))
      await type(ben, false)
      await type(ben, false)
      expect((await ofAnn.next()).payload).toEqual(indicator(false))
      await say(world(), ann, ChannelArn, 'last')
      expect([await ofAnn.until(isLast), await ofBen.until(isLast), await plain.until(isLast)]).toEqual([[], [], []])
    })

    test('ends by itself, and with the message of its member', async () => {
      const { ann, ben, cid, ChannelArn, type, indicator, session } = await makeChannel(world())
      const ofAnn = await session(ann)
      await type(ben)
      await type(cid)
      await say(world(), cid, ChannelArn, 'written')
      const heard = [await ofAnn.next(), await ofAnn.next(), await ofAnn.next(), await ofAnn.next()]
      aMinutePasses()
      heard.push(await ofAnn.next())
      const shown = heard.map(({ type: name, payload }) => (name === 'UPDATE_TYPING_INDICATOR' ? payload : payload?.['Content']))
      const [first, second, ...rest] = shown
      // Events that several nodes publish have no order.
      expect([first, second]).toEqual(expect.arrayContaining([indicator(true), indicator(true, cid, 'cid')]))
      expect(rest).toEqual(['written', indicator(false, cid, 'cid'), indicator(false)])
    })

    test('ends with a message that a channel flow holds', async () => {
      const { messaging } = world()
      const { ann, ben, cid, ChannelArn, type, indicator, session } = await makeChannel(world())
      const { ChannelFlowArn } = await messaging.createChannelFlow({
        AppInstanceArn: ann.replace(/\/user\/.*$/, ''),
        Name: 'flow',
        Processors: [processor(lambda.define().arn)],
      })
      await messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: ann })
      const ofAnn = await session(ann)
      const payload = async () => (await ofAnn.next()).payload
      await type(cid)
      expect(await payload()).toEqual(indicator(true, cid, 'cid'))
      await type(ben)
      expect(await payload()).toEqual(indicator(true))
      await say(world(), ben, ChannelArn, 'held')
      expect(await payload()).toEqual(indicator(false))
      aMinutePasses()
      expect(await payload()).toEqual(indicator(false, cid, 'cid'))
    })

    test('in an elastic channel is for its sub-channel', async () => {
      const { messaging, carillon } = world()
      const { ann, ben, cid, user, session } = await makeChannel(world())
      const elastic = await open(world(), ann, {
        ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 1 },
      })
      const join = async (MemberArn: string) => {
        const input = { ChannelArn: elastic, MemberArn, Type: 'DEFAULT', ChimeBearer: ann } as const
        return (await messaging.createChannelMembership(input)).SubChannelId!
      }
      const places = [await join(ben), await join(cid), await join(user('dan'))]
      const [ofCid, ofDan] = [await session(cid), await session(user('dan'))]
      const indicate = async (ChimeBearer: string, SubChannelId: string) =>
        carillon.call('SendTypingIndicator', { ChannelArn: elastic, SubChannelId, IsTyping: true, ChimeBearer })
      await indicate(ben, places[0]!)
      expect((await ofCid.next()).payload).toMatchObject({ SubChannelId: places[0], Member: { Arn: ben }, IsTyping: true })
      expect(await refusal(indicate(ben, places[2]!))).toMatchObject({ name: 'ForbiddenException' })
      await say(world(), user('dan'), elastic, 'last', { SubChannelId: places[2]! })
      expect((await ofDan.next()).payload?.['Content']).toBe('last')
    })

    test('can be sent by DEFAULT members only', async () => {
      const { messaging } = world()
      const { user, ann, ChannelArn, type } = await makeChannel(world())
      await messaging.createChannelMembership({ ChannelArn, MemberArn: user('dan'), Type: 'HIDDEN', ChimeBearer: ann })
      for (const bearer of [user('dan'), user('root')]) {
        expect(await refusal(type(bearer))).toMatchObject({
          name: 'ForbiddenException',
          reason: expect.stringContaining('SendTypingIndicator is allowed to: a DEFAULT member of the channel.') as string,
        })
      }
    })
  },
  { typingSeconds: '60', lambdaEndpoint: lambda.url },
)
