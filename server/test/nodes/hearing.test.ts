import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listen } from '../support/sockets.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { network } from '../support/network.ts'
import { freePort } from '../support/ports.ts'
import { temporaryFolder } from '../support/process.ts'
import { contentsOf, figure, makeChannel, startNodes, until } from './two-nodes.ts'

test.skipIf(!hasNats)('members on one node hear the events of another, in order and once', async () => {
  const { url } = await startNats()
  const nodes = await startNodes([url, url])
  const { user, ChannelArn, ChimeBearer, heard, say } = await makeChannel(nodes)
  await until(() => heard.events.length > 1)
  expect(heard.events.at(-1)).toMatchObject({ type: 'CREATE_CHANNEL_MEMBERSHIP', payload: { ChannelArn } })
  // Both nodes send at once, so that each has to order its own events with those of the other.
  const contents = Array.from({ length: 60 }, (_, index) => `${index}`)
  await Promise.all(contents.map(content => say(content, nodes[Number(content) % 2])))
  await until(() => contentsOf(heard).length >= contents.length)
  const { ChannelMessages = [] } = await nodes[0]!.messaging.listChannelMessages({
    ChannelArn,
    ChimeBearer,
    SortOrder: 'ASCENDING',
    MaxResults: 50,
  })
  expect(contentsOf(heard).slice(0, 50)).toEqual(ChannelMessages.map(({ Content }) => Content))
  expect(contentsOf(heard)).toHaveLength(contents.length)
  expect(new Set(contentsOf(heard))).toEqual(new Set(contents))

  await nodes[1]!.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: user('carol'), Type: 'DEFAULT' })
  await nodes[0]!.messaging.deleteChannelMembership({ ChannelArn, ChimeBearer, MemberArn: user('bob') })
  await until(() => heard.events.at(-1)?.type === 'DELETE_CHANNEL_MEMBERSHIP')
  await say('after')
  await say('and after')
  expect(contentsOf(heard)).not.toContain('after')
  expect(await figure(nodes[1]!, 'carillon_bus_lost_total')).toBe(0)
})

test.skipIf(!hasNats)('while NATS is unavailable, and when it is back, no stored event is missing on open sockets', async () => {
  const nats = await startNats()
  const nodes = await startNodes([nats.url, nats.url])
  const { user, ChannelArn, ChimeBearer, heard, say } = await makeChannel(nodes)
  const carol = await listen(nodes[1]!.app, user('carol'))
  await say('before')
  await until(() => contentsOf(heard).length === 1)
  await nats.stop()
  await until(async () => (await figure(nodes[1]!, 'carillon_bus_connected')) === 0)
  const { MessageId } = await say('one')
  await say('two', nodes[1])
  await nodes[0]!.messaging.updateChannelMessage({ ChannelArn, ChimeBearer, MessageId, Content: 'one, edited' })
  await nodes[0]!.messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: user('carol'), Type: 'DEFAULT' })
  await say('three')
  // Without NATS, from the database.
  await until(() => contentsOf(heard).includes('three'))
  await until(() => contentsOf(carol).includes('three'))
  await say('four')
  await nats.start()
  await until(() => contentsOf(heard).includes('four'))
  await until(
    async () => (await figure(nodes[0]!, 'carillon_bus_connected')) === 1 && (await figure(nodes[1]!, 'carillon_bus_connected')) === 1,
  )
  await say('five')
  await until(() => contentsOf(heard).includes('five') && contentsOf(carol).includes('five'))
  expect(contentsOf(heard)).toEqual(['before', expect.stringContaining('one'), 'two', 'three', 'four', 'five'])
  expect(heard.events.filter(({ type }) => type === 'UPDATE_CHANNEL_MESSAGE').map(({ payload }) => payload!['Content'])).toEqual([
    'one, edited',
  ])
  expect(contentsOf(carol)).toEqual(['three', 'four', 'five'])
  expect(carol.events[1]).toMatchObject({ type: 'CREATE_CHANNEL_MEMBERSHIP', payload: { Member: { Arn: user('carol') } } })
  expect(await figure(nodes[1]!, 'carillon_bus_recovered_total')).toBeGreaterThan(2)
})

test.skipIf(!hasNats)(
  'a client that connects to a node that has lost NATS gets all changes, although another client there got the details before them',
  async () => {
    const nats = await startNats()
    const between = await network(nats.port)
    const nodes = await startNodes([nats.url, `nats://127.0.0.1:${between.port}`])
    const { user, ChannelArn, ChimeBearer, heard, say } = await makeChannel(nodes)
    await until(() => heard.events.length > 1)
    const { MessageId } = await say('one')
    const detailsOf = async (name: string) => {
      const session = await listen(nodes[1]!.app, user(name), { query: { 'prefetch-on': 'connect' } })
      await until(() => session.events.some(({ type }) => type === 'CHANNEL_DETAILS'))
      return session.events.find(({ type }) => type === 'CHANNEL_DETAILS')!.payload
    }
    const shown = (content: string, name: string) => ({ Content: content, Sender: { Arn: user('alice'), Name: name } })
    await until(() => contentsOf(heard).includes('one'))
    expect(await detailsOf('bob')).toMatchObject({ ChannelMessages: [shown('one', 'alice')] })
    between.freeze()
    await nodes[0]!.messaging.updateChannelMessage({ ChannelArn, ChimeBearer, MessageId, Content: 'one, edited' })
    expect(await detailsOf('alice')).toMatchObject({ ChannelMessages: [shown('one, edited', 'alice')] })
    await nodes[0]!.identity.updateAppInstanceUser({ AppInstanceUserArn: user('alice'), Name: 'Alice', Metadata: '' })
    expect(await detailsOf('bob')).toMatchObject({ ChannelMessages: [shown('one, edited', 'Alice')] })
  },
)

test.skipIf(!hasNats)('a node subscribes to the channels and users of its own sockets, and to no others', async () => {
  const monitor = await freePort()
  const { url } = await startNats(['-m', String(monitor)])
  const nodes = await startNodes([url, url])
  const { arn: AppInstanceArn, ChimeBearer, heard } = await makeChannel(nodes)
  await nodes[0]!.messaging.createChannel({ AppInstanceArn, Name: 'without bob', ChimeBearer })
  await until(() => heard.events.length > 1)
  const answer = await fetch(`http://127.0.0.1:${monitor}/connz?subs=1`)
  const { connections } = (await answer.json()) as { connections: { subscriptions_list: string[] }[] }
  const subjects = connections.map(each =>
    each.subscriptions_list.map(subject => subject.replace(/^carillon\.[^.]+\.\d+\.|\.\d+$/g, '')).toSorted(),
  )
  const always = ['all', 'presence', 'roll-call']
  expect(subjects.toSorted((a, b) => a.length - b.length)).toEqual([always, [...always, 'channel', 'user'].toSorted()])
})

test.skipIf(!hasNats)('an event that is too large for NATS is read from the database at once', async () => {
  const config = join(await temporaryFolder(), 'nats.conf')
  await writeFile(config, 'max_payload: 2000\n')
  const { url } = await startNats(['-c', config])
  const nodes = await startNodes([url, url])
  const { heard, say } = await makeChannel(nodes)
  await until(() => heard.events.length > 1)
  await say('x'.repeat(3000))
  // The nodes compare with the database after 20 seconds.
  await until(() => contentsOf(heard).length === 1, 10_000)
  expect(await figure(nodes[1]!, 'carillon_bus_recovered_total')).toBe(1)
})
