import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Crowd, milliseconds } from './support/crowd.ts'
import { channelArn, membersByChannel, userArn } from './support/fill.ts'
import { Connections, percentile } from './support/load.ts'
import { sending } from './support/messages.ts'
import { cpuSeconds, machine, start } from './support/process.ts'
import { median, rounded, spread } from './support/rounds.ts'
import { filledFolder, removeFolder, serve } from './support/server.ts'
import { presignedTarget } from './support/signed.ts'

const hello = new URL('./support/hello.ts', import.meta.url).pathname
const greeting = Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
const contentLength = 300

const quantiles = (sorted: readonly number[]) => ({ p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) })

/** From the moment a message is sent until the last member has it, at a given rate, over rooms whose members are all connected; and what a bare
 * node:http server takes for hello at the same rate. */
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
  const yardstick = await start([hello], {}, /ready on (http:\S+)/)
  const greeted = new Connections(yardstick.url, 64)
  process.stdout.write(`${JSON.stringify(machine())}\n`)
  try {
    const people = membersByChannel(shape)
    const targets = people.flat().map(user => presignedTarget(server.url, userArn(user)))
    await crowd.open(server.url, targets)
    let next = 1
    /** So many a second, whether they are answered or not; resolves to when each of them was due. */
    const pace = async (rate: number, one: (due: number) => Promise<void>): Promise<number[]> => {
      const start = milliseconds()
      const sentAt: number[] = []
      const asked: Promise<void>[] = []
      while (asked.length < rate * seconds) {
        const due = Math.min(rate * seconds, ((milliseconds() - start) / 1000) * rate)
        while (asked.length < due) {
          // A client that is late counts too.
          sentAt.push(start + (asked.length * 1000) / rate)
          asked.push(one(sentAt.at(-1)!))
        }
        await setTimeout(1)
      }
      await Promise.all(asked)
      return sentAt
    }
    const measured = async (rate: number) => {
      const greetings: number[] = []
      await pace(rate, async due => {
        await greeted.ask(greeting)
        greetings.push(milliseconds() - due)
      })
      const before = cpuSeconds(server.pid)
      const first = next
      const sentAt = await pace(rate, () => {
        const number = next++
        const room = number % rooms
        const sender = userArn(people[room]![Math.floor(number / rooms) % members]!)
        return connections.ask(sending(server.url, { channelArn: channelArn(room + 1), sender, number, length: contentLength }))
      })
      if (!(await crowd.until((next - 1) * members))) throw new Error('deliveries are missing')
      const microseconds = ((cpuSeconds(server.pid) - before) * 1e6) / sentAt.length
      const times = sentAt.map((at, index) => crowd.lastHeard[first + index]! - at).toSorted((a, b) => a - b)
      greetings.sort((a, b) => a - b)
      return { microseconds, hello: quantiles(greetings), last: quantiles(times) }
    }
    for (const rate of rates) await measured(rate)
    const figures = new Map<number, Awaited<ReturnType<typeof measured>>[]>(rates.map(rate => [rate, []]))
    for (let round = 0; round < rounds; round++) for (const rate of rates) figures.get(rate)!.push(await measured(rate))
    console.table(
      [...figures].map(([rate, all]) => ({
        'messages/s': rate,
        'deliveries/s': rate * members,
        'last delivery p50 ms': rounded(median(all.map(({ last }) => last.p50))),
        p99: rounded(median(all.map(({ last }) => last.p99))),
        p50s: spread(
          all.map(({ last }) => last.p50),
          1,
        ),
        p99s: spread(
          all.map(({ last }) => last.p99),
          1,
        ),
        'hello p50 ms': rounded(median(all.map(({ hello }) => hello.p50))),
        'hello p99': rounded(median(all.map(({ hello }) => hello.p99))),
        'CPU µs a message': Math.round(median(all.map(({ microseconds }) => microseconds))),
      })),
    )
  } finally {
    connections.close()
    greeted.close()
    await crowd.stop()
    await yardstick.stop()
    await server.stop()
    await removeFolder(folder)
  }
}
