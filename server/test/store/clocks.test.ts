import { expect, onTestFinished, test } from 'vitest'
import { channelsOf, open, say, sentAt } from '../api/acts.ts'
import { temporaryFolder } from '../support/process.ts'
import { createPostgresDatabase, databaseKinds, startWorld, type DatabaseKind, type World } from '../support/world.ts'

/** How far the clock of a node is from the true time. */
const startAhead = async (kind: DatabaseKind, settings: Record<string, string>, ahead: number) =>
  startWorld(kind, settings, { now: () => Date.now() + ahead })

/** The channel's row in the bearer's list. */
async function listed(node: World, bearer: string, channel: string) {
  const { ChannelSummary, AppInstanceUserMembershipSummary } = (await channelsOf(node, bearer)).get(channel)!
  const [last, read] = [ChannelSummary!.LastMessageTimestamp?.getTime(), AppInstanceUserMembershipSummary!.ReadMarkerTimestamp?.getTime()]
  return { last: last!, read: read! }
}

test('a message after a marker is newer than it and a message before is older, on two servers whose clocks are a second apart', async () => {
  const settings = { databaseUrl: await createPostgresDatabase() }
  const nodes = await Promise.all([1000, 0].map(async ahead => startAhead('postgres', settings, ahead)))
  onTestFinished(async () => {
    for (const node of nodes) await node.close()
  })
  const [ahead, behind] = nodes as [World, World]
  const { user } = await ahead.appInstance(['alice', 'bob'])
  const [alice, bob] = [user('alice'), user('bob')]
  for (const Target of [undefined, [{ MemberArn: bob }]]) {
    const ChannelArn = await open(behind, alice, { MemberArns: [bob] })
    const read = async ({ messaging }: World) => messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: bob })
    for (let round = 0; round < 20; round++) {
      const [reader, sender] = round % 3 === 0 ? [behind, ahead] : [ahead, behind]
      await read(reader)
      await say(sender, alice, ChannelArn, 'new', { ...(Target && { Target }) })
      const unread = await listed(round % 2 === 0 ? ahead : behind, bob, ChannelArn)
      expect(unread.last).toBeGreaterThan(unread.read)
      await read(sender)
      const seen = await listed(reader, bob, ChannelArn)
      expect(seen.read).toBeGreaterThan(seen.last)
      expect(seen.read).toBeGreaterThan(unread.read)
    }
  }
})

test('concurrent readers each see correctly what is unread, while many users send', async () => {
  const settings = { databaseUrl: await createPostgresDatabase() }
  const nodes = await Promise.all([1000, 0].map(async ahead => startAhead('postgres', settings, ahead)))
  onTestFinished(async () => {
    for (const node of nodes) await node.close()
  })
  const [one, two] = nodes as [World, World]
  const { user } = await one.appInstance(['alice', 'bob'])
  const [alice, bob] = [user('alice'), user('bob')]
  const ChannelArn = await open(one, alice, { MemberArns: [bob] })
  // Bob alone reads, so his own earlier messages are what he has read.
  for (let round = 0; round < 10; round++) {
    const others = Array.from({ length: 10 }, async (_, index) => say(index % 2 === 0 ? one : two, alice, ChannelArn))
    const own = await say(two, bob, ChannelArn)
    await one.messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: bob })
    const { read } = await listed(two, bob, ChannelArn)
    expect(read).toBeGreaterThan((await sentAt(one, bob, ChannelArn, own)).getTime())
    const next = await say(two, bob, ChannelArn)
    expect((await sentAt(one, bob, ChannelArn, next)).getTime()).toBeGreaterThan(read)
    await Promise.all(others)
  }
})

test.each(databaseKinds)('after a start with an earlier clock messages follow those before, and are unread, on %s', async kind => {
  const settings: Record<string, string> =
    kind === 'postgres' ? { databaseUrl: await createPostgresDatabase() } : { data: await temporaryFolder() }
  const before = await startAhead(kind, settings, 3_600_000)
  const { user } = await before.appInstance(['alice', 'bob'])
  const [alice, bob] = [user('alice'), user('bob')]
  const ChannelArn = await open(before, alice, { MemberArns: [bob] })
  const ids = [await say(before, alice, ChannelArn)]
  await before.messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: bob })
  await before.close()

  const after = await startAhead(kind, settings, 0)
  onTestFinished(() => after.close())
  for (let round = 0; round < 5; round++) {
    ids.push(await say(after, alice, ChannelArn))
    const unread = await listed(after, bob, ChannelArn)
    expect(unread.last).toBeGreaterThan(unread.read)
    await after.messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: bob })
    const seen = await listed(after, bob, ChannelArn)
    expect(seen.read).toBeGreaterThan(seen.last)
  }
  const times = await Promise.all(ids.map(async id => (await sentAt(after, alice, ChannelArn, id)).getTime()))
  expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b))
  const { ChannelMessages } = await after.messaging.listChannelMessages({ ChannelArn, ChimeBearer: alice, SortOrder: 'ASCENDING' })
  expect(ChannelMessages!.map(({ MessageId }) => MessageId)).toEqual(ids)
})
