import { parseArgs } from 'node:util'
import { BareInsert } from './support/bare-insert.ts'
import { Crowd, milliseconds } from './support/crowd.ts'
import { membersByChannel, userArn } from './support/fill.ts'
import { load } from './support/load.ts'
import { costColumns, counting, medianOf, type Measured } from './support/measured.ts'
import { contentLength, messagesOf } from './support/messages.ts'
import { Report } from './support/report.ts'
import { inRounds, median, rounded } from './support/rounds.ts'
import { openSite, type Site } from './support/server.ts'
import { presignedTarget } from './support/signed.ts'
import { Yardstick } from './support/yardstick.ts'

/** More messages than a run sends. */
const numbers = 2_000_000

/** Of hello and of a bare insert too, for which nothing is delivered. */
interface Sending extends Measured {
  /** A second. */
  readonly deliveries: number
}

interface Sizes {
  /** Of one measurement. */
  readonly seconds: number
  /** Of a Content. */
  readonly characters: number
}

/** The senders, and the listeners where the crowd is connected. */
class Senders {
  readonly #site: Site
  readonly #crowd: Crowd
  readonly #messageOf: (number: number) => Buffer
  readonly #seconds: number
  /** How many members of each channel are connected. */
  listeners = 0
  /** The number of the next message. */
  next = 1

  constructor(site: Site, crowd: Crowd, people: readonly (readonly number[])[], { seconds, characters }: Sizes) {
    this.#site = site
    this.#crowd = crowd
    this.#messageOf = messagesOf(site.server.url, people, characters)
    this.#seconds = seconds
  }

  /** That many messages in flight, until every listener has them all. */
  async send(connections: number): Promise<Sending> {
    const costOf = counting(this.#site)
    const start = milliseconds()
    const first = this.next
    const result = await load(this.#site.server.url, () => this.#messageOf(this.next++), { seconds: this.#seconds, connections })
    if (!(await this.#crowd.until((this.next - 1) * this.listeners))) throw new Error('deliveries are missing')
    const messages = this.next - first
    const seconds = (milliseconds() - start) / 1000
    return { ...result, ...costOf(messages), deliveries: (messages * this.listeners) / seconds }
  }
}

const undelivered = (measure: () => Promise<Measured>) => async (): Promise<Sending> => ({ ...(await measure()), deliveries: 0 })

/** One row for each kind; hello and bare inserts are two of them. */
function rowsOf(figures: ReadonlyMap<string, readonly Sending[]>) {
  const inserts = figures.get('bare insert')
  return [...figures].map(([kind, all]) => ({
    kind,
    ...costColumns(all, figures),
    ...(inserts && { '× bare insert': rounded(median(all.map((one, round) => one.database / inserts[round]!.database)), 2) }),
    'a second': medianOf(all, one => one.requests / one.seconds),
    'deliveries/s': medianOf(all, one => one.deliveries),
    'p50 ms': medianOf(all, one => one.p50, 2),
    'p99 ms': medianOf(all, one => one.p99, 2),
  }))
}

/** Messages to many channels with all members connected: server CPU a message against hello, and what it takes on disk. */
export async function send(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rooms: { type: 'string', default: '100' },
      'members-of-room': { type: 'string', default: '20' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '7' },
      characters: { type: 'string', default: String(contentLength) },
      postgres: { type: 'boolean', default: false },
    },
  })
  const [rooms, members] = [Number(values.rooms), Number(values['members-of-room'])]
  const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)]
  const shape = { users: rooms * members, channels: rooms, each: 1, large: 0 }
  const report = new Report(values.postgres ? 'send-postgres' : 'send', values)
  const site = await openSite(shape, values)
  const yardstick = await Yardstick.start()
  const crowd = new Crowd(numbers)
  const bare = values.postgres ? await BareInsert.open(site) : undefined
  try {
    const people = membersByChannel(shape)
    const senders = new Senders(site, crowd, people, { seconds, characters: Number(values.characters) })
    const bytesBefore = await site.storedBytes()
    const yardsticks = {
      hello: undelivered(() => yardstick.measure(seconds)),
      ...(bare && { 'bare insert': undelivered(() => bare.measure(seconds)) }),
    }
    const alone = await inRounds({ ...yardsticks, 'nobody listens, 32 in flight': () => senders.send(32) }, rounds)
    const unheard = senders.next - 1
    senders.next = 1
    senders.listeners = members
    const targets = people.flat().map(user => presignedTarget(site.server.url, userArn(user)))
    await crowd.open(site.server.url, targets)
    const heard = await inRounds(
      { ...yardsticks, '32 in flight': () => senders.send(32), '256 in flight': () => senders.send(256) },
      rounds,
    )
    await crowd.requireComplete({ members, last: senders.next - 1 })
    await bare?.close()
    await site.server.stop()
    const messages = unheard + senders.next - 1
    report.tell({
      rooms,
      'members of each': members,
      messages,
      'each heard once, in one order': 'yes',
      'bytes on disk a message': Math.round(((await site.storedBytes()) - bytesBefore) / messages),
    })
    report.table('messages while nobody listens', rowsOf(alone))
    report.table('messages while all members listen', rowsOf(heard))
    await report.keep()
  } finally {
    await crowd.stop()
    await yardstick.stop()
    await site.close()
  }
}
