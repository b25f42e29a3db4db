import { parseArgs } from 'node:util'
import { Crowd, milliseconds } from './support/crowd.ts'
import { membersByChannel, userArn } from './support/fill.ts'
import { Connections } from './support/load.ts'
import { counting, medianOf, spreadOf } from './support/measured.ts'
import { messagesOf } from './support/messages.ts'
import { paced, quantiles } from './support/paced.ts'
import { Report } from './support/report.ts'
import { inRounds, warmUps } from './support/rounds.ts'
import { openSite } from './support/server.ts'
import { presignedTarget } from './support/signed.ts'
import { greeting, Yardstick } from './support/yardstick.ts'

/**
 * The time from the moment at which a message is due until the last member has it, at a given rate, over rooms whose members are all
 * connected; and the time of a bare node:http server for hello at the same rate.
 */
export async function latency(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rooms: { type: 'string', default: '100' },
      'members-of-room': { type: 'string', default: '20' },
      rates: { type: 'string', default: '50,200,1000' },
      seconds: { type: 'string', default: '6' },
      rounds: { type: 'string', default: '5' },
    },
  })
  const [rooms, members] = [Number(values.rooms), Number(values['members-of-room'])]
  const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)]
  const rates = values.rates.split(',').map(Number)
  const shape = { users: rooms * members, channels: rooms, each: 1, large: 0 }
  const report = new Report('latency', values)
  const site = await openSite(shape)
  const { url } = site.server
  const yardstick = await Yardstick.start()
  const crowd = new Crowd(1 + rates.reduce((sum, rate) => sum + rate, 0) * seconds * (rounds + warmUps))
  const connections = new Connections(url, 64)
  const greeted = new Connections(yardstick.url, 64)
  try {
    const people = membersByChannel(shape)
    const messageOf = messagesOf(url, people)
    await crowd.open(
      url,
      people.flat().map(user => presignedTarget(url, userArn(user))),
    )
    let next = 1
    const measured = async (rate: number) => {
      const greetings: number[] = []
      await paced(rate, seconds, async due => {
        await greeted.ask(greeting)
        greetings.push(milliseconds() - due)
      })
      const costOf = counting(site)
      const first = next
      const sentAt = await paced(rate, seconds, () => connections.ask(messageOf(next++)))
      if (!(await crowd.until((next - 1) * members))) throw new Error('deliveries are missing')
      const times = sentAt.map((at, index) => crowd.lastHeard[first + index]! - at)
      return { ...costOf(sentAt.length), hello: quantiles(greetings), last: quantiles(times) }
    }
    const figures = await inRounds(Object.fromEntries(rates.map(rate => [String(rate), () => measured(rate)])), rounds)
    await crowd.requireComplete({ members, last: next - 1 })
    report.table(
      'until the last member has a message',
      [...figures].map(([rate, all]) => ({
        'messages/s': Number(rate),
        'deliveries/s': Number(rate) * members,
        'p50 ms': medianOf(all, one => one.last.p50, 1),
        'spread of the p50': spreadOf(all, one => one.last.p50, 1),
        'p99 ms': medianOf(all, one => one.last.p99, 1),
        'spread of the p99': spreadOf(all, one => one.last.p99, 1),
        'hello p50 ms': medianOf(all, one => one.hello.p50, 1),
        'hello p99 ms': medianOf(all, one => one.hello.p99, 1),
        'CPU µs a message': medianOf(all, one => one.microseconds),
      })),
    )
    await report.keep()
  } finally {
    connections.close()
    greeted.close()
    await crowd.stop()
    await yardstick.stop()
    await site.close()
  }
}
