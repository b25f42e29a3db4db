import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { operations, type OperationName } from '../server/src/contract/index.ts'
import { Chance } from './support/chance.ts'
import { Known, draftOf, mutated, nasty } from './support/fuzz-input.ts'
import { answersIn, broken, bytesOf, exchange, type WireAnswer } from './support/fuzz-wire.ts'
import { residentMebibytes, start, type Started } from './support/process.ts'
import { presignedPath } from './support/fuzz-sockets.ts'
import { rootKey } from './support/signed.ts'

const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))
const names = Object.keys(operations) as OperationName[]
/** Resources that can be deleted are created again; the others are deleted only rarely. */
const rare: ReadonlySet<string> = new Set(names.filter(name => /^(?:Delete|Deregister|Disassociate)/.test(name)))
const requestsAtOnce = 12
const socketsAtOnce = 4
/** The most by which a heap and caches may grow after the warm-up. */
const allowedHeapMebibytes = 16
const allowedResidentMebibytes = 256

interface Run {
  readonly server: Started
  readonly port: number
  readonly chance: Chance
  readonly known: Known
  readonly end: number
  readonly counts: Map<string, number>
}

function count({ counts }: Run, what: string | number) {
  counts.set(String(what), (counts.get(String(what)) ?? 0) + 1)
}

/** No 5xx, and every error of Amazon's shape. */
function checkAnswer({ status, head, body }: WireAnswer, bytes: Buffer) {
  const sent = () => `\nsent: ${JSON.stringify(bytes.toString('latin1').slice(0, 4000))}\nanswered: ${head}\n${body.slice(0, 2000)}`
  if (status >= 500) throw new Error(`The server has answered ${status}${sent()}`)
  if (status < 400 || /content-security-policy/i.test(head)) return
  if (!/\r\nx-amzn-requestid: [\da-f-]{36}/i.test(head)) throw new Error(`An error without a request id${sent()}`)
  if (/\r\ncontent-type: text\/xml/i.test(head)) {
    // Those of STS.
    if (!/^<ErrorResponse .*<Code>\w+<\/Code><Message>/s.test(body)) throw new Error(`An error of STS without Code and Message${sent()}`)
    return
  }
  if (!/\r\nx-amzn-errortype: \w+Exception/i.test(head)) throw new Error(`An error without a type${sent()}`)
  const shown = JSON.parse(body) as Record<string, unknown>
  if (typeof shown['Code'] !== 'string' || typeof shown['Message'] !== 'string')
    throw new Error(`An error without Code and Message${sent()}`)
}

async function oneRequest(run: Run) {
  const { chance, known, port } = run
  const name = chance.of(names)
  if (rare.has(name) && chance.is(0.97)) return
  const draft = draftOf(operations[name], chance, known)
  const odd = chance.is(0.35) ? mutated(draft, chance) : draft
  const whole = bytesOf(odd, `127.0.0.1:${port}`, chance.is(0.95))
  const bytes = chance.is(0.15) ? broken(whole, chance) : whole
  const isHead = /\bHEAD \//.test(bytes.toString('latin1'))
  const received = await exchange(port, bytes)
  if (isHead) return
  for (const answer of answersIn(received)) {
    count(run, answer.status)
    checkAnswer(answer, bytes)
    if (answer.status < 300 && answer.body.startsWith('{')) known.learnFrom(JSON.parse(answer.body))
  }
}

/** Connects, with a valid or an invalid URL, and sends what no client sends. */
async function oneSocket(run: Run) {
  const { chance, known, port } = run
  const userArn = chance.is(0.8) ? (known.of('AppInstanceUserArn') ?? '') : chance.of(nasty)
  const sessionId = chance.is(0.9) ? `session-${chance.below(100)}` : chance.of(nasty)
  known.learn('SessionId', sessionId)
  const asked = {
    ...(chance.is(0.3) && { 'prefetch-on': 'connect' }),
    ...(chance.is(0.6) && { 'carillon-events': chance.of(['read,unread,typing,reaction,thread,pin', 'unread', ...nasty]) }),
  }
  let path = presignedPath(`127.0.0.1:${port}`, { userArn, sessionId, ...asked })
  if (chance.is(0.2)) path = path.replace(/[^/?&=]{3}(?=&|$)/, chance.of(['%', '%FF', '&&', 'x', '%00', '=']))
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  socket.on('error', () => {})
  socket.on('message', data => {
    const { Headers } = JSON.parse((data as Buffer).toString()) as { Headers: Record<string, string> }
    if (typeof Headers['x-amz-chime-event-type'] !== 'string') throw new Error('An event without a type')
    count(run, Headers['x-amz-chime-event-type'])
  })
  // One that is refused before it is open is closed too.
  const closed = new Promise<void>(resolve => {
    socket.on('close', code => {
      count(run, `closed ${code}`)
      resolve()
    })
  })
  await Promise.race([closed, new Promise(resolve => socket.on('open', resolve))])
  for (let frames = chance.below(6); frames > 0 && socket.readyState === WebSocket.OPEN; frames--) {
    await setTimeout(chance.below(100))
    chance.of([
      () => socket.send(chance.of(nasty)),
      () => socket.ping(Buffer.alloc(chance.below(125))),
      () => socket.pong(),
      () => socket.send(Buffer.alloc(chance.below(9000)), { fin: chance.is(0.5) }),
      // Beside ws: no frame at all.
      () => (Reflect.get(socket, '_socket') as Socket).write(Buffer.from([chance.below(256), chance.below(256), 1, 2, 3])),
    ])()
  }
  await Promise.race([closed, setTimeout(chance.below(1000))])
  if (chance.is(0.5)) socket.terminate()
  else socket.close()
  await Promise.race([closed, setTimeout(8000).then(() => socket.terminate())])
}

async function workers(run: Run, atOnce: number, work: (run: Run) => Promise<void>) {
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (Date.now() < run.end) await work(run)
    }),
  )
}

/** A figure of GET /metrics, the sum of its series. */
async function figure(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text()
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].map(([, value]) => Number(value))
  return values.reduce((sum, value) => sum + value, 0)
}

/** Makes the server collect its garbage on request. */
const collecting = ['--expose-gc', '--import', "data:text/javascript,process.on('SIGUSR2', () => gc())"]

/** The memory that is not garbage. */
async function heapMebibytes({ url, child }: Started): Promise<number> {
  child.kill('SIGUSR2')
  await setTimeout(1000)
  return Math.round((await figure(url, 'nodejs_heap_size_used_bytes')) / 2 ** 20)
}

interface Prepared {
  readonly ChimeBearer?: string | undefined
  readonly ChannelArn?: string | undefined
  readonly [member: string]: string | undefined | readonly string[]
}

/** Users who are all in the same channels, with a message in each, so that many calls are allowed and find something. */
async function prepare(run: Run) {
  const send = async (name: OperationName, { ChimeBearer, ChannelArn = '', ...body }: Prepared) => {
    const { path, method } = operations[name]
    const headers = ChimeBearer === undefined ? {} : { 'x-amz-chime-bearer': ChimeBearer }
    const draft = { method, path: path.replace('{channelArn}', encodeURIComponent(ChannelArn)), query: '', headers }
    const bytes = bytesOf({ ...draft, body: Buffer.from(JSON.stringify(body)) }, `127.0.0.1:${run.port}`, true)
    const [answer] = answersIn(await exchange(run.port, bytes))
    if (answer?.status !== 201) throw new Error(`${name}: ${answer?.body}`)
    const output = JSON.parse(answer.body) as Record<string, string>
    run.known.learnFrom(output)
    return output
  }
  const { AppInstanceArn } = await send('CreateAppInstance', { Name: 'fuzz', ClientRequestToken: 'fuzz' })
  const users: string[] = []
  for (let index = 0; index < 8; index++) {
    const user = { AppInstanceArn, AppInstanceUserId: `user-${index}`, Name: 'x', ClientRequestToken: `user-${index}` }
    users.push((await send('CreateAppInstanceUser', user))['AppInstanceUserArn']!)
  }
  for (const [index, ChimeBearer] of users.entries()) {
    const made = { AppInstanceArn, Name: 'x', MemberArns: users, ClientRequestToken: `c-${index}`, ChimeBearer }
    const { ChannelArn } = await send('CreateChannel', made)
    const message = { Content: 'few words', Type: 'STANDARD', Persistence: 'PERSISTENT', ClientRequestToken: `m-${index}` }
    await send('SendChannelMessage', { ChannelArn, ...message, ChimeBearer })
  }
}

/**
 * Random and odd requests and sockets against a real server: it stays up, answers no 5xx, every error has Amazon's shape, its memory stays
 * flat after a warm-up, and in the end no connection and no session is left.
 */
export async function fuzz(args: string[]) {
  const { values } = parseArgs({ args, options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } } })
  const seed = Number(values.seed ?? randomInt(2 ** 31))
  const seconds = Number(values.seconds)
  process.stdout.write(`seed ${seed}\n`)
  const folder = await mkdtemp(join(tmpdir(), 'carillon-fuzz-'))
  const environment = { CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId, CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey }
  const flags = [
    '--port',
    '0',
    '--no-tls',
    '--data',
    folder,
    '--log-level',
    'error',
    '--search',
    'on',
    '--lambda-endpoint',
    'http://127.0.0.1:9',
    '--limit-app-instances',
    '1000000',
  ]
  const server = await start([...collecting, main, 'serve', ...flags], environment, /ready on (http:\S+)/)
  try {
    const chance = new Chance(seed)
    const run: Run = { server, port: Number(new URL(server.url).port), chance, known: new Known(chance), end: 0, counts: new Map() }
    const idle = await figure(server.url, 'nodejs_active_resources_total')
    await prepare(run)
    const phase = async (length: number) => {
      const timed = { ...run, end: Date.now() + length * 1000 }
      await Promise.all([workers(timed, requestsAtOnce, oneRequest), workers(timed, socketsAtOnce, oneSocket)])
    }
    await phase(seconds * 0.3)
    const before = { heap: await heapMebibytes(server), resident: residentMebibytes(server.pid) }
    await phase(seconds * 0.7)
    await setTimeout(3000)
    const after = { heap: await heapMebibytes(server), resident: residentMebibytes(server.pid) }
    const left = {
      sessions: await figure(server.url, 'carillon_sessions'),
      resources: (await figure(server.url, 'nodejs_active_resources_total')) - idle,
    }
    const counts = Object.fromEntries([...run.counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    process.stdout.write(`${JSON.stringify({ counts, before, after, left }, undefined, 2)}\n`)
    if (server.child.exitCode !== null) throw new Error('The server has ended')
    if (left.sessions !== 0 || left.resources > 8) throw new Error('Sessions or connections are left')
    if (after.heap - before.heap > allowedHeapMebibytes || after.resident - before.resident > allowedResidentMebibytes)
      throw new Error('Memory has grown')
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
