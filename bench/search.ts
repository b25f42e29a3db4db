import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Carillon } from '../server/src/client/carillon.ts'
import { Chance } from './support/chance.ts'
import { membersByChannel, userArn } from './support/fill.ts'
import { counting, loading, medianOf, ratioOf } from './support/measured.ts'
import { messagesOf } from './support/messages.ts'
import { Report } from './support/report.ts'
import { inRounds, rounded } from './support/rounds.ts'
import { openSite, type Site } from './support/server.ts'
import { rootKey } from './support/signed.ts'
import { ideographOf, wordOf } from './support/texts.ts'

type Input = Omit<Parameters<typeof Carillon.prototype.call<'SearchMessages'>>[1], 'ChimeBearer'>

/** The words that are searched, by how common they are. */
const kinds: Readonly<Record<string, (chance: Chance) => Input>> = {
  'a rare word': chance => ({ SearchText: wordOf(20_000 + chance.below(30_000)) }),
  'a word': chance => ({ SearchText: wordOf(200 + chance.below(2000)) }),
  'a very common word': chance => ({ SearchText: wordOf(chance.below(5)) }),
  'two very common words': chance => ({ SearchText: `${wordOf(chance.below(5))} ${wordOf(5 + chance.below(10))}` }),
  'a phrase': chance => ({ SearchText: `"${wordOf(chance.below(20))} ${wordOf(chance.below(200))}"` }),
  'a beginning': chance => ({ SearchText: `${wordOf(chance.below(2000)).slice(0, 4)}*` }),
  'two ideographs': chance => ({ SearchText: ideographOf(chance.below(300)) + ideographOf(chance.below(300)) }),
  'one ideograph': chance => ({ SearchText: ideographOf(chance.below(300)) }),
  'a common word of a sender': chance => ({ SearchText: wordOf(chance.below(5)), SenderArn: userArn(2 + chance.below(500)) }),
  'a common word, best first': chance => ({ SearchText: wordOf(chance.below(5)), SortBy: 'BEST' }),
}

/** The searches of one kind: the milliseconds of each, and of one the milliseconds of CPU and the messages found. */
interface Searches {
  readonly times: readonly number[]
  readonly cpu: number
  readonly found: number
}

function percentile(times: readonly number[], part: number) {
  const sorted = times.toSorted((a, b) => a - b)
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!, 2)
}

const rowOf = (kind: string, first: Searches, warm: Searches) => ({
  kind,
  'first p50 ms': percentile(first.times, 0.5),
  'first p99 ms': percentile(first.times, 0.99),
  'warm p50 ms': percentile(warm.times, 0.5),
  'warm p99 ms': percentile(warm.times, 0.99),
  'CPU ms': rounded(warm.cpu),
  found: rounded(warm.found),
})

const together = (all: readonly Searches[]): Searches => ({
  times: all.flatMap(({ times }) => times),
  cpu: mean(all.map(({ cpu }) => cpu)),
  found: mean(all.map(({ found }) => found)),
})

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

class Searcher {
  readonly #site: Site
  readonly #client: Carillon
  readonly #users: number

  constructor(site: Site, users: number) {
    this.#site = site
    this.#client = new Carillon({ endpoint: site.server.url, credentials: rootKey })
    this.#users = users
  }

  async search(input: Input, user: number) {
    return this.#client.call('SearchMessages', { ...input, ChimeBearer: userArn(user) })
  }

  async isComplete() {
    return (await this.search({ SearchText: 'x' }, 2)).IndexedAllMessages
  }

  /** While an index is built on a busy machine, it may not answer in time. */
  async untilComplete() {
    while (!(await this.isComplete().catch(() => false))) await pause(1000)
    // The segments of the index are merged after that.
    for (let before = -1, now = 0; now - before > 0.1; now = this.#site.cpu().server) {
      before = now
      await pause(3000)
    }
  }

  /** So many searches of different users, one after the other. */
  async measure(kind: string, count: number, seed: number): Promise<Searches> {
    const chance = new Chance(seed)
    const times: number[] = []
    const costOf = counting(this.#site)
    let found = 0
    for (let index = 0; index < count; index++) {
      const input = kinds[kind]!(chance)
      const user = 2 + chance.below(this.#users)
      const start = performance.now()
      found += (await this.search({ ...input, MaxResults: 20 }, user)).FoundMessages!.length
      times.push(performance.now() - start)
    }
    const { microseconds, database } = costOf(count)
    return { times, cpu: (microseconds + database) / 1000, found: found / count }
  }
}

/** What the index costs and how long searches take, for users of many channels; and what it adds to a send. */
export async function search(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '1000000' },
      channels: { type: 'string', default: '20000' },
      users: { type: 'string', default: '500' },
      each: { type: 'string', default: '200' },
      searches: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '5' },
      folder: { type: 'string' },
      postgres: { type: 'boolean', default: false },
    },
  })
  const [texts, users, searches] = [Number(values.messages), Number(values.users), Number(values.searches)]
  const shape = { channels: Number(values.channels), users, each: Number(values.each), large: 0, texts }
  const report = new Report(values.postgres ? 'search-postgres' : 'search', values)
  const { postgres, folder } = values
  const site = await openSite(shape, { postgres, folder, flags: ['--search', 'on'] })
  try {
    const searcher = new Searcher(site, users)
    if (!(await searcher.isComplete())) {
      const [bytes, cpu, start] = [await site.storedBytes(), site.cpu(), performance.now()]
      await searcher.untilComplete()
      const spent = site.cpu()
      const perMessage = (value: number, digits = 1) => rounded(value / texts, digits)
      report.tell({
        messages: texts,
        'seconds to build the index': Math.round((performance.now() - start) / 1000),
        'server CPU µs a message': perMessage((spent.server - cpu.server) * 1e6),
        ...(postgres && { 'PostgreSQL CPU µs a message': perMessage((spent.database - cpu.database) * 1e6) }),
        'bytes of index a message': perMessage((await site.storedBytes()) - bytes),
      })
    }
    const [firsts, warms]: [Searches[], Searches[]] = [[], []]
    for (const kind of Object.keys(kinds)) {
      firsts.push(await searcher.measure(kind, searches, 1))
      warms.push(await searcher.measure(kind, searches, 1))
    }
    const rows = Object.keys(kinds).map((kind, index) => rowOf(kind, firsts[index]!, warms[index]!))
    rows.push(rowOf('all together', together(firsts), together(warms)))
    report.table('searches', rows)
  } finally {
    await site.close()
  }
  report.table('messages, with and without the index', await sends(postgres, Number(values.seconds), Number(values.rounds)))
  await report.keep()
}

/** CPU of a message, the work of the index included. */
async function sends(postgres: boolean, seconds: number, rounds: number) {
  const shape = { users: 2000, channels: 100, each: 1, large: 0 }
  const sites = [await openSite(shape, { postgres }), await openSite(shape, { postgres, flags: ['--search', 'on'] })]
  try {
    const [without, with_] = sites.map(site => {
      let next = 1
      const messageOf = messagesOf(site.server.url, membersByChannel(shape))
      return loading(site, () => messageOf(next++), seconds)
    })
    const figures = await inRounds({ without: without!, with: with_! }, rounds)
    return [...figures].map(([kind, all]) => ({
      kind,
      'CPU µs': medianOf(all, one => one.microseconds, 1),
      '× without': ratioOf(all, figures.get('without')!, 2),
      'database µs': medianOf(all, one => one.database, 1),
      'a second': medianOf(all, one => one.requests / one.seconds),
      'p99 ms': medianOf(all, one => one.p99, 2),
    }))
  } finally {
    for (const site of sites) await site.close()
  }
}
