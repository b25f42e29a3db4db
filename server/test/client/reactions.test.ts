import { array, assert, asyncProperty, constantFrom, record, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import { days, open, pages, purged, rowsIn, runJob, say } from '../api/acts.ts'
import { openElastic, wrong } from '../api/elastic-acts.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { onBothDatabases, refusal, type World } from '../support/world.ts'

/** A channel of ann, who moderates it, ben and cid, and of the HIDDEN hal. */
async function makeChannel(world: World) {
  const { messaging, carillon } = world
  const { arn, user } = await world.appInstance(['ann', 'ben', 'cid', 'hal', 'out'], { admins: ['root'] })
  const ChannelArn = await open(world, user('ann'), { MemberArns: [user('ben'), user('cid')] })
  await messaging.createChannelMembership({ ChannelArn, MemberArn: user('hal'), Type: 'HIDDEN', ChimeBearer: user('ann') })
  const put = async (name: string, MessageId: string, ...Reactions: string[]) =>
    carillon.call('PutMessageReactions', { ChannelArn, MessageId, Reactions, ChimeBearer: user(name) })
  const get = async (name: string, ...MessageIds: string[]) => {
    const { MessageReactions } = await carillon.call('BatchGetMessageReactions', { ChannelArn, MessageIds, ChimeBearer: user(name) })
    return MessageReactions!
  }
  const membersOf = async (name: string, MessageId: string, Reaction: string, MaxResults = 50) => {
    const input = { ChannelArn, MessageId, Reaction, MaxResults, ChimeBearer: user(name) }
    const found = await pages(async NextToken => carillon.call('ListMessageReactionMembers', { ...input, NextToken }))
    return found.flatMap(({ Members }) => Members!.map(({ Name }) => Name))
  }
  return { arn, user, ChannelArn, put, get, membersOf }
}

/** That many different reactions. */
const some = (from: number, count = 10) => Array.from({ length: count }, (_, index) => `r${from + index}`)

const counted = (Reaction: string, Count: number, Me: boolean) => ({ Reaction, Count, Me })
const tables = ['reactions', 'reaction_counts', 'unwanted_reactions']

onBothDatabases('Reactions', world => {
  test('of a user are replaced as a whole, and are counted in the order in which each was first used', async () => {
    const { user, ChannelArn, put, get, membersOf } = await makeChannel(world())
    const [id, other] = [await say(world(), user('ann'), ChannelArn), await say(world(), user('ann'), ChannelArn)]
    expect(await put('ben', id, '👍', '🎉', '👍')).toMatchObject({
      ChannelArn,
      MessageId: id,
      Reactions: [counted('🎉', 1, true), counted('👍', 1, true)],
    })
    await put('cid', id, '👩‍👩‍👧‍👦', '🎉')
    expect((await put('ben', id, '🎉', ':ship it:')).Reactions).toEqual([
      counted('🎉', 2, true),
      counted('👩‍👩‍👧‍👦', 1, false),
      counted(':ship it:', 1, true),
    ])
    const ofId = [counted('🎉', 2, true), counted('👩‍👩‍👧‍👦', 1, true), counted(':ship it:', 1, false)]
    expect(await get('cid', other, id, 'none', 'f'.repeat(64), id)).toEqual([
      { MessageId: other, Reactions: [] },
      { MessageId: id, Reactions: ofId },
    ])
    await put('ann', id, '🎉')
    expect(await membersOf('hal', id, '🎉', 2)).toEqual(['ben', 'cid', 'ann'])
    expect(await membersOf('hal', id, '👍')).toEqual([])
    expect((await put('ben', id)).Reactions).toEqual([counted('🎉', 2, false), counted('👩‍👩‍👧‍👦', 1, false)])
    expect(await membersOf('ann', id, '🎉')).toEqual(['cid', 'ann'])
  })

  test('cause no request where the MessageId is missing: the client throws instead of sending a path without it', async () => {
    const { user, ChannelArn } = await makeChannel(world())
    for (const MessageId of [undefined as unknown as string, '']) {
      const input = { ChannelArn, MessageId, Reactions: ['👍'], ChimeBearer: user('ann') }
      await expect(world().carillon.call('PutMessageReactions', input)).rejects.toThrow(new TypeError('MessageId is required.'))
    }
  })

  test('cause no request where the MessageId is . or .., which would lead to the path of something else', async () => {
    const { user, ChannelArn } = await makeChannel(world())
    for (const MessageId of ['.', '..']) {
      const input = { ChannelArn, MessageId, Reactions: ['👍'], ChimeBearer: user('ann') }
      await expect(world().carillon.call('PutMessageReactions', input)).rejects.toThrow(
        new TypeError(`MessageId cannot be '${MessageId}'.`),
      )
    }
  })

  test('are put by an operation whose name has a capital letter: the client says that it has no other', async () => {
    const call = world().carillon.call('putMessageReactions' as 'PutMessageReactions', {} as never)
    await expect(call).rejects.toThrow(new TypeError("Carillon has no operation putMessageReactions. Amazon's are called by the AWS SDKs."))
  })

  test('come from DEFAULT members, and are shown to all who read the channel', async () => {
    const { messaging } = world()
    const { user, ChannelArn, put, get, membersOf } = await makeChannel(world())
    const id = await say(world(), user('ann'), ChannelArn)
    await put('ben', id, '👍')
    for (const name of ['hal', 'root', 'out']) {
      expect(await refusal(put(name, id, '👍'))).toMatchObject({ name: 'ForbiddenException' })
    }
    for (const name of ['ann', 'cid', 'hal', 'root']) expect((await get(name, id))[0]!.Reactions).toEqual([counted('👍', 1, false)])
    for (const name of ['ann', 'hal', 'root']) expect(await membersOf(name, id, '👍')).toEqual(['ben'])
    await messaging.createChannelBan({ ChannelArn, MemberArn: user('ben'), ChimeBearer: user('ann') })
    for (const name of ['ben', 'out']) {
      expect(await refusal(get(name, id))).toMatchObject({ name: 'ForbiddenException' })
      expect(await refusal(membersOf(name, id, '👍'))).toMatchObject({ name: 'ForbiddenException' })
    }
    expect(await refusal(put('ben', id))).toMatchObject({ name: 'ForbiddenException' })
    // Reactions stay when their user leaves, as messages do.
    expect(await membersOf('ann', id, '👍')).toEqual(['ben'])
  })

  test('to a targeted message can be seen and made by its sender and its target only', async () => {
    const { user, ChannelArn, put, get, membersOf } = await makeChannel(world())
    const id = await say(world(), user('ann'), ChannelArn, 'psst', { Target: [{ MemberArn: user('ben') }] })
    await put('ben', id, '👍')
    expect(await get('ann', id)).toEqual([{ MessageId: id, Reactions: [counted('👍', 1, false)] }])
    expect([await get('cid', id), await get('root', id)]).toEqual([[], []])
    expect(await refusal(put('cid', id, '👍'))).toMatchObject({ name: 'NotFoundException' })
    expect(await refusal(membersOf('root', id, '👍'))).toMatchObject({ name: 'NotFoundException' })
  })

  test('belong to a message of a sub-channel, where only its members react', async () => {
    const { carillon } = world()
    const { user, owner, ChannelArn, join } = await openElastic(world(), { maximum: 2, target: 2, percentage: 1 }, ['ann', 'cid', 'ben'])
    const [SubChannelId, , second] = [await join('ann'), await join('cid'), await join('ben')]
    const MessageId = await say(world(), user('ann'), ChannelArn, 'hello', { SubChannelId })
    const input = { ChannelArn, MessageId, Reactions: ['👍'], ChimeBearer: user('ann') }
    const Reactions = [counted('👍', 1, true)]
    expect(await carillon.call('PutMessageReactions', { ...input, SubChannelId })).toMatchObject({ SubChannelId, Reactions })
    expect(await refusal(carillon.call('PutMessageReactions', input))).toMatchObject(wrong)
    const asBen = { ...input, ChimeBearer: user('ben') }
    expect(await refusal(carillon.call('PutMessageReactions', { ...asBen, SubChannelId }))).toMatchObject({ name: 'ForbiddenException' })
    expect(await refusal(carillon.call('PutMessageReactions', { ...asBen, SubChannelId: second }))).toMatchObject({
      name: 'NotFoundException',
    })
    const get = async (id: string) =>
      carillon.call('BatchGetMessageReactions', { ChannelArn, SubChannelId: id, MessageIds: [MessageId], ChimeBearer: owner })
    expect((await get(SubChannelId)).MessageReactions).toMatchObject([{ Reactions: [{ Count: 1 }] }])
    expect((await get(second)).MessageReactions).toEqual([])
  })

  test('have limits: 32 visible characters each, 10 of a user and 50 different ones to a message', async () => {
    const { user, ChannelArn, put, get } = await makeChannel(world())
    const id = await say(world(), user('ann'), ChannelArn)
    for (const name of ['ann', 'ben', 'cid']) {
      expect(await refusal(put(name, id, ''))).toMatchObject(wrong)
      expect(await refusal(put(name, id, '👍'.repeat(33)))).toMatchObject(wrong)
      expect(await refusal(put(name, id, ...some(0, 11)))).toMatchObject(wrong)
    }
    // Half of a pair cannot be asked for in a URL, and nobody sees a control character.
    for (const odd of ['\uD83D', '👍\uDC4D', '\u0000', 'a\u0007']) expect(await refusal(put('ann', id, odd))).toMatchObject(wrong)
    expect((await put('ann', id, '👩🏽\u200D🚀', '❤\uFE0F', 'party:parrot')).Reactions).toHaveLength(3)
    expect((await put('ann', id, '👍'.repeat(32))).Reactions).toHaveLength(1)
    expect(await refusal(get('ann', ...some(0, 51)))).toMatchObject(wrong)
    const { messaging } = world()
    for (const [index, name] of ['ann', 'ben', 'cid', 'root', 'out'].entries()) {
      const MemberArn = user(name)
      await messaging.createChannelMembership({ ChannelArn, MemberArn, Type: 'DEFAULT', ChimeBearer: user('ann') })
      await put(name, id, ...some(10 * index))
    }
    const hal = { ChannelArn, MemberArn: user('hal'), ChimeBearer: user('ann') }
    await messaging.deleteChannelMembership(hal)
    await messaging.createChannelMembership({ ...hal, Type: 'DEFAULT' })
    expect(await refusal(put('hal', id, 'r0', 'another'))).toMatchObject({
      name: 'ResourceLimitExceededException',
      reason: 'At most 50 different reactions to a message are allowed.',
    })
    expect((await get('hal', id))[0]!.Reactions).toHaveLength(50)
    expect((await put('hal', id, 'r0')).Reactions![0]).toEqual(counted('r0', 2, true))
  })

  test('are removed with the content of a redacted message, and with a deleted message', async () => {
    const { messaging } = world()
    const { user, ChannelArn, put, get, membersOf } = await makeChannel(world())
    const [redacted, deleted, kept] = [
      await say(world(), user('ann'), ChannelArn),
      await say(world(), user('ann'), ChannelArn),
      await say(world(), user('ann'), ChannelArn),
    ]
    const before = await rowsIn(world(), 'reactions')
    for (const id of [redacted, deleted, kept]) await put('ben', id, '👍', '🎉')
    await messaging.redactChannelMessage({ ChannelArn, MessageId: redacted, ChimeBearer: user('ann') })
    await messaging.deleteChannelMessage({ ChannelArn, MessageId: deleted, ChimeBearer: user('root') })
    const shown = [
      { MessageId: redacted, Reactions: [] },
      { MessageId: kept, Reactions: [counted('🎉', 1, true), counted('👍', 1, true)] },
    ]
    expect(await get('ben', redacted, deleted, kept)).toEqual(shown)
    expect(await membersOf('ben', redacted, '👍')).toEqual([])
    expect(await refusal(put('ben', redacted, '👍'))).toMatchObject({ name: 'ConflictException' })
    expect(await refusal(put('ben', deleted, '👍'))).toMatchObject({ name: 'NotFoundException' })
    await purged(world())
    expect(await rowsIn(world(), 'reactions')).toBe(before + 2)
    expect(await rowsIn(world(), 'unwanted_reactions')).toBe(0)
  })

  test('are hidden with the messages that retention hides, and deleted with them', async () => {
    const { identity, now, advance } = world()
    const { arn, user, ChannelArn, put, get } = await makeChannel(world())
    const id = await say(world(), user('ann'), ChannelArn)
    const rows = await rowsIn(world(), 'reactions')
    await put('ben', id, '👍')
    await identity.putAppInstanceRetentionSettings({
      AppInstanceArn: arn,
      AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 1 } },
    })
    const start = now()
    advance(days(2))
    expect(await get('ben', id)).toEqual([])
    expect(await refusal(put('ben', id, '👍'))).toMatchObject({ name: 'NotFoundException' })
    advance(days(40))
    await runJob(world(), 'retention')
    expect(await rowsIn(world(), 'reactions')).toBe(rows)
    advance(start - now())
  })

  test('leave nothing behind in a channel that is deleted', async () => {
    const { messaging } = world()
    const { user, ChannelArn, put } = await makeChannel(world())
    await purged(world())
    const count = async () => Promise.all(tables.map(async table => rowsIn(world(), table)))
    const before = await count()
    const [id, redacted] = [await say(world(), user('ann'), ChannelArn), await say(world(), user('ann'), ChannelArn)]
    for (const each of [id, redacted]) await put('ben', each, '👍')
    await messaging.redactChannelMessage({ ChannelArn, MessageId: redacted, ChimeBearer: user('ann') })
    await messaging.deleteChannel({ ChannelArn, ChimeBearer: user('ann') })
    await purged(world())
    expect(await count()).toEqual(before)
  })

  test('are refused until a channel flow has released the message', async () => {
    const { messaging } = world()
    const { arn, user, ChannelArn, put, get } = await makeChannel(world())
    const LambdaArn = 'arn:aws:lambda:us-east-1:123456789012:function:none'
    const { ChannelFlowArn } = await messaging.createChannelFlow({
      AppInstanceArn: arn,
      Name: 'flow',
      Processors: [
        {
          Name: 'p',
          ExecutionOrder: 1,
          FallbackAction: 'ABORT',
          Configuration: { Lambda: { ResourceArn: LambdaArn, InvocationType: 'ASYNC' } },
        },
      ],
    })
    await messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: user('ann') })
    const id = await say(world(), user('ben'), ChannelArn)
    expect(await refusal(put('ben', id, '👍'))).toMatchObject({ name: 'ConflictException' })
    expect(await refusal(put('ann', id, '👍'))).toMatchObject({ name: 'NotFoundException' })
    expect(await get('ben', id)).toEqual([])
  })

  test('are counted right when several users replace them at the same time', async () => {
    const { user, ChannelArn, put, get, membersOf } = await makeChannel(world())
    const names = ['ann', 'ben', 'cid']
    const sets = uniqueArray(constantFrom<string[]>('👍', '🎉', '👀'), { maxLength: 3 })
    const wave = record({ ann: sets, ben: sets, cid: sets })
    await assert(
      asyncProperty(array(wave, { minLength: 1, maxLength: 4 }), async waves => {
        const id = await say(world(), user('ann'), ChannelArn)
        for (const each of waves) await Promise.all(Object.entries(each).map(async ([name, set]) => put(name, id, ...set)))
        const last = Object.entries(waves.at(-1)!)
        const expected = ['👍', '🎉', '👀'].flatMap(reaction => {
          const who = last.filter(([, set]) => set.includes(reaction)).map(([name]) => name)
          return who.length > 0 ? [{ reaction, who }] : []
        })
        for (const name of names) {
          const [{ Reactions } = {}] = await get(name, id)
          expect(Reactions!.toSorted((a, b) => (a.Reaction! < b.Reaction! ? -1 : 1))).toEqual(
            expected
              .map(({ reaction, who }) => counted(reaction, who.length, who.includes(name)))
              .toSorted((a, b) => (a.Reaction < b.Reaction ? -1 : 1)),
          )
        }
        for (const { reaction, who } of expected) expect(new Set(await membersOf('ann', id, reaction))).toEqual(new Set(who))
      }),
      { numRuns: 8 },
    )
  })
})

const changes = ({ events }: Listening) => events.filter(({ type }) => type === 'UPDATE_CHANNEL_MESSAGE_REACTIONS')

/** The reaction events that a session has heard before the message that comes last. */
const untilLast = async (session: Listening) =>
  (await session.until(({ payload }) => payload?.['Content'] === 'last')).filter(({ type }) => type.includes('REACTION'))

onBothDatabases('A session that asks for the events "reaction"', world => {
  test('hears whose reactions have changed, and all counts; other sessions hear nothing, and a call that changes nothing causes no event', async () => {
    const { app } = world()
    const { user, ChannelArn, put } = await makeChannel(world())
    const asking = { query: { 'carillon-events': 'reaction' } }
    const [ann, hal, plain] = [
      await listen(app, user('ann'), asking),
      await listen(app, user('hal'), asking),
      await listen(app, user('ann'), { query: { 'carillon-events': 'read' } }),
    ]
    const id = await say(world(), user('ann'), ChannelArn)
    const secret = await say(world(), user('ann'), ChannelArn, 'psst', { Target: [{ MemberArn: user('ben') }] })
    await put('cid', id, '🎉')
    await put('ben', id, '👍', '🎉')
    await put('ben', id, '🎉', '👍')
    await put('ben', secret, '👍')
    await put('cid', id)
    await say(world(), user('ann'), ChannelArn, 'last')
    const heard = (Member: string, MemberReactions: string[], Reactions: object[], MessageId = id) => ({
      type: 'UPDATE_CHANNEL_MESSAGE_REACTIONS',
      headers: { 'x-amz-chime-event-type': 'UPDATE_CHANNEL_MESSAGE_REACTIONS', 'x-amz-chime-message-type': 'SYSTEM' },
      payload: { ChannelArn, MessageId, Member: { Arn: user(Member), Name: Member }, MemberReactions, Reactions },
    })
    const [party, thumb] = ['🎉', '👍']
    const all = [
      heard('cid', [party], [{ Reaction: party, Count: 1 }]),
      heard(
        'ben',
        [thumb, party],
        [
          { Reaction: party, Count: 2 },
          { Reaction: thumb, Count: 1 },
        ],
      ),
      heard('ben', [thumb], [{ Reaction: thumb, Count: 1 }], secret),
      heard(
        'cid',
        [],
        [
          { Reaction: party, Count: 1 },
          { Reaction: thumb, Count: 1 },
        ],
      ),
    ]
    expect(await untilLast(ann)).toEqual(all)
    expect(await untilLast(hal)).toEqual(all.filter(({ payload }) => payload.MessageId === id))
    expect(await untilLast(plain)).toEqual([])
  })

  test('hears of the changes that it has missed when it reconnects', async () => {
    const { app } = world()
    const { user, ChannelArn, put } = await makeChannel(world())
    const sessionId = crypto.randomUUID()
    const connect = async () => listen(app, user('ann'), { sessionId, query: { 'carillon-events': 'reaction' } })
    const first = await connect()
    const id = await say(world(), user('ann'), ChannelArn)
    await put('ben', id, '👍')
    await expect.poll(() => changes(first)).toHaveLength(1)
    first.socket.terminate()
    await first.closed
    await put('cid', id, '👍')
    await put('ben', id)
    const back = await connect()
    const missed = () => changes(back).map(({ payload }) => (payload!['Reactions'] as { Count: number }[])[0]!.Count)
    await expect.poll(() => missed().slice(-2)).toEqual([2, 1])
  })
})
