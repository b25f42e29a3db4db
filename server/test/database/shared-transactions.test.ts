import { Client } from 'pg'
import { setTimeout } from 'node:timers/promises'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { SharedTransactions } from '../../src/database/shared-transactions.ts'
import { open, pages, say, sayAmongMany } from '../api/acts.ts'
import { startPostgres } from '../support/postgres.ts'
import { repeatedly } from '../support/repeatedly.ts'
import { listen } from '../support/sockets.ts'
import { createPostgresDatabase, refusal, startWorld, type World } from '../support/world.ts'

let url: string
let world: World
beforeAll(async () => {
  url = await createPostgresDatabase()
  world = await startWorld('postgres', { databaseUrl: url })
  return () => world.close()
})

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Alice, and channels of hers in which the others are members. */
async function scene({ channels, members = [] }: { channels: number; members?: readonly string[] }) {
  const { user } = await world.appInstance(['alice', ...members])
  const alice = user('alice')
  const arns = []
  for (const index of numbers(channels))
    arns.push(await open(world, alice, { Name: `${index}`, ...(members.length > 0 && { MemberArns: members.map(user) }) }))
  const stored = async (ChannelArn: string) => {
    const list = (NextToken: string | undefined) =>
      world.messaging.listChannelMessages({ ChannelArn, ChimeBearer: alice, SortOrder: 'ASCENDING', MaxResults: 50, NextToken })
    return (await pages(list)).flatMap(({ ChannelMessages }) => ChannelMessages!)
  }
  return { alice, user, arns, stored }
}

/** The number of transactions in which the messages of these channels were written. */
async function transactionsOf(arns: readonly string[]) {
  const names = arns.map(arn => `'${arn.slice(arn.lastIndexOf('/') + 1)}'`).join()
  const { count } = (await world.app.db.get(
    statement<{ count: number }>(`
      select count(distinct cast(m.xmin as text)) as count from messages m join channels c on c.id = m.channel_id
      where c.external_id in (${names})`),
  ))!
  return count
}

test('concurrent messages share transactions: each is stored once, and its events are in the order of a list', async () => {
  const { alice, arns, stored } = await scene({ channels: 4 })
  const listening = await listen(world.app, alice)
  const sent = await Promise.all(
    numbers(120).map(async index => ({ id: await sayAmongMany(world, alice, arns[index % 4]!, String(index)), content: String(index) })),
  )
  const heard = []
  while (heard.length < 120) heard.push((await listening.next()).payload!)
  for (const arn of arns) {
    const listed = (await stored(arn)).map(({ MessageId, Content }) => ({ id: MessageId, content: Content }))
    expect(heard.filter(payload => payload['ChannelArn'] === arn).map(payload => payload.MessageId)).toEqual(listed.map(({ id }) => id))
    expect(new Set(listed)).toEqual(new Set(sent.filter(({ content }) => arns[Number(content) % 4] === arn)))
  }
  expect(await transactionsOf(arns)).toBeLessThan(40)
})

test('two servers on one database number the messages of a channel one after the other', async () => {
  const { alice, arns, stored } = await scene({ channels: 3 })
  const second = await startWorld('postgres', { databaseUrl: url })
  onTestFinished(() => second.close())
  const sent = await Promise.all(
    numbers(240).map(async index => sayAmongMany(index % 2 === 0 ? world : second, alice, arns[index % 3]!, String(index))),
  )
  for (const [channel, arn] of arns.entries()) {
    const listed = (await stored(arn)).map(({ MessageId }) => MessageId!)
    expect(listed).toEqual(sent.filter((_, index) => index % 3 === channel).toSorted())
    const sequences = listed.map(id => Number.parseInt(id.slice(12, 24), 16))
    expect(sequences).toEqual(sequences.map((_, index) => sequences[0]! + index))
  }
})

test('LastMessageTimestamp is that of the last message of those that shared a transaction', async () => {
  const { alice, arns, stored } = await scene({ channels: 3 })
  await Promise.all(numbers(30).map(async index => say(world, alice, arns[index % 3]!)))
  for (const ChannelArn of arns) {
    const { Channel } = await world.messaging.describeChannel({ ChannelArn, ChimeBearer: alice })
    expect(Channel!.LastMessageTimestamp).toEqual((await stored(ChannelArn)).at(-1)!.CreatedTimestamp)
  }
})

test('in a shared transaction a repeated token gets the first answer, or a conflict, and the other messages are stored', async () => {
  const { alice, arns, stored } = await scene({ channels: 2 })
  const [arn, other] = arns as [string, string]
  const earlier = await say(world, alice, arn, 'earlier', { ClientRequestToken: 'earlier' })
  const others = numbers(20).map(async index => say(world, alice, other, String(index)))
  const twins = numbers(5).map(async () => say(world, alice, arn, 'twin', { ClientRequestToken: 'twin' }))
  const rivals = ['one', 'two'].map(async content => say(world, alice, arn, content, { ClientRequestToken: 'rival' }))
  const settled = Promise.allSettled(rivals)
  const again = say(world, alice, arn, 'earlier', { ClientRequestToken: 'earlier' })
  const changed = refusal(say(world, alice, arn, 'changed', { ClientRequestToken: 'earlier' }))

  expect(await again).toBe(earlier)
  expect(await changed).toMatchObject({ name: 'ConflictException', status: 409 })
  const [twin, ...same] = await Promise.all(twins)
  expect(same).toEqual([twin, twin, twin, twin])
  const outcomes = await settled
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(await refusal(rivals[outcomes.findIndex(({ status }) => status === 'rejected')]!)).toMatchObject({ name: 'ConflictException' })
  const winner = outcomes[0]!.status === 'fulfilled' ? 'one' : 'two'
  expect((await stored(arn)).map(({ Content = '' }) => Content).toSorted()).toEqual(['earlier', 'twin', winner].toSorted())
  const ids = await Promise.all(others)
  expect(new Set((await stored(other)).map(({ MessageId }) => MessageId))).toEqual(new Set(ids))
  expect(ids).toHaveLength(20)
})

test('a channel that is deleted while messages arrive refuses the later ones, and those of other channels are stored', async () => {
  const { alice, arns, stored } = await scene({ channels: 2 })
  const [doomed, other] = arns as [string, string]
  const listening = await listen(world.app, alice)
  const kept: string[] = []
  const refusals = new Set<string>()
  const calls = numbers(60).map(async index => {
    await setTimeout(index)
    const isSent = await say(world, alice, index % 2 === 0 ? doomed : other, String(index)).catch(
      (error: unknown) => void refusals.add(String(error)),
    )
    if (isSent) kept.push(String(index))
  })
  await setTimeout(15)
  await world.messaging.deleteChannel({ ChannelArn: doomed, ChimeBearer: alice })
  expect(await refusal(say(world, alice, doomed))).toMatchObject({ name: 'ForbiddenException', status: 403 })
  await Promise.all(calls)
  expect([...refusals].filter(refusal => !refusal.startsWith('ForbiddenException'))).toEqual([])
  expect((await stored(other)).map(({ Content }) => Number(Content)).toSorted((a, b) => a - b)).toEqual(
    numbers(60).filter(index => index % 2 === 1),
  )
  const heard: string[] = []
  let deletions = 0
  while (heard.length + deletions < kept.length + 1) {
    const { type, payload } = await listening.next()
    if (type === 'DELETE_CHANNEL') deletions++
    else heard.push(String(payload?.Content))
  }
  expect(heard.toSorted()).toEqual(kept.toSorted())
})

test('a member that is removed while messages arrive can send none after the answer, and acknowledged ones are stored', async () => {
  const { alice, user, arns, stored } = await scene({ channels: 1, members: ['bob'] })
  const [ChannelArn] = arns as [string]
  const bob = user('bob')
  const acknowledged: string[] = []
  const stream = async () => {
    for (;;) acknowledged.push(await say(world, bob, ChannelArn))
  }
  const streams = Promise.allSettled(numbers(8).map(stream))
  while (acknowledged.length < 20) await setTimeout(1)
  await world.messaging.deleteChannelMembership({ ChannelArn, MemberArn: bob, ChimeBearer: alice })
  expect(await refusal(say(world, bob, ChannelArn))).toMatchObject({ name: 'ForbiddenException' })
  await streams
  expect((await stored(ChannelArn)).map(({ MessageId }) => MessageId)).toEqual(acknowledged.toSorted())
})

test('a locked channel delays its own messages only', async () => {
  const { alice, arns, stored } = await scene({ channels: 2 })
  const [locked, other] = arns as [string, string]
  const stranger = new Client({ connectionString: url })
  await stranger.connect()
  onTestFinished(() => stranger.end())
  await stranger.query('begin')
  await stranger.query('select 1 from channels where external_id = $1 for update', [locked.slice(locked.lastIndexOf('/') + 1)])

  const events: string[] = []
  const waiting = say(world, alice, locked, 'waiting').then(() => events.push('of the locked channel'))
  await Promise.all(numbers(20).map(async index => say(world, alice, other, String(index))))
  events.push('of the other one')
  await stranger.query('commit')
  await waiting
  expect(events).toEqual(['of the other one', 'of the locked channel'])
  expect(await stored(other)).toHaveLength(20)
  expect(await stored(locked)).toHaveLength(1)
})

test('while PostgreSQL restarts no acknowledged message is lost, and with its token each is stored once', async () => {
  const postgres = await startPostgres()
  onTestFinished(() => postgres.remove())
  const own = await startWorld('postgres', { databaseUrl: postgres.url })
  onTestFinished(() => own.close())
  const { user } = await own.appInstance(['alice'])
  const ChannelArn = await open(own, user('alice'))
  const acknowledged = new Map<string, string>()
  let refused = 0
  let next = 0
  const streams = repeatedly(async () => {
    const content = String(next++)
    while (!acknowledged.has(content)) {
      try {
        acknowledged.set(content, await say(own, user('alice'), ChannelArn, content, { ClientRequestToken: `token-${content}` }))
      } catch (error) {
        if ((error as Error).name !== 'ServiceUnavailableException') throw error
        refused++
        await setTimeout(20)
      }
    }
  }, 16)
  while (acknowledged.size < 100) await setTimeout(5)
  await postgres.stop()
  await postgres.start()
  const before = acknowledged.size
  while (acknowledged.size < before + 100) await setTimeout(5)
  await streams.stop()

  const list = (NextToken: string | undefined) =>
    own.messaging.listChannelMessages({ ChannelArn, ChimeBearer: user('alice'), MaxResults: 50, NextToken })
  const listed = (await pages(list)).flatMap(({ ChannelMessages }) => ChannelMessages!)
  expect(listed).toHaveLength(acknowledged.size)
  expect(new Map(listed.map(({ Content, MessageId }) => [Content, MessageId]))).toEqual(acknowledged)
  expect(refused).toBeGreaterThan(0)
})

const ends = async () => 'done'

test('work that fails repeatedly does not delay others for good: after three times it runs alone', async () => {
  const telling = { add: () => {}, keep: async () => {}, end: () => {} }
  const alone: string[] = []
  let comers = 0
  const failed = async () => {
    if (comers++ < 20) shared.run(failed).catch(() => {})
    throw new Error('this one always fails, and comes again')
  }
  const shared = new SharedTransactions({
    besides: { storesEvents: false, feedsSearch: false },
    once: async work => work(async () => expect.unreachable(), telling),
    alone: async work => {
      if (work !== ends) throw new Error('alone it fails too')
      alone.push('the work')
      return work(undefined as never)
    },
  })
  shared.run(failed).catch(() => {})
  expect(await shared.run(ends)).toBe('done')
  expect(alone).toEqual(['the work'])
})

test('on a locked channel no message shares a transaction until one of them has succeeded', async () => {
  const telling = { add: () => {}, keep: async () => {}, end: () => {} }
  const lock = Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' })
  const alone: { readonly place: string | undefined; readonly end: (result: string) => void }[] = []
  let isLocked = true
  let shared = 0
  const transactions = new SharedTransactions({
    besides: { storesEvents: false, feedsSearch: false },
    once: async work => {
      shared++
      if (isLocked) throw lock
      await work(async () => expect.unreachable(), telling)
    },
    alone: (_, place) => new Promise(end => alone.push({ place, end })),
  })
  const first = transactions.run(ends, 'channel 1')
  await expect.poll(() => alone.length).toBe(1)
  const second = transactions.run(ends, 'channel 1')
  await expect.poll(() => alone.length).toBe(2)
  isLocked = false
  expect(await transactions.run(ends, 'channel 2')).toBe('done')
  expect([shared, alone.map(({ place }) => place)]).toEqual([2, ['channel 1', 'channel 1']])
  for (const { end } of alone) end('alone')
  expect(await Promise.all([first, second])).toEqual(['alone', 'alone'])
  expect(await transactions.run(ends, 'channel 1')).toBe('done')
  expect([shared, alone.length]).toEqual([3, 2])
})
