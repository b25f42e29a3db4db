import { spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { rootCertificates } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fileSink } from '../../src/outbox/file.ts'
import { readDestinations } from '../../src/settings/destinations.ts'
import type { OutboxEntry } from '../../src/store/outbox.ts'
import { deadAfter } from '../../src/store/outbox-dead.ts'
import { open, say } from '../api/acts.ts'
import { canMount, temporaryFolder } from '../support/process.ts'
import { callBack, processor, until, type FlowEvent } from '../support/processor.ts'
import { databaseKinds, refusal } from '../support/world.ts'
import { destinationsFile, secret, streamArn, worldWith } from './mapped.ts'

const aliasArn = 'arn:aws:lex:us-east-1:000000000000:bot-alias/ABCDEFGHIJ/KLMNOPQRST'
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:words'

interface Posted {
  readonly body: string
  readonly headers: IncomingHttpHeaders
}

/** A webhook: the requests that it has received, and its answers. */
async function webhook() {
  const posted: Posted[] = []
  const hook = {
    url: '',
    posted,
    status: 200,
    answer: undefined as ((posted: Posted) => number) | undefined,
    location: undefined as string | undefined,
    content: '',
  }
  const server = createServer((request, response) => {
    void (async () => {
      const given = { body: await text(request), headers: request.headers }
      posted.push(given)
      const status = hook.answer?.(given) ?? hook.status
      response.writeHead(status, hook.location === undefined ? {} : { location: hook.location }).end(hook.content)
    })()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  hook.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return hook
}

type Record = { kinesis: { data: string; partitionKey: string; sequenceNumber: string }; eventSourceARN: string }
const recordsOf = ({ body }: Posted) => (JSON.parse(body) as { Records: Record[] }).Records
const eventOf = ({ kinesis }: Record) =>
  JSON.parse(Buffer.from(kinesis.data, 'base64').toString()) as { EventType: string; Payload: { Content?: string; ChannelArn: string } }

const isSigned = ({ body, headers }: Posted) => {
  const signature = createHmac('sha256', secret)
    .update(`${headers['x-carillon-timestamp'] as string}.${body}`)
    .digest('hex')
  return headers['x-carillon-signature'] === `sha256=${signature}`
}

describe.each(databaseKinds)('Destinations, on %s', kind => {
  test('a webhook receives signed batches as a Lambda function does, again where it refuses them, in order', async () => {
    const hook = await webhook()
    const { world, ann, stream } = await worldWith(kind, ({ secretFile }) => ({
      [streamArn]: { type: 'webhook', url: hook.url, secretFile },
    }))
    await stream()
    expect(hook.posted.map(recordsOf)).toEqual([[]])
    const channel = await open(world, ann)
    await until(() => hook.posted.flatMap(recordsOf).length === 3)
    hook.status = 500
    for (let number = 0; number < 5; number++) await say(world, ann, channel, String(number))
    const before = hook.posted.length
    await until(() => hook.posted.length > before + 1)
    hook.status = 204
    await until(
      () =>
        hook.posted.at(-1)!.body.includes('"Records":[{') &&
        hook.posted.flatMap(recordsOf).filter(record => eventOf(record).Payload.Content === '4').length > 0,
    )
    expect(hook.posted.every(isSigned)).toBe(true)
    const records = hook.posted.flatMap(recordsOf)
    expect(records.every(({ eventSourceARN, kinesis }) => eventSourceARN === streamArn && kinesis.partitionKey === channel)).toBe(true)
    // What KinesisDataStreamSchema of @aws-lambda-powertools/parser requires, with the types that it requires.
    const [first] = records
    const text = expect.any(String) as string
    const kinesis = { kinesisSchemaVersion: '1.0', partitionKey: channel, sequenceNumber: text, data: text }
    expect(first).toEqual({
      kinesis: { ...kinesis, approximateArrivalTimestamp: expect.closeTo(world.now() / 1000, -2) as number },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: text,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn:aws:iam::000000000000:role/carillon',
      awsRegion: 'us-east-1',
      eventSourceARN: streamArn,
    })
    const once = [...new Map(records.map(record => [record.kinesis.sequenceNumber, record])).values()]
    expect(once.map(record => eventOf(record).Payload.Content).filter(content => content !== undefined)).toEqual(['0', '1', '2', '3', '4'])
  })

  test('a record that a webhook refuses for good is stored as dead, and those after it arrive', async () => {
    const hook = await webhook()
    const { world, ann, stream } = await worldWith(kind, ({ secretFile }) => ({
      [streamArn]: { type: 'webhook', url: `${hook.url}/records?token=hidden`, secretFile },
    }))
    await stream()
    const channel = await open(world, ann)
    await until(() => hook.posted.flatMap(recordsOf).length === 3)
    const contents = () => hook.posted.flatMap(recordsOf).map(record => eventOf(record).Payload.Content)
    hook.answer = ({ body }) => (recordsOf({ body, headers: {} }).some(record => eventOf(record).Payload.Content === 'bad') ? 422 : 200)
    for (const content of ['one', 'bad', 'two']) await say(world, ann, channel, content)
    await until(() => contents().includes('two'))
    await until(async () => (await deadAfter(world.app.db, 0, 10)).length === 1)
    const [dead] = await deadAfter(world.app.db, 0, 10)
    expect([JSON.parse(dead!.payload), dead!.error]).toMatchObject([
      { Payload: { Content: 'bad' } },
      `${hook.url}/records has answered 422`,
    ])
  })

  test('a file gets a line for each record', async () => {
    const { world, ann, stream, folder } = await worldWith(kind, ({ folder }) => ({
      [streamArn]: { type: 'file', path: join(folder, 'records.jsonl') },
    }))
    await stream()
    const channel = await open(world, ann)
    await say(world, ann, channel, 'line\nbreak')
    const lines = async () =>
      (await readFile(join(folder, 'records.jsonl'), 'utf8').catch(() => '')).split('\n').filter(line => line !== '')
    await until(async () => (await lines()).length === 4)
    const events = (await lines()).map(line => JSON.parse(line) as { EventType: string; Payload: { Content?: string } })
    expect(events.map(({ EventType, Payload }) => [EventType, Payload.Content]).at(-1)).toEqual(['CREATE_CHANNEL_MESSAGE', 'line\nbreak'])
  })
})

test('a destination that cannot be reached is refused when it is configured, with what to change', async () => {
  const hook = await webhook()
  const { stream, folder } = await worldWith('sqlite', ({ secretFile }) => ({
    [streamArn]: { type: 'webhook', url: hook.url, secretFile },
  }))
  hook.status = 403
  expect(await refusal(stream())).toMatchObject({ status: 400, reason: `${hook.url} has answered 403` })
  // A redirection could lead to any address.
  hook.status = 307
  hook.location = `${hook.url}/elsewhere`
  expect(await refusal(stream())).toMatchObject({ status: 400, reason: `${hook.url} has answered 307` })
  const filed = await worldWith('sqlite', () => ({ [streamArn]: { type: 'file', path: join(folder, 'none', 'records') } }))
  expect(await refusal(filed.stream())).toMatchObject({
    status: 400,
    reason: expect.stringContaining('none/records cannot be written') as string,
  })
})

test('a processor at a webhook receives the event unchanged and signed', async () => {
  const hook = await webhook()
  const { world, arn, ann } = await worldWith('sqlite', ({ secretFile }) => ({
    [functionArn]: { type: 'webhook', url: hook.url, secretFile },
  }))
  const { messaging } = world
  const channel = await open(world, ann)
  const Processors = [processor(functionArn)]
  const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })
  await messaging.associateChannelFlow({ ChannelArn: channel, ChannelFlowArn, ChimeBearer: ann })
  const first = await say(world, ann, channel, 'hello')
  await until(() => hook.posted.length === 1)
  const event = JSON.parse(hook.posted[0]!.body) as FlowEvent
  expect([event.ChannelMessage.Content, isSigned(hook.posted[0]!)]).toEqual(['hello', true])
  await callBack(messaging, event, { Content: 'checked' })
  const status = async (MessageId: string) =>
    (await messaging.getChannelMessageStatus({ ChannelArn: channel, MessageId, ChimeBearer: ann })).Status!
  expect((await status(first)).Value).toBe('SENT')
  hook.status = 404
  const second = await say(world, ann, channel, 'hello')
  await until(async () => (await status(second)).Value === 'FAILED')
  expect((await status(second)).Detail).toBe('The processor processor could not be invoked: its webhook has answered 404.')
  expect(hook.posted).toHaveLength(2)
})

test('a bot at a webhook receives what Lex would receive, signed, and answers as Lex does', async () => {
  const hook = await webhook()
  const { world, arn, ann } = await worldWith('sqlite', ({ secretFile }) => ({
    [aliasArn]: { type: 'webhook', url: hook.url, secretFile },
  }))
  const { AppInstanceBotArn } = await world.identity.createAppInstanceBot({
    AppInstanceArn: arn,
    Name: 'bot',
    Configuration: { Lex: { LexBotAliasArn: aliasArn, LocaleId: 'en_US', WelcomeIntent: 'Hello' } },
  })
  hook.content = JSON.stringify({ messages: [{ content: 'Welcome', contentType: 'PlainText' }] })
  const channel = await open(world, ann, { MemberArns: [AppInstanceBotArn!] })
  const messages = async () =>
    (await world.messaging.listChannelMessages({ ChannelArn: channel, ChimeBearer: ann, SortOrder: 'ASCENDING' })).ChannelMessages!
  await until(async () => (await messages()).length === 1)
  expect((await messages())[0]!.Content).toBe('{"Messages":[{"Content":"Welcome","ContentType":"PlainText"}]}')
  const bodies = () => hook.posted.map(({ body }) => JSON.parse(body) as unknown)
  const whose = { botId: 'ABCDEFGHIJ', botAliasId: 'KLMNOPQRST', localeId: 'en_US', sessionId: expect.any(String) as string }
  const requestAttributes = { 'CHIME.channel.arn': channel, 'x-amz-lex:channels:platform': 'Amazon Chime SDK Messaging' }
  expect(bodies()).toEqual([
    {
      ...whose,
      sessionState: { dialogAction: { type: 'Delegate' }, intent: { name: 'Hello', state: 'InProgress' } },
      requestAttributes,
    },
  ])
  hook.content = JSON.stringify({ messages: [{ content: 'Yes', contentType: 'PlainText' }], sessionState: { intent: { name: 'Any' } } })
  await say(world, ann, channel, 'Anybody?')
  await until(async () => (await messages()).length === 3)
  expect((await messages())[2]!.MessageAttributes!['CHIME.LEX.sessionState.intent.name']).toEqual({ StringValues: ['Any'] })
  expect(bodies()[1]).toEqual({ ...whose, text: 'Anybody?', requestAttributes: { ...requestAttributes, 'CHIME.sender.arn': ann } })
  expect(hook.posted.every(isSigned)).toBe(true)
  const codes = []
  for (const [status, content] of [
    [200, '{"messages":"x"}'],
    [200, '[]'],
    [200, '{"messages":[{"content":1}]}'],
    [200, 'no JSON'],
    [200, 'x'.repeat(300_000)],
    [307, ''],
    [403, ''],
    [500, ''],
  ] as const) {
    Object.assign(hook, { status, content })
    const before = (await messages()).length
    await say(world, ann, channel, 'again')
    await until(async () => (await messages()).length === before + 2)
    codes.push((await messages()).at(-1)!.Content)
  }
  expect(codes).toEqual([502, 502, 502, 502, 502, 502, 403, 500].map(Code => JSON.stringify({ Code })))
  expect(hook.posted).toHaveLength(10)
})

const record = (payload: string) => [{ id: 1, lane: '', subLane: '', payload, attempts: 0, createdAt: 0 }] satisfies OutboxEntry[]
const never = new AbortController().signal

const sinkAt = (path: string) => fileSink({ type: 'file', path, maximumBytes: 1000, keep: 1 })

test('a file is examined without being created, and one that is no regular file is refused at once', async () => {
  const folder = await temporaryFolder()
  await sinkAt(join(folder, 'records')).check(streamArn, never)
  expect(await readdir(folder)).toEqual([])
  const pipe = join(folder, 'pipe')
  spawnSync('mkfifo', [pipe])
  const sink = sinkAt(pipe)
  await expect(sink.check(streamArn, never)).rejects.toThrow(`${pipe} is not a regular file`)
  await expect(sink.put(streamArn, record('{}'), never)).rejects.toThrow(`${pipe} is not a regular file`)
})

test('a file is written one batch after the other: a batch that arrives meanwhile is refused and sent again', async () => {
  const path = join(await temporaryFolder(), 'records')
  const sink = sinkAt(path)
  const first = sink.put(streamArn, record('{"a":1}'), never)
  await expect(sink.put(streamArn, record('{"b":1}'), never)).rejects.toThrow(/has not written the previous records yet/)
  await first
  await sink.put(streamArn, record('{"b":1}'), never)
  expect(await readFile(path, 'utf8')).toBe('{"a":1}\n{"b":1}\n')
})

test.skipIf(!canMount())('a full disk stores no record: the whole batch is sent again', async () => {
  const folder = await temporaryFolder()
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder]).status).toBe(0)
  onTestFinished(() => void spawnSync('umount', ['-l', folder]))
  const path = join(folder, 'records')
  const sink = fileSink({ type: 'file', path, maximumBytes: 1e9, keep: 1 })
  await sink.put(streamArn, record(`"${'x'.repeat(40_000)}"`), never)
  await expect(sink.put(streamArn, record(`"${'y'.repeat(40_000)}"`), never)).rejects.toThrow(`The file ${path} cannot be written: ENOSPC`)
})

test('a file that has grown is renamed, the configured number of files stays, and after a torn line records begin on a new one', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'records')
  const sink = fileSink({ type: 'file', path, maximumBytes: 20, keep: 2 })
  const put = async (...payloads: string[]) =>
    sink.put(
      streamArn,
      payloads.map((payload, id): OutboxEntry => ({ id, lane: '', subLane: 'c', payload, attempts: 0, createdAt: 0 })),
      AbortSignal.timeout(5000),
    )
  await writeFile(path, '{"torn')
  await put('{"a":1}')
  expect(await readFile(path, 'utf8')).toBe('{"torn\n{"a":1}\n')
  await put('{"b":1}', '{"c":1}')
  await put('{"d":1}')
  expect([await readFile(path, 'utf8'), await readFile(`${path}.1`, 'utf8')]).toEqual(['{"d":1}\n', '{"torn\n{"a":1}\n{"b":1}\n{"c":1}\n'])
  for (const _ of [1, 2, 3]) await put('{"long":"record"}', '{"x":1}')
  expect((await readdir(folder)).toSorted()).toEqual(['records', 'records.1', 'records.2'])
})

test('a file of destinations may name its schema, begin with a byte order mark, and number its files far beyond those of another', async () => {
  const file = { type: 'file', path: '/x', keep: 3 }
  const map = { $schema: './destinations.schema.json', [streamArn]: file, [`${streamArn}2`]: { ...file, path: '/x.4' } }
  const { streams } = await readDestinations((await destinationsFile(`\uFEFF${JSON.stringify(map)}`)).file, {})
  expect([...streams.values()]).toMatchObject([{ path: '/x' }, { path: '/x.4' }])
})

describe('A file of destinations is refused where', () => {
  const good = { type: 'webhook', url: 'https://audit.example.com', secretVariable: 'SECRET' }
  const nats = { type: 'nats', url: 'nats://127.0.0.1', subject: 'carillon.records' }
  const environment = { SECRET: secret, SHORT: 'short', PEM: rootCertificates[0]! }
  test.each([
    ['it is not JSON', '{', /the file is not JSON/],
    ['it is a list', '[]', /must hold an object whose members are ARNs/],
    ['an entry is a text', { [streamArn]: 'x' }, /stream\/chime-messaging-audit: must be an object such as/],
    ['a type is not known', { [streamArn]: { type: 'kafka' } }, /the type of a stream must be webhook, file or nats, not "kafka"/],
    ['a NATS has no URL', { [streamArn]: { type: 'nats', subject: 'x' } }, /url must be the URL of a NATS server/],
    ['a URL is not one of NATS', { [streamArn]: { ...nats, url: 'http://x' } }, /url must be URLs such as nats:/],
    ['a URL of NATS has a password', { [streamArn]: { ...nats, url: 'nats://a:b@x' } }, /url must not have a user or a password/],
    ['a subject has a wildcard', { [streamArn]: { ...nats, subject: 'x.*' } }, /subject must be a subject of NATS without wildcards/],
    ['a subject is of NATS itself', { [streamArn]: { ...nats, subject: '$JS.API' } }, /subject must be a subject of NATS without/],
    ['a user of NATS has no password', { [streamArn]: { ...nats, user: 'a' } }, /user and the password are given together/],
    [
      'there are two logins at NATS',
      { [streamArn]: { ...nats, user: 'a', passwordVariable: 'SECRET', tokenVariable: 'SECRET' } },
      /give one login: a user with a password, a token/,
    ],
    [
      'a seed is not one of NATS',
      { [streamArn]: { ...nats, nkeyVariable: 'SECRET' } },
      /nkeyVariable "SECRET" must have the seed of a user/,
    ],
    [
      'credentials are not those of NATS',
      { [streamArn]: { ...nats, credentialsVariable: 'SECRET' } },
      /must have a credentials file of NATS/,
    ],
    ['a CA is not in PEM', { [streamArn]: { ...nats, caVariable: 'SECRET' } }, /caVariable "SECRET" must have a certificate in PEM/],
    [
      'a key is not in PEM',
      { [streamArn]: { ...nats, keyVariable: 'SECRET', certVariable: 'PEM' } },
      /keyVariable "SECRET" must have a private key in PEM/,
    ],
    ['a certificate has no key', { [streamArn]: { ...nats, certVariable: 'SECRET' } }, /cert and key are given together/],
    ['a function is a subject', { [functionArn]: nats }, /the type of a function must be webhook, not "nats"/],
    [
      'a member is not known',
      { [streamArn]: { ...good, header: 'x' } },
      /header is not a member; a webhook has type, url, secretFile, secretVariable/,
    ],
    ['a URL is not one of HTTP', { [streamArn]: { ...good, url: 'ftp://x' } }, /url must be a URL such as https/],
    ['a URL has a user', { [streamArn]: { ...good, url: 'https://a:b@x' } }, /url must not have a user or a password/],
    ['a URL has a password only', { [streamArn]: { ...good, url: 'https://:b@x' } }, /url must not have a user or a password/],
    ['a secret is missing', { [streamArn]: { type: 'webhook', url: good.url } }, /needs either secretFile, .* or secretVariable/],
    [
      'a secret is short',
      { [streamArn]: { ...good, secretVariable: 'SHORT' } },
      /the secret of secretVariable "SHORT" must have at least 16/,
    ],
    ['a variable is not set', { [streamArn]: { ...good, secretVariable: 'NONE' } }, /secretVariable "NONE" does not exist, or is empty/],
    [
      'a variable would be refused by the server',
      { [streamArn]: { ...good, secretVariable: 'CARILLON_X' } },
      /must not begin with CARILLON_/,
    ],
    ['a secret file does not exist', { [streamArn]: { type: 'webhook', url: good.url, secretFile: '/none' } }, /secretFile cannot be read/],
    ['a path is relative', { [streamArn]: { type: 'file', path: 'x' } }, /path must be an absolute path, not "x"/],
    [
      'a number is out of its range',
      { [streamArn]: { type: 'file', path: '/x', keep: 0 } },
      /keep must be a whole number from 1 to 1000, not 0/,
    ],
    [
      'two streams have one path',
      { [streamArn]: { type: 'file', path: '/x' }, [`${streamArn}2`]: { type: 'file', path: '/x' } },
      /the stream .*audit2 writes to \/x, or renames/,
    ],
    [
      'two streams have one path in two spellings',
      { [streamArn]: { type: 'file', path: '/x' }, [`${streamArn}2`]: { type: 'file', path: '//y/../x' } },
      /the stream .*audit2 writes to \/x, or renames/,
    ],
    [
      'the renamed files of a stream would replace those of another',
      { [streamArn]: { type: 'file', path: '/x', keep: 3 }, [`${streamArn}2`]: { type: 'file', path: '/x.3' } },
      /audit2: the stream .*audit writes to \/x\.3, or renames its files to it/,
    ],
    ['an ARN occurs twice', `{"${streamArn}": ${JSON.stringify(good)}, "${streamArn}": {}}`, /audit is in the file more than once/],
    [
      'an ARN is not one of an application, which is what its type says',
      { 'arn:aws:mobiletargeting:us-east-1:0:apps/chat': { type: 'push' } },
      /apps\/chat is not the ARN of/,
    ],
    ['an ARN is of something else', { 'arn:aws:s3:::x': good }, /arn:aws:s3:::x is not the ARN of a Kinesis stream/],
    ['a function is a file', { [functionArn]: { type: 'file', path: '/x' } }, /the type of a function must be webhook, not "file"/],
    [
      'a bot is a file',
      { 'arn:aws:lex:us-east-1:000000000000:bot-alias/ABCDEFGHIJ/KLMNOPQRST': { type: 'file', path: '/x' } },
      /the type of a bot must be webhook, not "file"/,
    ],
    [
      'an event bus is a file',
      { 'arn:aws:events:us-east-1:000000000000:event-bus/default': { type: 'file', path: '/x' } },
      /the type of an event bus must be webhook, not "file"/,
    ],
  ])('%s', async (_, content, expected) => {
    const { file } = await destinationsFile(content)
    const read = readDestinations(file, environment)
    await expect(read).rejects.toThrow(expected)
    await expect(read).rejects.toThrow(`--destinations ${file}: `)
  })

  test.each(['hooks.example.com/x?token=hidden', 'ftp://a:hidden@x', 'https://x y/hidden'])(
    'a URL is not one, %s, whose secret is not shown',
    async url => {
      const { file } = await destinationsFile({ [streamArn]: { ...good, url } })
      await expect(readDestinations(file, environment)).rejects.toThrow(/^(?!.*hidden).*url must be a URL such as https/)
    },
  )

  test('it is not JSON, in one line', async () => {
    const { file } = await destinationsFile('// x\n{}')
    await expect(readDestinations(file, environment)).rejects.toThrow(/^.*is not JSON.*$/)
  })

  test('it does not exist', async () => {
    await expect(readDestinations('/none.json', {})).rejects.toThrow('--destinations /none.json: the file cannot be read')
  })
})

describe('An application of pushes in the file of destinations is refused with what is wrong, and no secret shows', () => {
  const application = 'arn:aws:mobiletargeting:us-east-1:000000000000:apps/chat'
  const secretText = 'TOP-SECRET-TEXT'
  const webPush = { subject: 'mailto:ops@example.com', privateKeyVariable: 'TEXT' }
  const apns = { keyVariable: 'TEXT', keyId: 'ABC123DEFG', teamId: 'TEAM123456', topic: 'com.example.chat' }
  const account = { project_id: 'p', client_email: 'c', private_key: secretText, token_uri: 'https://oauth2.googleapis.com/token' }
  const environment = { TEXT: secretText, JSON: `{"a": "${secretText}"`, ACCOUNT: JSON.stringify(account), HALF: `{"x":"${secretText}"}` }
  test.each([
    ['no service', { type: 'push' }, /push needs fcm, apns or webPush/],
    ['another type', { type: 'file', path: '/x' }, /type must be push or webhook, not "file"/],
    ['a content that is not known', { type: 'push', webPush, content: 'some' }, /content must be full or id-only, not "some"/],
    ['a member that is not known', { type: 'push', gcm: {} }, /gcm is not a member; push has type, content/],
    ['a part that is no object', { type: 'push', fcm: 'x' }, /fcm: must be an object/],
    [
      'a service account that is missing',
      { type: 'push', fcm: {} },
      /fcm: fcm needs either serviceAccountFile, .* or serviceAccountVariable/,
    ],
    [
      'a service account that is not JSON',
      { type: 'push', fcm: { serviceAccountVariable: 'JSON' } },
      /serviceAccountVariable "JSON" is not JSON/,
    ],
    ['half a service account', { type: 'push', fcm: { serviceAccountVariable: 'HALF' } }, /it has no project_id/],
    [
      'a service account without a key',
      { type: 'push', fcm: { serviceAccountVariable: 'ACCOUNT' } },
      /must have a private key in PEM: an RSA key/,
    ],
    [
      'an invalid key of Apple',
      { type: 'push', apns },
      /apns: keyVariable "TEXT" must have a private key in PEM: a key on the curve P-256/,
    ],
    ['an invalid team', { type: 'push', apns: { ...apns, teamId: 'x' } }, /teamId must be the ten letters and digits of the team, not "x"/],
    ['a URL with a path', { type: 'push', apns: { ...apns, url: 'https://x/y' } }, /url must be a URL without a path/],
    ['an invalid VAPID key', { type: 'push', webPush }, /webPush: privateKeyVariable "TEXT" must have a private key of VAPID/],
    ['an invalid subject', { type: 'push', webPush: { ...webPush, subject: 'ops' } }, /subject must be where push services reach you/],
    [
      'a switch that is neither true nor false',
      { type: 'push', webPush: { ...webPush, privateNetworks: 1 } },
      /privateNetworks must be true or false/,
    ],
    ['a webhook without a secret', { type: 'webhook', url: 'https://x' }, /a webhook needs either secretFile/],
  ])('%s', async (_, entry, expected) => {
    const { file } = await destinationsFile({ [application]: entry })
    const error = await readDestinations(file, environment).catch((refused: unknown) => refused as Error)
    expect(error).toMatchObject({ message: expect.stringMatching(expected) as string })
    expect((error as Error).message).toContain(`--destinations ${file}: ${application}: `)
    expect((error as Error).message).not.toContain(secretText)
  })
})
