import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Crowd, milliseconds, type Heard } from './support/crowd.ts'
import { channelArn, membersByChannel, userArn } from './support/fill.ts'
import { Connections, load } from './support/load.ts'
import { sending } from './support/messages.ts'
import { cpuSeconds, machine, residentMebibytes, start, type Started } from './support/process.ts'
import { inRounds, median, rounded, spread } from './support/rounds.ts'
import { filledFolder, removeFolder, serve } from './support/server.ts'
import { presignedTarget } from './support/signed.ts'

const hello = new URL('./support/hello.ts', import.meta.url).pathname
const broadcast = new URL('./support/broadcast.ts', import.meta.url).pathname
/** More messages than a part of this bench sends. */
const numbers = 2_000_000
/** Characters of a Content. */
const contentLength = 300

const greeting = Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')

async function helloMicroseconds(yardstick: Started, seconds: number): Promise<number> {
  const before = cpuSeconds(yardstick.pid)
  const { requests } = await load(yardstick.url, () => greeting, { seconds, connections: 32 })
  return ((cpuSeconds(yardstick.pid) - before) * 1e6) / requests
}

/** Throws where somebody has not heard each of the messages up to that number once, or not in the order of the others. */
function requireComplete(crowd: Crowd, heard: readonly Heard[], { members, last }: { members: number; last: number }) {
  for (let number = 1; number <= last; number++) {
    if (crowd.timesHeard[number] !== members) throw new Error(`message ${number} was heard by ${crowd.timesHeard[number]} of ${members}`)
  }
  for (let first = 0; first < heard.length; first += members) {
    for (const { events, hash } of heard.slice(first, first + members)) {
      if (events !== heard[first]!.events || hash !== heard[first]!.hash) throw new Error('two members have heard different things')
    }
  }
}

interface Spreading {
  /** Microseconds of CPU that the server has used for one message. */
  readonly microseconds: number
  readonly deliveriesPerSecond: number
}

/** One server with those who listen to it, and what sends it so many messages at once, numbered from `first`. */
interface Audience {
  readonly server: Started
  readonly crowd: Crowd
  readonly size: number
  readonly send: (first: number, count: number) => Promise<unknown>
  next: number
}

/**
 * Lone messages wait until everybody has the one before. Ten at once wait for the answers only, so that the server finds them
 * together when it has written to everybody; yet those who listen are never far behind.
 */
async function spreading(audience: Audience, together: number, seconds: number): Promise<Spreading> {
  const { server, crowd, size, send } = audience
  const before = cpuSeconds(server.pid)
  const start = milliseconds()
  const first = audience.next
  const behind = together === 1 ? 0 : 5 * together
  while (milliseconds() - start < seconds * 1000) {
    await send(audience.next, together)
    audience.next += together
    await crowd.until((audience.next - 1 - behind) * size)
  }
  if (!(await crowd.until((audience.next - 1) * size))) throw new Error('deliveries are missing')
  const messages = audience.next - first
  return {
    microseconds: ((cpuSeconds(server.pid) - before) * 1e6) / messages,
    deliveriesPerSecond: (messages * size * 1000) / (milliseconds() - start),
  }
}

/** One channel whose members are all connected: each message alone, and ten at once. */
async function oneChannel(members: number, yardstick: Started, { seconds, rounds }: { seconds: number; rounds: number }) {
  const shape = { users: members, channels: 1, each: 1, large: 0 }
  const folder = await filledFolder(shape)
  const server = await serve(folder)
  const floor = await start([broadcast], {}, /ready on (http:\S+)/)
  const crowds = { server: new Crowd(numbers), floor: new Crowd(numbers) }
  const connections = { server: new Connections(server.url, 10), floor: new Connections(floor.url, 1) }
  try {
    const [people] = membersByChannel(shape)
    const targets = people!.map(user => presignedTarget(server.url, userArn(user)))
    await crowds.server.open(server.url, targets)
    await crowds.floor.open(floor.url, targets.fill('/'))
    const message = (number: number) => {
      const sender = userArn(people![number % members]!)
      return sending(server.url, { channelArn: channelArn(1), sender, number, length: contentLength })
    }
    const carillon: Audience = {
      server,
      crowd: crowds.server,
      size: members,
      send: (first, count) => {
        const requests = Array.from({ length: count }, (_, index) => message(first + index))
        return Promise.all(requests.map(request => connections.server.ask(request)))
      },
      next: 1,
    }
    await carillon.send(carillon.next++, 1)
    if (!(await crowds.server.until(members))) throw new Error('nobody hears')
    const frame = crowds.server.figure('bytes') / members
    const bare: Audience = {
      server: floor,
      crowd: crowds.floor,
      size: members,
      send: (first, count) => connections.floor.ask(Buffer.from(`GET /${first}/${count}/${frame} HTTP/1.1\r\nhost: localhost\r\n\r\n`)),
      next: 1,
    }
    const lone = 'messages one by one'
    const burst = 'ten at once'
    const figures = await inRounds(
      {
        [`bare ws, ${lone}`]: () => spreading(bare, 1, seconds),
        [lone]: () => spreading(carillon, 1, seconds),
        [`bare ws, ${burst}`]: () => spreading(bare, 10, seconds),
        [burst]: () => spreading(carillon, 10, seconds),
        hello: async () => ({ microseconds: await helloMicroseconds(yardstick, seconds), deliveriesPerSecond: 0 }),
      },
      rounds,
    )
    requireComplete(crowds.server, await crowds.server.heard(), { members, last: carillon.next - 1 })
    const of = (kind: string) => figures.get(kind)!.map(({ microseconds }) => microseconds)
    const rows = [...figures].map(([kind, all]) => ({
      kind,
      'CPU µs a message': Math.round(median(of(kind))),
      spread: spread(of(kind)),
      'a delivery': kind === 'hello' ? '' : rounded(median(of(kind)) / members, 2),
      '× bare ws': figures.has(`bare ws, ${kind}`) ? rounded(median(of(kind)) / median(of(`bare ws, ${kind}`)), 2) : '',
      'deliveries/s': Math.round(median(all.map(one => one.deliveriesPerSecond))),
    }))
    process.stdout.write(`${JSON.stringify({ members, frameBytes: frame })}\n`)
    console.table(rows)
  } finally {
    for (const each of [connections.server, connections.floor]) each.close()
    for (const each of [crowds.server, crowds.floor]) await each.stop()
    await floor.stop()
    await server.stop()
    await removeFolder(folder)
  }
}

/** Many channels, all members connected, so many messages in flight. */
async function manyChannels(
  { rooms, members }: { rooms: number; members: number },
  yardstick: Started,
  { seconds, rounds }: { seconds: number; rounds: number },
) {
  const shape = { users: rooms * members, channels: rooms, each: 1, large: 0 }
  const folder = await filledFolder(shape)
  const server = await serve(folder)
  const crowd = new Crowd(numbers)
  try {
    const people = membersByChannel(shape)
    let next = 1
    const nextMessage = () => {
      const number = next++
      const room = number % rooms
      const sender = userArn(people[room]![Math.floor(number / rooms) % members]!)
      return sending(server.url, { channelArn: channelArn(room + 1), sender, number, length: contentLength })
    }
    const measured = async (connections: number, listeners: number) => {
      const before = cpuSeconds(server.pid)
      const start = milliseconds()
      const first = next
      const { p50, p99 } = await load(server.url, nextMessage, { seconds, connections })
      const sent = next - first
      const answered = sent / ((milliseconds() - start) / 1000)
      if (!(await crowd.until((next - 1) * listeners))) throw new Error('deliveries are missing')
      const microseconds = ((cpuSeconds(server.pid) - before) * 1e6) / sent
      return { microseconds, perSecond: answered, deliveries: listeners * (sent / ((milliseconds() - start) / 1000)), p50, p99 }
    }
    const greet = async () => ({ microseconds: await helloMicroseconds(yardstick, seconds), perSecond: 0, deliveries: 0, p50: 0, p99: 0 })
    const alone = await inRounds({ 'nobody listens, 32 in flight': () => measured(32, 0) }, 1)
    next = 1
    await crowd.open(
      server.url,
      people.flat().map(user => presignedTarget(server.url, userArn(user))),
    )
    const figures = await inRounds(
      { hello: greet, '32 in flight': () => measured(32, members), '256 in flight': () => measured(256, members) },
      rounds,
    )
    requireComplete(crowd, await crowd.heard(), { members, last: next - 1 })
    const greeting = median(figures.get('hello')!.map(({ microseconds }) => microseconds))
    const rows = [...figures, ...alone].map(([kind, all]) => ({
      kind,
      'CPU µs a message': Math.round(median(all.map(one => one.microseconds))),
      spread: spread(all.map(one => one.microseconds)),
      '× hello': rounded(median(all.map(one => one.microseconds)) / greeting),
      'messages/s': Math.round(median(all.map(one => one.perSecond))),
      'deliveries/s': Math.round(median(all.map(one => one.deliveries))),
      'answer p50 ms': rounded(median(all.map(one => one.p50)), 2),
      'p99 ms': rounded(median(all.map(one => one.p99)), 2),
    }))
    process.stdout.write(`${JSON.stringify({ rooms, members, messages: next - 1 })}\n`)
    console.table(rows)
  } finally {
    await crowd.stop()
    await server.stop()
    await removeFolder(folder)
  }
}

/** For a minute a hundred messages a second in one channel, while one client never reads. */
async function check(members: number, seconds: number) {
  const perSecond = 100
  const shape = { users: members + 1, channels: 1, each: 1, large: 0 }
  const folder = await filledFolder(shape)
  const server = await serve(folder)
  const crowd = new Crowd(seconds * perSecond + 1)
  const stuck = new Crowd(0)
  const connections = new Connections(server.url, 32)
  try {
    const target = (user: number) => presignedTarget(server.url, userArn(user))
    const people = Array.from({ length: members }, (_, index) => 2 + index)
    await crowd.open(server.url, people.map(target))
    await stuck.open(server.url, [target(2 + members)], { isStuck: true })
    await setTimeout(2000)
    const memory = [residentMebibytes(server.pid)]
    const before = cpuSeconds(server.pid)
    const start = milliseconds()
    const sentAt = new Float64Array(seconds * perSecond + 1)
    const asked: Promise<void>[] = []
    for (let number = 1; number <= seconds * perSecond;) {
      for (const due = ((milliseconds() - start) / 1000) * perSecond; number <= due && number <= seconds * perSecond; number++) {
        const sender = userArn(people[number % members]!)
        sentAt[number] = milliseconds()
        asked.push(connections.ask(sending(server.url, { channelArn: channelArn(1), sender, number, length: contentLength })))
      }
      if (milliseconds() - start > memory.length * 5000) memory.push(residentMebibytes(server.pid))
      await setTimeout(1)
    }
    await Promise.all(asked)
    if (!(await crowd.until(asked.length * members))) throw new Error('deliveries are missing')
    const microseconds = ((cpuSeconds(server.pid) - before) * 1e6) / asked.length
    requireComplete(crowd, await crowd.heard(), { members, last: asked.length })
    const waited = Array.from({ length: asked.length }, (_, index) => crowd.lastHeard[index + 1]! - sentAt[index + 1]!).toSorted(
      (a, b) => a - b,
    )
    const figures = await (await fetch(`${server.url}/metrics`)).text()
    const slow = Number(/^carillon_slow_sessions_total (\d+)/m.exec(figures)?.[1] ?? 0)
    process.stdout.write(
      `${JSON.stringify({
        members,
        messages: asked.length,
        'each heard once, in one order': true,
        'stuck clients closed': slow,
        'others closed': crowd.figure('closed'),
        'CPU µs a message': Math.round(microseconds),
        'last delivery p50 ms': rounded(waited[waited.length >> 1]!),
        'p99 ms': rounded(waited[Math.floor(waited.length * 0.99)]!),
        'resident MiB, every 5 s': memory.join(' '),
      })}\n`,
    )
    if (slow !== 1) throw new Error('the client that never reads has not been closed')
  } finally {
    connections.close()
    await crowd.stop()
    await stuck.stop()
    await server.stop()
    await removeFolder(folder)
  }
}

/** Messages to many sockets: server CPU against a bare `ws` server that frames once, and against hello, in the same run. */
export async function fanout(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      parts: { type: 'string', default: 'channel,rooms,check' },
      members: { type: 'string', default: '1000' },
      rooms: { type: 'string', default: '100' },
      'members-of-room': { type: 'string', default: '20' },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '5' },
      'check-seconds': { type: 'string', default: '60' },
    },
  })
  const times = { seconds: Number(values.seconds), rounds: Number(values.rounds) }
  const parts = new Set(values.parts.split(','))
  process.stdout.write(`${JSON.stringify(machine())}\n`)
  const yardstick = await start([hello], {}, /ready on (http:\S+)/)
  try {
    if (parts.has('channel')) await oneChannel(Number(values.members), yardstick, times)
    if (parts.has('rooms')) {
      await manyChannels({ rooms: Number(values.rooms), members: Number(values['members-of-room']) }, yardstick, times)
    }
  } finally {
    await yardstick.stop()
  }
  if (parts.has('check')) await check(Number(values.members), Number(values['check-seconds']))
}
