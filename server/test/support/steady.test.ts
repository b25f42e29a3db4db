import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startEventBridge } from './event-bridge.ts'
import { startKinesis } from './kinesis.ts'
import { startLex } from './lex.ts'
import { OidcIssuer } from './oidc-issuer.ts'
import { freePort, nobodysPort } from './ports.ts'
import { Program } from './process.ts'
import { startLambda } from './processor.ts'
import { RawConnection } from './raw.ts'
import { repeatedly } from './repeatedly.ts'
import { Listening } from './sockets.ts'
import { takesLess } from './takes-less.ts'

/** The promises that are rejected until the end of the test, and that nobody handles: the test run reports them as errors of any file. */
function unhandled(): readonly unknown[] {
  const reasons: unknown[] = []
  const hear = (reason: unknown) => void reasons.push(reason)
  process.on('unhandledRejection', hear)
  onTestFinished(() => void process.off('unhandledRejection', hear))
  return reasons
}

/** What follows from the end of a connection has happened. */
async function someTurns() {
  for (let turns = 0; turns < 20; turns++) await setImmediate()
}

interface Double {
  readonly url: string
  close(): Promise<void>
}

/** Sends the head of a request and ends the connection before its body; then the double ends too. */
async function cutOff(double: Double, path: string) {
  const socket = connect(Number(new URL(double.url).port), '127.0.0.1')
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\nx-amz-target: AWSEvents.PutEvents\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n`,
  )
  // The head has arrived.
  await once(socket, 'data')
  socket.destroy()
  await double.close()
  await someTurns()
}

test.each<[string, string, () => Promise<Double>]>([
  ['Lex', '/bots/B/botAliases/A/botLocales/en_US/sessions/s/text', startLex],
  ['EventBridge', '/', startEventBridge],
  ['Kinesis', '/', startKinesis],
  ['an issuer', '/token', () => OidcIssuer.start()],
])('a server that ends in the middle of a request to %s causes no error', async (_, path, start) => {
  const [reasons, double] = [unhandled(), await start()]
  await cutOff(double, path)
  expect(reasons).toEqual([])
})

test('a server that ends in the middle of an invocation causes no error', async () => {
  const [reasons, lambda] = [unhandled(), await startLambda()]
  const { arn } = lambda.define()
  await cutOff(lambda, `/2015-03-31/functions/${arn.split(':').at(-1)}/invocations`)
  expect(reasons).toEqual([])
})

test('a socket that cannot connect, and a program that does not exist, are told to the test that asks, and to no other', async () => {
  const reasons = unhandled()
  const refused = new Listening(`ws://127.0.0.1:${nobodysPort}/`)
  const missing = new Program('/nothing/there', [])
  await once(missing.child, 'close').catch(() => {})
  expect(await refused.closed).toEqual({ code: 1006, reason: expect.stringContaining('ECONNREFUSED') as string })
  await expect(missing.exit()).rejects.toThrow('ENOENT')
  expect(reasons).toEqual([])
})

test('a connection that the server resets is closed', async () => {
  const server = createServer(socket => socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const connection = await RawConnection.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  connection.send('hello')
  await expect(connection.closed()).resolves.toBeUndefined()
})

test('what a program prints last is found when it has ended', async () => {
  const program = new Program('sh', ['-c', 'echo the last words'])
  expect(await program.exit()).toBe(0)
  expect(await program.printed(/the (last)/)).toBe('last')
})

test('no port is returned twice', async () => {
  const ports = new Set<number>()
  for (let count = 0; count < 200; count++) ports.add(await freePort())
  expect(ports.size).toBe(200)
})

test('what takes long once is tried again, and what takes long each time fails', async () => {
  const times = [9000, 100]
  await takesLess(500, async () => times.shift()!)
  expect(times).toEqual([])
  await expect(takesLess(500, async () => 7000)).rejects.toThrow('It took 7000 ms, 7000 ms')
})

test('a step that throws ends its loop, and is told to the test that stops it, and to no other', async () => {
  const reasons = unhandled()
  let [good, bad] = [0, 0]
  const loops = repeatedly(async loop => {
    if (loop === 0) good++
    else if (++bad === 2) throw new Error('the second step')
    await setImmediate()
  }, 2)
  await expect.poll(() => good).toBeGreaterThan(10)
  await expect(loops.stop()).rejects.toThrow('the second step')
  expect([bad, reasons]).toEqual([2, []])
})
