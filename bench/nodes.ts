import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { runNats, type OwnNats } from '../server/test/support/nats-program.ts'
import { startPostgres } from '../server/test/support/postgres.ts'
import { Crowd } from './support/crowd.ts'
import { fillPostgres } from './support/fill-postgres.ts'
import { channelArn, filledMessage, membersByChannel, userArn, type Shape } from './support/fill.ts'
import { Connections, load } from './support/load.ts'
import { medianOf, spreadOf } from './support/measured.ts'
import { messagesOf } from './support/messages.ts'
import { paced, quantiles } from './support/paced.ts'
import { copyOf } from './support/postgres-client.ts'
import { cpuSeconds, treeCpuSeconds, type Started } from './support/process.ts'
import { Report } from './support/report.ts'
import { inRounds, median, rounded, spread, warmUps } from './support/rounds.ts'
import { removeFolder, serve } from './support/server.ts'
import { presignedTarget, signedGet, signedPut } from './support/signed.ts'

/** Requests in flight: of a saturated node, and of all nodes together where they share what one node had. */
const inFlight = 32

/** The services that are compared. */
const services = {
  'one node, no log': { count: 1, usesNats: false, flags: ['--resume', 'off'] },
  'one node': { count: 1, usesNats: false, flags: [] },
  'one node, NATS': { count: 1, usesNats: true, flags: [] },
  'two nodes': { count: 2, usesNats: true, flags: [] },
  'three nodes': { count: 3, usesNats: true, flags: [] },
} as const
type ServiceName = keyof typeof services
const names = Object.keys(services) as ServiceName[]
/** The one whose work several nodes are to carry. */
const plain = 'one node'

/**
 * How many requests are in flight on each node. A node is saturated by as many as one node had. Where all of them share those, each has
 * fewer that share a round trip to the database.
 */
const ways = {
  each: () => inFlight,
  together: (nodes: number) => Math.ceil(inFlight / nodes),
} as const
type Way = keyof typeof ways

/** What is measured: a service, and a way of loading it. The ways are the same for one node. */
const measured = names.flatMap(name =>
  (Object.keys(ways) as Way[]).flatMap(way => (way === 'together' && services[name].count === 1 ? [] : [{ name, way }])),
)

/** CPU microseconds of one operation. */
interface Cost {
  /** Of all nodes. */
  readonly nodes: number
  readonly database: number
  readonly nats: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

interface Given {
  readonly way: Way
  readonly seconds: number
}

/** Nodes over a database of their own, with listeners. */
class Service {
  readonly #nodes: readonly Started[]
  readonly #crowd: Crowd
  readonly #members: number
  readonly #cpu: () => { nodes: number; database: number; nats: number }
  readonly #messageOf: readonly ((number: number) => Buffer)[]
  readonly #people: readonly (readonly number[])[]
  readonly #shape: Shape
  /** The channel of each socket, in the order of their opening. */
  readonly #channels: number[] = []
  #next = 1
  #heard = 0

  constructor(
    nodes: readonly Started[],
    given: { crowd: Crowd; shape: Shape; people: readonly (readonly number[])[]; database: () => number; nats: OwnNats },
  ) {
    const { crowd, shape, people, database, nats } = given
    this.#nodes = nodes
    this.#crowd = crowd
    this.#people = people
    this.#members = people[0]!.length
    this.#shape = shape
    this.#messageOf = nodes.map(({ url }) => messagesOf(url, people))
    this.#cpu = () => ({
      nodes: nodes.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
      database: database(),
      nats: cpuSeconds(nats.pid()),
    })
  }

  /** Members of each channel listen, spread over the nodes. */
  async listen() {
    for (const [index, { url }] of this.#nodes.entries()) {
      const here = this.#people.flatMap((members, channel) =>
        members.filter((_, member) => member % this.#nodes.length === index).map(user => ({ user, channel })),
      )
      await this.#crowd.open(
        url,
        here.map(({ user }) => presignedTarget(url, userArn(user))),
      )
      this.#channels.push(...here.map(({ channel }) => channel))
    }
    this.#heard = this.#members
    this.#next = 1
  }

  /** CPU milliseconds of each node in a second without requests. */
  async idle(seconds: number) {
    const before = this.#cpu().nodes
    await setTimeout(seconds * 1000)
    return ((this.#cpu().nodes - before) * 1000) / seconds / this.#nodes.length
  }

  /** Requests to all nodes at once; each begins with the number of its node. */
  async #load(requestOf: (node: number) => Buffer, { way, seconds }: Given, isDone = async () => {}): Promise<Cost> {
    const before = this.#cpu()
    const connections = ways[way](this.#nodes.length)
    const all = await Promise.all(this.#nodes.map(({ url }, node) => load(url, () => requestOf(node), { seconds, connections })))
    await isDone()
    const after = this.#cpu()
    const requests = all.reduce((sum, one) => sum + one.requests, 0)
    const each = (what: keyof typeof after) => ((after[what] - before[what]) * 1e6) / requests
    const worst = (what: 'p50' | 'p99') => Math.max(...all.map(one => one[what]))
    const perSecond = all.reduce((sum, one) => sum + one.requests / one.seconds, 0)
    return { nodes: each('nodes'), database: each('database'), nats: each('nats'), perSecond, p50: worst('p50'), p99: worst('p99') }
  }

  messages(given: Given): Promise<Cost> {
    return this.#load(
      node => this.#messageOf[node]!(this.#next++),
      given,
      () => this.#allHeard(),
    )
  }

  async #allHeard() {
    if (!(await this.#crowd.until((this.#next - 1) * this.#heard))) throw new Error('deliveries are missing')
  }

  async pages(given: Given): Promise<Cost> {
    const requests = await Promise.all(
      this.#nodes.map(({ url }) =>
        Promise.all(
          this.#people.flat().map(user => signedGet(url, '/channels', { scope: 'app-instance-user-memberships' }, userArn(user))),
        ),
      ),
    )
    let number = 0
    return this.#load(node => requests[node]![number++ % requests[node]!.length]!, given)
  }

  edits(given: Given): Promise<Cost> {
    let number = 0
    return this.#load(node => {
      const { messageId, channel } = filledMessage(number++ % this.#shape.channels, this.#shape)
      const path = `/channels/${encodeURIComponent(channelArn(channel))}/messages/${messageId}`
      return signedPut(this.#nodes[node]!.url, path, JSON.stringify({ Content: `edit ${number}` }), userArn(1))
    }, given)
  }

  /** How long it takes from the time that a message is due, on the nodes in turn, until the last member has it. */
  async delays(rate: number, seconds: number) {
    const first = this.#next
    const connections = this.#nodes.map(({ url }) => new Connections(url, 64))
    const sentAt = await paced(rate, seconds, () => {
      const node = this.#next % this.#nodes.length
      return connections[node]!.ask(this.#messageOf[node]!(this.#next++))
    })
    for (const each of connections) each.close()
    await this.#allHeard()
    return quantiles(sentAt.map((at, index) => this.#crowd.lastHeard[first + index]! - at))
  }

  /** Throws unless every member has got every message once, and all in the same order. */
  async requireComplete() {
    await this.#crowd.requireComplete({ members: this.#members, last: this.#next - 1, channels: this.#channels })
  }

  async close() {
    await this.#crowd.stop()
    await Promise.all(this.#nodes.map(node => node.stop()))
  }
}

/** The name of a row: which operation costs how much in which service. */
const kindOf = (what: string, name: ServiceName, way: Way = 'each') => `${what}: ${name} ${way}`

function costRows(what: string, figures: ReadonlyMap<string, readonly Cost[]>) {
  const base = figures.get(kindOf(what, plain))!
  return measured.map(({ name, way }) => {
    const all = figures.get(kindOf(what, name, way))!
    const { count } = services[name]
    const whole = all.map((one, round) => (one.nodes + one.database) / (base[round]!.nodes + base[round]!.database))
    return {
      service: name,
      'in flight': `${count} × ${ways[way](count)}`,
      'nodes µs': medianOf(all, one => one.nodes),
      spread: spreadOf(all, one => one.nodes),
      'database µs': medianOf(all, one => one.database),
      'NATS µs': medianOf(all, one => one.nats, 1),
      '× one node, with database': rounded(median(whole), 2),
      'its spread': spread(whole, 2),
      'carry × one node': rounded(median(all.map((one, round) => (count * base[round]!.nodes) / one.nodes)), 2),
      'spread of that': spread(
        all.map((one, round) => (count * base[round]!.nodes) / one.nodes),
        2,
      ),
      'a second': medianOf(all, one => one.perSecond),
      'p50 ms': medianOf(all, one => one.p50, 1),
      'p99 ms': medianOf(all, one => one.p99, 1),
    }
  })
}

/** One, two and three nodes on one PostgreSQL: what messages, edits, pages and deliveries cost, and how long deliveries take. */
export async function nodes(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rooms: { type: 'string', default: '50' },
      'members-of-room': { type: 'string', default: '20' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '7' },
      rate: { type: 'string', default: '100' },
    },
  })
  const [rooms, members, rate] = [Number(values.rooms), Number(values['members-of-room']), Number(values.rate)]
  const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)]
  const shape = { users: rooms * members, channels: rooms, each: 1, large: rooms, messages: 20 }
  const people = membersByChannel(shape)
  const report = new Report('nodes', values)
  const postgres = await startPostgres(['-c', 'shared_buffers=1GB', '-c', 'max_wal_size=8GB', '-c', 'max_connections=300'])
  const nats = await runNats()
  const folders: string[] = []
  const open = new Map<ServiceName, Service>()
  try {
    await fillPostgres(postgres.url, shape)
    const postmaster = await postgres.pid()
    for (const [index, name] of names.entries()) {
      const url = await copyOf(postgres.url, `service_${index}`)
      const { count, usesNats, flags } = services[name]
      const started: Started[] = []
      for (let node = 0; node < count; node++) {
        const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
        folders.push(folder)
        const all = ['--database-url', url, ...flags, ...(usesNats ? ['--nats-url', nats.url] : [])]
        started.push(await serve(folder, { flags: all, environment: { CARILLON_MASTER_KEY: masterKey } }))
      }
      const numbers = Math.ceil((2 * 20_000 * seconds + rate * seconds) * (rounds + warmUps))
      const database = () => treeCpuSeconds(postmaster)
      open.set(name, new Service(started, { crowd: new Crowd(numbers), shape, people, database, nats }))
    }
    const kinds = <Figures>(what: string, measure: (service: Service) => Promise<Figures>) =>
      Object.fromEntries(names.map(name => [kindOf(what, name), () => measure(open.get(name)!)]))
    const costs = async (what: string, measure: (service: Service, given: Given) => Promise<Cost>) => {
      const all = measured.map(({ name, way }) => [kindOf(what, name, way), () => measure(open.get(name)!, { way, seconds })] as const)
      report.table(what, costRows(what, await inRounds(Object.fromEntries(all), rounds)))
    }
    await costs('pages of memberships', (service, given) => service.pages(given))
    await costs('messages that nobody hears', (service, given) => service.messages(given))
    await costs('edits that nobody hears', (service, given) => service.edits(given))
    report.table(
      'CPU ms of each node in a second without requests',
      await Promise.all([...open].map(async ([service, each]) => ({ service, 'ms a second': rounded(await each.idle(10), 1) }))),
    )
    for (const service of open.values()) await service.listen()
    await costs(`messages to ${members} members on all nodes`, (service, given) => service.messages(given))
    const delays = await inRounds(
      kinds('delay', service => service.delays(rate, seconds)),
      rounds,
    )
    for (const service of open.values()) await service.requireComplete()
    report.table(
      `until the last of ${members} members on all nodes has a message, at ${rate} a second`,
      names.map(name => {
        const all = delays.get(kindOf('delay', name))!
        return {
          service: name,
          'p50 ms': medianOf(all, one => one.p50, 1),
          'spread of the p50': spreadOf(all, one => one.p50, 1),
          'p99 ms': medianOf(all, one => one.p99, 1),
          'spread of the p99': spreadOf(all, one => one.p99, 1),
        }
      }),
    )
    await report.keep()
  } finally {
    for (const service of open.values()) await service.close()
    await nats.stop()
    await postgres.remove()
    for (const folder of folders) await removeFolder(folder)
  }
}

/** The same for all nodes of a service. */
const masterKey = Buffer.alloc(32, 7).toString('base64')
