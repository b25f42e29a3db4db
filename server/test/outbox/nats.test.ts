import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { expect, onTestFinished, test } from 'vitest'
import { destinationFindings, nothingConfigured } from '../../src/cli/destination-findings.ts'
import { readConfig } from '../../src/settings/config.ts'
import { natsSink } from '../../src/outbox/nats.ts'
import { deadAfter } from '../../src/store/outbox-dead.ts'
import { laneStates } from '../../src/store/outbox-lanes.ts'
import { open, say } from '../api/acts.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { network } from '../support/network.ts'
import { temporaryFolder } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { databaseKinds, refusal } from '../support/world.ts'
import { destinationsFile, streamArn, worldWith } from './mapped.ts'

const subject = 'carillon.records'

interface StreamRecord {
  readonly EventType: string
  readonly Payload: { readonly ChannelArn: string; readonly Content?: string }
}

/** A client of the NATS, which ends with the test. */
async function client(url: string): Promise<NatsConnection> {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
  onTestFinished(() => connection.close())
  return connection
}

const api = async (nats: NatsConnection, call: string, input: object) =>
  (await nats.request(`$JS.API.${call}`, JSON.stringify(input))).json<Record<string, unknown>>()

/** A NATS with JetStream, and a stream that stores the subject; the records that it has stored, in their order. */
async function jetStream(limits: object = {}) {
  const nats = await startNats(['-js', '-sd', await temporaryFolder()])
  const connection = await client(nats.url)
  const created = await api(connection, 'STREAM.CREATE.records', { name: 'records', subjects: [subject], storage: 'file', ...limits })
  expect(created['error']).toBeUndefined()
  const stored = async () => {
    const { state } = (await api(connection, 'STREAM.INFO.records', {})) as { state: { messages: number } }
    const numbers = Array.from({ length: state.messages }, (_, index) => index + 1)
    return Promise.all(
      numbers.map(async seq => {
        const { message } = (await api(connection, 'STREAM.MSG.GET.records', { seq })) as { message: { data: string } }
        return JSON.parse(Buffer.from(message.data, 'base64').toString()) as StreamRecord
      }),
    )
  }
  return { ...nats, stored }
}

const contentsOf = (records: readonly StreamRecord[], channel: string) =>
  records.flatMap(({ Payload: { ChannelArn, Content } }) => (ChannelArn === channel && Content !== undefined ? [Content] : []))

const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string

/** The configuration of a NATS whose user may publish to that subject alone. */
const authorization = (publish: string) =>
  `authorization { users: [ { user: carillon, password: secret-of-nats, permissions: { publish: ["${publish}"], subscribe: ["_INBOX.>"] } } ] }\n`

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index))

test.skipIf(!hasNats).each(databaseKinds)(
  'JetStream stores each record once, in the order of its channel, although NATS is killed meanwhile, on %s',
  async kind => {
    const nats = await jetStream()
    const { world, ann, stream } = await worldWith(kind, () => ({ [streamArn]: { type: 'nats', url: nats.url, subject } }))
    await stream()
    const channels = await Promise.all([1, 2, 3].map(async () => open(world, ann)))
    const send = async (some: readonly string[]) => {
      for (const content of some) await Promise.all(channels.map(async channel => say(world, ann, channel, content)))
    }
    await send(numbers(10))
    await nats.stop()
    await send(numbers(20).slice(10))
    await nats.start()
    await send(numbers(30).slice(20))
    // Each channel has three records more: of itself, of its member and of its moderator.
    await until(async () => (await nats.stored().catch(() => [])).length >= channels.length * 33)
    const records = await nats.stored()
    expect(records).toHaveLength(channels.length * 33)
    expect(records.find(({ Payload }) => Payload.ChannelArn === channels[0])).toMatchObject({ EventType: 'CREATE_CHANNEL' })
    for (const channel of channels) expect(contentsOf(records, channel)).toEqual(numbers(30))
  },
)

test.skipIf(!hasNats)(
  'without JetStream every subscriber receives the records in the order of their channel, through a cut and a silent connection',
  async () => {
    const nats = await startNats()
    const way = await network(nats.port)
    const url = `nats://127.0.0.1:${way.port}`
    const { world, ann, stream } = await worldWith('sqlite', () => ({ [streamArn]: { type: 'nats', url, subject, jetStream: false } }))
    await stream()
    const heard: StreamRecord[] = []
    const listener = await client(nats.url)
    listener.subscribe(subject, { callback: (_, message) => void heard.push(message.json<StreamRecord>()) })
    await listener.flush()
    const channel = await open(world, ann)
    const has = (content: string) => () => heard.some(({ Payload }) => Payload.Content === content)
    const fails = (error: string) => async () => (await laneStates(world.app.db)).some(state => state.error?.includes(error))
    await say(world, ann, channel, '0')
    await until(has('0'))
    way.cut()
    for (const content of ['1', '2', '3']) await say(world, ann, channel, content)
    await until(fails('cannot be reached'))
    way.mend()
    await until(has('3'))
    way.freeze()
    for (const content of ['4', '5']) await say(world, ann, channel, content)
    await until(fails('it has not answered in time'))
    way.thaw()
    await until(has('5'))
    expect([...new Set(contentsOf(heard, channel))]).toEqual(['0', '1', '2', '3', '4', '5'])
  },
)

test('a connection to a server that does not greet is closed', async () => {
  const sockets = new Set<Socket>()
  const server = createServer(socket => sockets.add(socket.on('close', () => sockets.delete(socket))))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const urls = [`nats://127.0.0.1:${(server.address() as AddressInfo).port}`]
  const sink = natsSink({ type: 'nats', urls, login: undefined, ca: undefined, cert: undefined, key: undefined, subject, isStored: false })
  const checked = sink.check(streamArn, new AbortController().signal).catch((error: unknown) => (error as Error).message)
  await until(() => sockets.size === 1)
  expect(await checked).toContain('cannot be reached: timeout')
  await until(() => sockets.size === 0)
})

test.skipIf(!hasNats)('a connection that was given up is closed, and the next one stays in use', async () => {
  const nats = await startNats()
  const way = await network(nats.port)
  const urls = [`nats://127.0.0.1:${way.port}`]
  const sink = natsSink({ type: 'nats', urls, login: undefined, ca: undefined, cert: undefined, key: undefined, subject, isStored: false })
  const entries = [{ id: 1, lane: 'stream', subLane: 'a', payload: '{}', attempts: 0, createdAt: 0 }]
  const put = async (signal = new AbortController().signal) => sink.put(streamArn, entries, signal)
  await put()
  way.freeze()
  await expect(put(AbortSignal.timeout(50))).rejects.toThrow('it has not answered in time')
  way.thaw()
  await put()
  await put()
  await until(() => way.connections === 1)
  await sink.close!()
  await until(() => way.connections === 0)
})

test.skipIf(!hasNats)('a NATS that cannot be reached, or stores nothing of the subject, is refused with what to change', async () => {
  const [plain, other] = [await startNats(), await jetStream()]
  const at = async (entry: object) => {
    const { stream } = await worldWith('sqlite', () => ({ [streamArn]: { type: 'nats', url: plain.url, subject, ...entry } }))
    return refusal(stream())
  }
  const nothing = /NATS at 127\.0\.0\.1:\d+ has no stream of JetStream with the subject [\w.]+: create one, or set jetStream to false/
  expect(await at({})).toMatchObject({ status: 400, reason: matching(nothing) })
  expect(await at({ url: other.url, subject: 'elsewhere' })).toMatchObject({ status: 400, reason: matching(nothing) })
  await other.stop()
  expect(await at({ url: other.url })).toMatchObject({ status: 503, reason: matching(/^NATS at 127\.0\.0\.1:\d+ cannot be reached: /) })
})

test.skipIf(!hasNats)('a subject that the user may not publish to is reported, and its records wait', async () => {
  const config = join(await temporaryFolder(), 'nats.conf')
  await writeFile(config, authorization('other'))
  const nats = await startNats(['-c', config])
  const { folder } = await destinationsFile({})
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, 'secret-of-nats\n')
  const { world, ann, stream } = await worldWith('sqlite', () => ({
    [streamArn]: { type: 'nats', url: nats.url, subject, jetStream: false, user: 'carillon', passwordFile },
  }))
  await stream()
  await open(world, ann)
  const errors = async () => (await laneStates(world.app.db)).map(({ error }) => error)
  await until(async () => (await errors()).some(error => error?.includes(`does not accept records at ${subject}: Permissions Violation`)))
  await nats.stop()
  await writeFile(config, authorization(subject))
  await nats.start()
  await until(async () => (await laneStates(world.app.db)).some(({ deliveredAt }) => deliveredAt !== null))
  expect(await deadAfter(world.app.db, 0, 10)).toEqual([])
})

test.skipIf(!hasNats).each([true, false])(
  'a record that NATS refuses for good is stored as dead, and those after it arrive (jetStream %s)',
  async isStored => {
    const kept = isStored ? await jetStream({ max_msg_size: 2000 }) : undefined
    const nats = kept ?? (await startNats(['-c', await configOf('max_payload: 2000\n')]))
    const { world, ann, stream } = await worldWith('sqlite', () => ({
      [streamArn]: { type: 'nats', url: nats.url, subject, jetStream: isStored },
    }))
    await stream()
    const channel = await open(world, ann)
    for (const content of ['one', 'x'.repeat(3000), 'two']) await say(world, ann, channel, content)
    await until(async () => (await deadAfter(world.app.db, 0, 10)).length === 1)
    const [dead] = await deadAfter(world.app.db, 0, 10)
    expect(dead!.error).toMatch(
      isStored ? /has not stored a record: message size exceeds maximum allowed/ : /accepts messages of at most 2000 bytes/,
    )
    if (kept) await until(async () => contentsOf(await kept.stored(), channel).join(' ') === 'one two')
  },
)

async function configOf(content: string) {
  const file = join(await temporaryFolder(), 'nats.conf')
  await writeFile(file, content)
  return file
}

test.skipIf(!hasNats)('doctor tries a NATS destination, and says what travels without TLS', async () => {
  const nats = await jetStream()
  const { file } = await destinationsFile({
    [streamArn]: { type: 'nats', url: nats.url, subject },
    [`${streamArn}2`]: { type: 'nats', url: 'nats://192.0.2.1', subject },
  })
  const findings = await destinationFindings(readConfig({ destinations: file }, {}), nothingConfigured)
  const texts = findings.map(({ what }) => what)
  expect(texts).toContain(`The stream ${streamArn} accepts records`)
  expect(texts).toContain(`Records of the stream ${streamArn}2 cannot be delivered`)
  expect(texts).toContain(`Messages for ${streamArn}2 travel to 192.0.2.1 without TLS`)
})
