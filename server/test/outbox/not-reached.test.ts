import dns, { type LookupAddress } from 'node:dns'
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import tls, { createServer as createTlsServer } from 'node:tls'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { reached, serviceFindings } from '../../src/cli/service-findings.ts'
import { eventBusDelivery } from '../../src/outbox/event-bus.ts'
import { functionCheck, functionInvoker } from '../../src/outbox/functions.ts'
import { whyNotInvoked } from '../../src/outbox/lambda.ts'
import { botAsker } from '../../src/outbox/lex.ts'
import { HttpSender } from '../../src/outbox/http.ts'
import { streamSinks } from '../../src/outbox/sinks.ts'
import { readConfig } from '../../src/settings/config.ts'
import { readDestinations } from '../../src/settings/destinations.ts'
import { nobodysPort } from '../support/ports.ts'
import { takesLess } from '../support/takes-less.ts'
import { makeCertificates } from '../support/test-certificates.ts'
import { destinationsFile, secret, streamArn } from './mapped.ts'

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:words'
const aliasArn = 'arn:aws:lex:us-east-1:000000000000:bot-alias/ABCDEFGHIJ/KLMNOPQRST'
const bus = 'arn:aws:events:us-east-1:000000000000:event-bus/default'

afterEach(() => vi.restoreAllMocks())

/** Destinations whose streams, functions and bots are webhooks at that URL. */
async function webhooksAt(url: string) {
  const webhook = { type: 'webhook', url, secretVariable: 'SECRET' }
  const { file } = await destinationsFile({ [streamArn]: webhook, [functionArn]: webhook, [aliasArn]: webhook })
  return readDestinations(file, { SECRET: secret })
}

const nowhere = async () => readDestinations(undefined, {})
const soon = () => AbortSignal.timeout(5000)
const late = () => AbortSignal.timeout(200)
const entry = {
  id: 1,
  lane: `event-bus ${bus}`,
  subLane: null,
  payload: JSON.stringify({ region: 'us-east-1', time: 0, detail: {}, resources: [] }),
}
const turn = { aliasArn, localeId: 'en_US', sessionId: 'x', what: { text: 'x' }, requestAttributes: {} }
const messageOf = async (failing: Promise<unknown>) =>
  failing.then(
    () => 'nothing',
    (error: unknown) => (error as Error).message,
  )

test.each([
  [
    'the Kinesis endpoint',
    async (url: string) =>
      messageOf(
        streamSinks(await nowhere(), url)
          .sinkOf(streamArn)
          .check(streamArn, soon()),
      ),
  ],
  [
    'the webhook of a stream',
    async (url: string) =>
      messageOf(
        streamSinks(await webhooksAt(url), undefined)
          .sinkOf(streamArn)
          .check(streamArn, soon()),
      ),
  ],
  [
    'the Lambda endpoint',
    async (url: string) =>
      functionInvoker(await nowhere(), url)(functionArn, {}, soon()).then(
        () => '',
        error => whyNotInvoked(error).long,
      ),
  ],
  ['the Lex endpoint', async (url: string) => messageOf(botAsker(await nowhere(), url)(turn, soon()))],
  [
    'the EventBridge endpoint',
    async (url: string) => messageOf(eventBusDelivery(await nowhere(), url).deliver({ ...entry, attempts: 1, createdAt: 0 }, soon())),
  ],
  ['a push service', async (url: string) => messageOf(new HttpSender().send({ url: new URL(url), headers: {}, body: '' }, soon()))],
  ['a service that doctor tries', async (url: string) => (await reached(url, 'It')).instead],
])('of a host with two addresses, of which none can be reached, the error says why: %s', async (_, failing) => {
  const { lookup } = dns
  const both: LookupAddress[] = [
    { address: '127.0.0.1', family: 4 },
    { address: '127.0.0.2', family: 4 },
  ]
  vi.spyOn(dns, 'lookup').mockImplementation(((name: string, options: unknown, callback: (error: null, found: LookupAddress[]) => void) =>
    name === 'both.test' ? callback(null, both) : lookup(name, options as object, callback as never)) as never)
  expect(await failing(`http://both.test:${nobodysPort}`)).toContain(
    `connect ECONNREFUSED 127.0.0.1:${nobodysPort}; connect ECONNREFUSED 127.0.0.2:${nobodysPort}`,
  )
})

/** The URL of a server that does this with each connection once a request arrives. */
async function answering(answer: (socket: Socket, request: string) => void): Promise<string> {
  const server = createServer(socket => socket.on('error', () => {}).once('data', data => answer(socket, String(data))))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const silence = async () => answering(() => {})
const taken = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'

const invoked = async (url: string, signal = soon()) =>
  messageOf(functionInvoker(await webhooksAt(url), undefined)(functionArn, {}, signal))

test('doctor tries each endpoint of the settings, and says which one is too slow', async () => {
  const config = readConfig({ kinesisEndpoint: await silence(), lambdaEndpoint: await answering(socket => socket.end(taken)) }, {})
  expect(await serviceFindings(config)).toEqual([
    { kind: 'good', what: `The Lambda endpoint can be reached at ${config.lambdaEndpoint}` },
    {
      kind: 'fault',
      what: `The Kinesis endpoint cannot be reached at ${config.kinesisEndpoint}`,
      instead: `${config.kinesisEndpoint} has not answered in time`,
    },
  ])
})

test('a webhook may send answers before its last one, and ask for the login of a proxy', async () => {
  expect(await invoked(await answering(socket => socket.end(taken)))).toBe('nothing')
  expect(await invoked(await answering(socket => socket.end(`HTTP/1.1 100 Continue\r\n\r\n${taken}`)))).toBe('nothing')
  const proxy = await answering(socket => socket.end(taken.replace('200', '407')))
  expect(await invoked(proxy)).toBe(`${proxy} has answered 407`)
})

test.each([
  [
    'breaks connections',
    (socket: Socket) => socket.resetAndDestroy(),
    /^Kinesis at \S+ cannot be reached for the stream \S+: read ECONNRESET$/,
  ],
  [
    'fails',
    (socket: Socket) => socket.end(taken.replace('200', '503')),
    /^Kinesis at \S+ has answered 503 for the stream chime-messaging-audit$/,
  ],
  [
    'is another service',
    (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\n<html'),
    /^Kinesis at \S+ has answered something that is not an answer of Kinesis for the stream \S+: [^\n]*is not valid JSON$/,
  ],
])('the error of a Kinesis endpoint that %s says so', async (_, answer, expected) => {
  const { check } = streamSinks(await nowhere(), await answering(answer)).sinkOf(streamArn)
  expect(await messageOf(check(streamArn, soon()))).toMatch(expected)
})

test('hundreds of requests that a webhook does not answer take no connection from others to the same host', async () => {
  let [open, most] = [0, 0]
  const url = await answering(socket => {
    most = Math.max(most, ++open)
    socket.once('close', () => open--)
    if (open > 300) socket.end(taken)
  })
  const over = new AbortController()
  const waiting = Array.from({ length: 300 }, async () => invoked(url, over.signal))
  await expect.poll(() => most).toBe(300)
  expect(await invoked(url)).toBe('nothing')
  over.abort()
  await Promise.all(waiting)
})

test('an idle connection to a webhook is closed before most servers close it, after five seconds', async () =>
  takesLess(5000, async () => {
    const ended = Promise.withResolvers<number>()
    const url = await answering(socket => {
      const start = performance.now()
      const end = () => ended.resolve(performance.now() - start)
      socket.on('end', end).write(taken.replace('connection: close\r\n', ''))
      // It never closes it.
      setTimeout(end, 20_000).unref()
    })
    expect(await invoked(url)).toBe('nothing')
    return ended.promise
  }))

test('a request is sent again if the webhook closes the idle connection at the moment when it is used again', async () => {
  let connections = 0
  const server = createServer(socket => {
    connections++
    let requests = 0
    // The second request of a connection is not answered: its end was on the way.
    socket
      .on('error', () => {})
      .on('data', () => (++requests === 1 ? socket.write(taken.replace('connection: close\r\n', '')) : socket.resetAndDestroy()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const sender = new HttpSender()
  onTestFinished(() => sender.close())
  const send = async () => (await sender.send({ url, headers: {}, body: '{}' }, soon())).status
  expect(await Promise.all([send(), send(), send()])).toEqual([200, 200, 200])
  expect(await Promise.all([send(), send(), send()])).toEqual([200, 200, 200])
  expect(connections).toBeGreaterThan(3)
})

test('a new connection that is closed without an answer is an error, and so is an answer that is broken off', async () => {
  const closing = await answering(socket => socket.resetAndDestroy())
  expect(await invoked(closing)).toMatch(/cannot be reached: read ECONNRESET$/)
  const cut = await answering(socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"a'))
  expect(await messageOf(botAsker(await webhooksAt(cut), undefined)(turn, soon()))).toContain(`${cut} has broken off its answer`)
})

test('requests say who sends them and ask for answers that are not compressed', async () => {
  let head = ''
  const url = await answering((socket, request) => {
    head = request
    socket.end(taken)
  })
  expect(await invoked(url)).toBe('nothing')
  expect(head).toMatch(/^user-agent: Carillon\r$/m)
  expect(head).toMatch(/^accept-encoding: identity\r$/m)
})

test('what a service says is shown in one line, and nothing of it is for the terminal', async () => {
  const said = JSON.stringify({ __type: 'LimitExceededException', message: 'first\r\nsecond \u001B[2J\u009B2J\0' })
  const url = await answering(socket =>
    socket.end(`HTTP/1.1 400 Bad\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(said)}\r\n\r\n${said}`),
  )
  const message = await messageOf(
    streamSinks(await nowhere(), url)
      .sinkOf(streamArn)
      .check(streamArn, soon()),
  )
  expect(message).toContain('has answered 400 for the stream chime-messaging-audit: LimitExceededException: first second ')
  expect(message).not.toMatch(/\p{Cc}/u)
})

const page = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\n<html>'

test.each([
  ['a redirection', taken.replace('200', '302'), turn.what],
  ['a page', page, turn.what],
  ['a page to a welcome', page, { welcomeIntent: 'Hello' }],
])('%s is no answer of Lex', async (_, answer, what) => {
  const url = await answering(socket => socket.end(answer))
  await expect(botAsker(await nowhere(), url)({ ...turn, what }, soon())).rejects.toMatchObject({ status: 502, isPassing: false })
})

test('services whose answers do not end are too slow, and not out of reach', async () => {
  const url = await answering(socket => socket.write('HTTP/1.1 500 Failed\r\ncontent-length: 9\r\n\r\n'))
  const invoking = functionInvoker(await nowhere(), url)(functionArn, {}, late())
  expect(await invoking.then(() => undefined, whyNotInvoked)).toMatchObject({ short: 'Lambda has not answered in time' })
  expect(await messageOf(botAsker(await nowhere(), url)(turn, late()))).toBe(`Lex at ${url} for ${aliasArn} has not answered in time`)
  expect(
    await messageOf(
      streamSinks(await nowhere(), url)
        .sinkOf(streamArn)
        .check(streamArn, late()),
    ),
  ).toContain('it has not answered in time')
})

test('a webhook that is too slow is not said to be out of reach', async () => {
  const url = await silence()
  const failing = functionInvoker(await webhooksAt(url), undefined)(functionArn, {}, AbortSignal.timeout(50))
  expect(await failing.then(() => undefined, whyNotInvoked)).toEqual({
    short: 'its webhook has not answered in time',
    long: `${url} has not answered in time`,
  })
})

test('an EventBridge that is too slow is named', async () => {
  const url = await silence()
  const { deliver } = eventBusDelivery(await nowhere(), url)
  expect(await messageOf(deliver({ ...entry, attempts: 1, createdAt: 0 }, AbortSignal.timeout(50)))).toBe(
    `EventBridge at ${url} has not answered in time`,
  )
})

const check = async (url: string) => messageOf(functionCheck(await webhooksAt(url), undefined)(functionArn))

test('a webhook with a certificate that is not valid is reported when a flow is created, and by doctor', async () => {
  const { ca, server, localhost } = await makeCertificates()
  const listen = async ({ certificate, key }: typeof server) => {
    const listener = createTlsServer({ cert: await readFile(certificate), key: await readFile(key) })
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void listener.close())
    const address = listener.address()
    return `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  }
  const [right, wrong] = [await listen(server), await listen(localhost)]
  expect(await check(right)).toContain(`${right} cannot be reached: unable to verify the first certificate`)
  const known = tls.getCACertificates('default')
  tls.setDefaultCACertificates([...known, await readFile(ca, 'utf8')])
  onTestFinished(() => tls.setDefaultCACertificates(known))
  expect(await check(right)).toBe('nothing')
  expect(await check(wrong)).toContain(`${wrong} cannot be reached: Hostname/IP does not match certificate's altnames`)
})
