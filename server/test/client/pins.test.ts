import { expect, test } from 'vitest'
import { days, open, purged, rowsIn, runJob, say } from '../api/acts.ts'
import { denied, missing, openElastic, wrong } from '../api/elastic-acts.ts'
import { listen, type Received } from '../support/sockets.ts'
import { onBothDatabases, refusal, type World } from '../support/world.ts'

/** A channel of ann, who moderates it, and ben. */
async function makeChannel(world: World) {
  const { carillon } = world
  const { arn, user } = await world.appInstance(['ann', 'ben', 'out'], { admins: ['root'] })
  const ChannelArn = await open(world, user('ann'), { MemberArns: [user('ben')] })
  const send = async (content: string, extra = {}) => say(world, user('ben'), ChannelArn, content, extra)
  const pin = async (MessageId: string, name = 'ann') => carillon.call('PinMessage', { ChannelArn, MessageId, ChimeBearer: user(name) })
  const unpin = async (MessageId: string, name = 'ann') => carillon.call('UnpinMessage', { ChannelArn, MessageId, ChimeBearer: user(name) })
  const list = async (name = 'ben') => {
    const { PinnedMessages } = await carillon.call('ListPinnedMessages', { ChannelArn, ChimeBearer: user(name) })
    return PinnedMessages!
  }
  const contents = async () => (await list()).map(({ Message }) => Message!.Content)
  return { arn, user, ChannelArn, send, pin, unpin, list, contents }
}

const isLast = ({ payload }: Received) => payload?.['Content'] === 'last'

onBothDatabases(
  'Pinned messages',
  world => {
    test('are pinned and unpinned by moderators and admins, and listed for all readers, the last one first, page by page', async () => {
      const { carillon, messaging } = world()
      const { user, ChannelArn, send, pin, unpin, list, contents } = await makeChannel(world())
      const [one, two, three] = [await send('one'), await send('two'), await send('three')]
      await pin(two)
      await pin(one, 'root')
      await pin(three)
      await pin(two, 'root')
      const { ChannelMessages } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: user('ben'), SortOrder: 'ASCENDING' })
      const listed = await list()
      expect(listed).toMatchObject([
        { Message: ChannelMessages![2], PinnedBy: { Arn: user('ann'), Name: 'ann' } },
        { Message: ChannelMessages![0], PinnedBy: { Arn: user('root') } },
        { Message: ChannelMessages![1], PinnedBy: { Arn: user('ann') } },
      ])
      expect(listed[0]!.PinnedTimestamp!.getTime()).toBeGreaterThan(listed[1]!.PinnedTimestamp!.getTime())
      const input = { ChannelArn, MaxResults: 2, ChimeBearer: user('root') }
      const page = await carillon.call('ListPinnedMessages', input)
      const next = await carillon.call('ListPinnedMessages', { ...input, NextToken: page.NextToken! })
      expect([...page.PinnedMessages!, ...next.PinnedMessages!]).toEqual(listed)
      for (const name of ['ben', 'out']) {
        expect(await refusal(pin(one, name))).toMatchObject(denied)
        expect(await refusal(unpin(one, name))).toMatchObject(denied)
      }
      expect(await refusal(list('out'))).toMatchObject(denied)
      await unpin(one)
      await unpin(one)
      expect(await contents()).toEqual(['three', 'two'])
    })

    test('are only messages that all members see, and end when the message is redacted or deleted', async () => {
      const { messaging } = world()
      const { user, ChannelArn, send, pin, contents } = await makeChannel(world())
      const targeted = await send('psst', { Target: [{ MemberArn: user('ann') }] })
      expect(await refusal(pin(targeted))).toMatchObject({ ...wrong, message: 'A targeted message cannot be pinned' })
      expect(await refusal(pin(targeted, 'root'))).toMatchObject(missing)
      const [one, two, three] = [await send('one'), await send('two'), await send('three')]
      for (const id of [one, two, three]) await pin(id)
      await messaging.redactChannelMessage({ ChannelArn, MessageId: one, ChimeBearer: user('ben') })
      await messaging.deleteChannelMessage({ ChannelArn, MessageId: two, ChimeBearer: user('root') })
      expect(await contents()).toEqual(['three'])
      expect(await refusal(pin(one))).toMatchObject({ name: 'ConflictException' })
      expect(await refusal(pin(two))).toMatchObject(missing)
    })

    test('are limited in number, do not count once retention hides them, and leave no rows behind', async () => {
      const { identity, messaging, now, advance } = world()
      await purged(world())
      const before = await rowsIn(world(), 'pins')
      const { arn, user, ChannelArn, send, pin, contents } = await makeChannel(world())
      const ids = await Promise.all(Array.from({ length: 4 }, async () => send('hello')))
      await Promise.all(ids.slice(1).map(async id => pin(id)))
      const refused = {
        name: 'ResourceLimitExceededException',
        reason: 'At most 3 pinned messages of a channel or sub-channel are allowed.',
      }
      expect(await refusal(pin(ids[0]!))).toMatchObject(refused)
      await pin(ids[1]!)
      await identity.putAppInstanceRetentionSettings({
        AppInstanceArn: arn,
        AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 1 } },
      })
      const start = now()
      advance(days(2))
      expect(await contents()).toEqual([])
      await pin(await send('new'))
      expect(await contents()).toEqual(['new'])
      advance(days(40))
      await runJob(world(), 'retention')
      expect(await rowsIn(world(), 'pins')).toBe(before)
      await pin(await send('newest'))
      advance(start - now())
      await messaging.deleteChannel({ ChannelArn, ChimeBearer: user('ann') })
      await purged(world())
      expect(await rowsIn(world(), 'pins')).toBe(before)
    })

    test('belong to a sub-channel of an elastic channel', async () => {
      const { carillon } = world()
      const { user, owner, ChannelArn, join } = await openElastic(world(), { maximum: 2, target: 2, percentage: 1 }, ['ann', 'cid', 'ben'])
      const [SubChannelId, , second] = [await join('ann'), await join('cid'), await join('ben')]
      const MessageId = await say(world(), user('ann'), ChannelArn, 'hello', { SubChannelId })
      const pinned = await carillon.call('PinMessage', { ChannelArn, SubChannelId, MessageId, ChimeBearer: owner })
      expect(pinned).toMatchObject({ ChannelArn, SubChannelId, MessageId })
      const list = async (id: string, ChimeBearer: string) =>
        (await carillon.call('ListPinnedMessages', { ChannelArn, SubChannelId: id, ChimeBearer })).PinnedMessages!.length
      expect([await list(SubChannelId, user('ann')), await list(second, user('ben')), await list(second, owner)]).toEqual([1, 0, 0])
      expect(await refusal(list(SubChannelId, user('ben')))).toMatchObject(denied)
    })

    test('cause events for the sessions that ask for "pin"; a call that changes nothing causes none', async () => {
      const { app } = world()
      const { user, ChannelArn, send, pin, unpin } = await makeChannel(world())
      const [asking, plain] = [await listen(app, user('ben'), { query: { 'carillon-events': 'pin' } }), await listen(app, user('ben'))]
      const MessageId = await send('one')
      await pin(MessageId)
      await pin(MessageId, 'root')
      await unpin(MessageId)
      await unpin(MessageId)
      await send('last')
      const by = { Arn: user('ann'), Name: 'ann' }
      expect((await asking.until(isLast)).slice(1).map(({ type, payload }) => ({ type, payload }))).toEqual([
        { type: 'PIN_CHANNEL_MESSAGE', payload: { ChannelArn, MessageId, PinnedBy: by, PinnedTimestamp: expect.any(String) as string } },
        { type: 'UNPIN_CHANNEL_MESSAGE', payload: { ChannelArn, MessageId, UnpinnedBy: by } },
      ])
      expect((await plain.until(isLast)).map(({ type }) => type)).toEqual(['CREATE_CHANNEL_MESSAGE'])
    })
  },
  { pinsPerChannel: '3' },
)
