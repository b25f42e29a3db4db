import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Crowd, milliseconds } from './support/crowd.ts'
import { channelArn, membersByChannel, userArn } from './support/fill.ts'
import { Connections, percentile } from './support/load.ts'
import { sending } from './support/messages.ts'
import { cpuSeconds, machine } from './support/process.ts'
import { median, rounded, spread } from './support/rounds.ts'
import { filledFolder, removeFolder, serve } from './support/server.ts'
import { presignedTarget } from './support/signed.ts'

const contentLength = 300

/** From the moment a message is sent until the last member has it, at a given rate, over rooms whose members are all connected. */
export async function latency(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rooms: { type: 'string', default: '100' },
      'members-of-room': { type: 'string', default: '20' },
      rates: { type: 'string', default: '50,200,1000' },
      seconds: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '3' },
    },
  })
  const rooms = Number(values.rooms)
  const members = Number(values['members-of-room'])
  const rates = values.rates.split(',').map(Number)
  const seconds = Number(values.seconds)
  const rounds = Number(values.rounds)
  const shape = { users: rooms * members, channels: rooms, each: 1, large: 0 }
  const folder = await filledFolder(shape)
  const server = await serve(folder)
  const crowd = new Crowd(1 + rates.reduce((sum, rate) => sum + rate, 0) * seconds * (rounds + 1))
  const connections = new Connections(server.url, 64)
  process.stdout.write(`${JSON.stringify(machine())}\n`)
  try {
    const people = membersByChannel(shape)
    const targets = people.flat().map(user => presignedTarget(server.url, userArn(user)))
    await crowd.open(server.url, targets)
    let next = 1
    const measured = async (rate: number) => {
      const before = cpuSeconds(server.pid)
      const start = milliseconds()
      const first = next
      const sentAt: number[] = []
      const asked: Promise<void>[] = []
      while (asked.length < rate * seconds) {
        const due = Math.min(rate * seconds, ((milliseconds() - start) / 1000) * rate)
        while (asked.length < due) {
          const number = next++
          const room = number % rooms
          const sender = userArn(people[room]![Math.floor(number / rooms) % members]!)
          // As soon as it is due, so that a client that is late counts too.
          sentAt.push(start + (asked.length * 1000) / rate)
          asked.push(connections.ask(sending(server.url, { channelArn: channelArn(room + 1), sender, number, length: contentLength })))
        }
        await setTimeout(1)
      }
      await Promise.all(asked)
      if (!(await crowd.until((next - 1) * members))) throw new Error('deliveries are missing')
      const times = sentAt.map((at, index) => crowd.lastHeard[first + index]! - at).toSorted((a, b) => a - b)
      const microseconds = ((cpuSeconds(server.pid) - before) * 1e6) / asked.length
      return { microseconds, p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
    }
    for (const rate of rates) await measured(rate)
    const figures = new Map<number, Awaited<ReturnType<typeof measured>>[]>(rates.map(rate => [rate, []]))
    for (let round = 0; round < rounds; round++) for (const rate of rates) figures.get(rate)!.push(await measured(rate))
    console.table(
      [...figures].map(([rate, all]) => ({
        'messages/s': rate,
        'deliveries/s': rate * members,
        'last delivery p50 ms': rounded(median(all.map(({ p50 }) => p50)), 2),
        'p50 spread': spread(
          all.map(({ p50 }) => p50),
          1,
        ),
        'p99 ms': rounded(median(all.map(({ p99 }) => p99)), 2),
        'p99 spread': spread(
          all.map(({ p99 }) => p99),
          1,
        ),
        'CPU µs a message': Math.round(median(all.map(({ microseconds }) => microseconds))),
      })),
    )
  } finally {
    connections.close()
    await crowd.stop()
    await server.stop()
    await removeFolder(folder)
  }
}
