import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { spreading, type Audience } from './support/audience.ts'
import { Crowd, milliseconds } from './support/crowd.ts'
import { membersByChannel, userArn } from './support/fill.ts'
import { Connections, percentile } from './support/load.ts'
import { costColumns, medianOf, ratioOf } from './support/measured.ts'
import { messagesOf } from './support/messages.ts'
import { cpuSeconds, residentMebibytes, start } from './support/process.ts'
import { Report } from './support/report.ts'
import { inRounds, rounded } from './support/rounds.ts'
import { openSite } from './support/server.ts'
import { presignedTarget } from './support/signed.ts'
import { Yardstick } from './support/yardstick.ts'

const broadcast = fileURLToPath(new URL('./support/broadcast.ts', import.meta.url))
/** More messages than a part of this bench sends. */
const numbers = 2_000_000

interface Times {
  readonly seconds: number
  readonly rounds: number
}

/** One channel whose members are all connected: each message alone, and ten at once. */
async function oneChannel(report: Report, members: number, { seconds, rounds }: Times) {
  const shape = { users: members, channels: 1, each: 1, large: 0 }
  const site = await openSite(shape)
  const { server } = site
  const floor = await start([broadcast], {}, /ready on (http:\S+)/)
  const yardstick = await Yardstick.start()
  const crowds = { server: new Crowd(numbers), floor: new Crowd(numbers) }
  const connections = { server: new Connections(server.url, 10), floor: new Connections(floor.url, 1) }
  try {
    const people = membersByChannel(shape)
    const targets = people[0]!.map(user => presignedTarget(server.url, userArn(user)))
    await crowds.server.open(server.url, targets)
    await crowds.floor.open(floor.url, targets.fill('/'))
    const messageOf = messagesOf(server.url, people)
    const carillon: Audience = {
      server,
      crowd: crowds.server,
      size: members,
      send: (first, count) => {
        const requests = Array.from({ length: count }, (_, index) => messageOf(first + index))
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
        hello: async () => ({ ...(await yardstick.measure(seconds)), deliveriesPerSecond: 0 }),
        [`bare ws, ${lone}`]: () => spreading(bare, 1, seconds),
        [lone]: () => spreading(carillon, 1, seconds),
        [`bare ws, ${burst}`]: () => spreading(bare, 10, seconds),
        [burst]: () => spreading(carillon, 10, seconds),
      },
      rounds,
    )
    await crowds.server.requireComplete({ members, last: carillon.next - 1 })
    report.tell({ members, 'bytes of a frame': frame })
    report.table(
      'one channel, all members connected',
      [...figures].map(([kind, all]) => {
        const floors = figures.get(`bare ws, ${kind}`)
        return {
          kind,
          ...costColumns(all, figures),
          'a delivery': kind === 'hello' ? undefined : medianOf(all, one => one.microseconds / members, 2),
          '× bare ws': floors && ratioOf(all, floors, 2),
          'deliveries/s': medianOf(all, one => one.deliveriesPerSecond),
        }
      }),
    )
  } finally {
    for (const each of [connections.server, connections.floor]) each.close()
    for (const each of [crowds.server, crowds.floor]) await each.stop()
    await yardstick.stop()
    await floor.stop()
    await site.close()
  }
}

/** For a minute a hundred messages a second in one channel, while one client never reads. */
async function check(report: Report, members: number, seconds: number) {
  const perSecond = 100
  const messages = seconds * perSecond
  const site = await openSite({ users: members + 1, channels: 1, each: 1, large: 0 })
  const { server } = site
  const crowd = new Crowd(messages + 1)
  const stuck = new Crowd(0)
  const connections = new Connections(server.url, 32)
  try {
    const target = (user: number) => presignedTarget(server.url, userArn(user))
    const people = Array.from({ length: members }, (_, index) => 2 + index)
    const messageOf = messagesOf(server.url, [people])
    await crowd.open(server.url, people.map(target))
    await stuck.open(server.url, [target(2 + members)], { isStuck: true })
    await setTimeout(2000)
    const memory = [residentMebibytes(server.pid)]
    const before = cpuSeconds(server.pid)
    const start = milliseconds()
    const sentAt: number[] = [0]
    const asked: Promise<void>[] = []
    while (asked.length < messages) {
      const due = Math.min(messages, ((milliseconds() - start) / 1000) * perSecond)
      while (asked.length < due) {
        sentAt.push(milliseconds())
        asked.push(connections.ask(messageOf(asked.length + 1)))
      }
      if (milliseconds() - start > memory.length * 5000) memory.push(residentMebibytes(server.pid))
      await setTimeout(1)
    }
    await Promise.all(asked)
    if (!(await crowd.until(messages * members))) throw new Error('deliveries are missing')
    const microseconds = ((cpuSeconds(server.pid) - before) * 1e6) / messages
    await crowd.requireComplete({ members, last: messages })
    const waited = sentAt
      .map((at, number) => crowd.lastHeard[number]! - at)
      .slice(1)
      .toSorted((a, b) => a - b)
    const figures = await (await fetch(`${server.url}/metrics`)).text()
    const slow = Number(/^carillon_slow_sessions_total (\d+)/m.exec(figures)?.[1] ?? 0)
    report.table(`${perSecond} messages a second, one client never reads`, [
      {
        members,
        messages,
        'each heard once, in one order': 'yes',
        'stuck clients closed': slow,
        'others closed': crowd.figure('closed'),
        'CPU µs a message': Math.round(microseconds),
        'last delivery p50 ms': rounded(percentile(waited, 0.5)),
        'p99 ms': rounded(percentile(waited, 0.99)),
        'resident MiB, every 5 s': memory.join(' '),
      },
    ])
    if (slow !== 1) throw new Error('the client that never reads has not been closed')
  } finally {
    connections.close()
    await crowd.stop()
    await stuck.stop()
    await site.close()
  }
}

/** Messages to many sockets of one channel: server CPU against a bare `ws` server that frames once, in the same rounds. */
export async function fanout(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      members: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '7' },
      'check-seconds': { type: 'string', default: '60' },
    },
  })
  const report = new Report('fanout', values)
  const times = { seconds: Number(values.seconds), rounds: Number(values.rounds) }
  await oneChannel(report, Number(values.members), times)
  const checkSeconds = Number(values['check-seconds'])
  if (checkSeconds > 0) await check(report, Number(values.members), checkSeconds)
  await report.keep()
}
