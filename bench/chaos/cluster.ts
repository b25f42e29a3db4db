import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runNats, type OwnNats } from '../../server/test/support/nats-program.ts'
import { freePort } from '../../server/test/support/ports.ts'
import { startPostgres, type OwnPostgres } from '../../server/test/support/postgres.ts'
import type { Chance } from '../support/chance.ts'
import { signalTree, start, type Started } from '../support/process.ts'
import { rootKey } from '../support/signed.ts'
import { Way } from './way.ts'

const source = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url))
const masterKey = Buffer.alloc(32, 9).toString('base64')
/** One of ten messages of NATS is lost, while messages are dropped. */
const lossRate = 0.1

/** Makes the clock of a process run ahead by that many milliseconds. */
const clock = (ahead: number) =>
  `data:text/javascript,const Real=Date;globalThis.Date=class extends Real{constructor(...a){a.length?super(...a):super(Real.now()+(${ahead}))}static now(){return Real.now()+(${ahead})}}`

type Ways = Pick<Way, 'cut' | 'freeze' | 'heal' | 'close'>

const together = (ways: readonly Way[]): Ways => ({
  cut: () => ways.forEach(way => way.cut()),
  freeze: () => ways.forEach(way => way.freeze()),
  heal: () => ways.forEach(way => way.heal()),
  close: () => ways.forEach(way => way.close()),
})

const portOf = ({ url }: OwnPostgres) => Number(new URL(url).port)

/** A node, always on the same port of its own, with connections of its own to PostgreSQL and to NATS. */
export class Node {
  readonly name: string
  readonly url: string
  readonly toPostgres: Ways
  readonly toNats: Way
  readonly #start: (ahead: number) => Promise<Started>
  #running: Started | undefined

  constructor(given: { name: string; port: number; toPostgres: Ways; toNats: Way; start: (ahead: number) => Promise<Started> }) {
    this.name = given.name
    this.url = `http://127.0.0.1:${given.port}`
    this.toPostgres = given.toPostgres
    this.toNats = given.toNats
    this.#start = given.start
  }

  async start(ahead = 0) {
    this.#running = await this.#start(ahead)
  }

  signal(signal: NodeJS.Signals) {
    this.#running?.child.kill(signal)
  }

  async kill() {
    const { child } = this.#running!
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  async stop() {
    await this.#running?.stop()
  }

  async remove() {
    if (this.#running) await this.kill()
    this.toPostgres.close()
    this.toNats.close()
  }
}

interface Options {
  readonly chance: Chance
  readonly nodes: number
  /** The program that the nodes run. */
  readonly main?: string | undefined
}

/** Nodes, a real PostgreSQL that waits for the disk, and a real nats-server. */
export class Cluster {
  readonly nodes: Node[] = []
  readonly nats: OwnNats
  /** The primary. */
  postgres: OwnPostgres
  /** Both ports of PostgreSQL: the primary has one of them, and the standby of a failover the other. */
  readonly #postgresPorts: readonly number[]
  readonly #options: Options
  readonly #folder: string

  private constructor(options: Options, parts: { nats: OwnNats; postgres: OwnPostgres; standbyPort: number; folder: string }) {
    this.#options = options
    this.nats = parts.nats
    this.postgres = parts.postgres
    this.#postgresPorts = [portOf(parts.postgres), parts.standbyPort]
    this.#folder = parts.folder
  }

  static async start(options: Options): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'carillon-chaos-'))
    const flags = ['-c', 'max_connections=200', '-c', 'wal_keep_size=256MB']
    const [postgres, nats, standbyPort] = await Promise.all([startPostgres(flags), runNats(), freePort()])
    const cluster = new Cluster(options, { postgres, nats, standbyPort, folder })
    try {
      for (let count = 0; count < options.nodes; count++) await cluster.add()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  async add(): Promise<Node> {
    const { chance, main = source } = this.#options
    const [port, toPostgres, toNats] = await Promise.all([
      freePort(),
      Promise.all(this.#postgresPorts.map(async one => Way.to(one))),
      Way.to(this.nats.port, () => chance.is(lossRate)),
    ])
    const hosts = toPostgres.map(way => `127.0.0.1:${way.port}`).join(',')
    const database = `postgresql://postgres:postgres@${hosts}/postgres?target_session_attrs=read-write`
    const args = ['--port', String(port), '--data', this.#folder, '--database-url', database]
    const run = (ahead: number) =>
      start(
        ['--import', clock(ahead), main, 'serve', ...args, '--nats-url', `nats://127.0.0.1:${toNats.port}`],
        {
          CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId,
          CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
          CARILLON_MASTER_KEY: masterKey,
          CARILLON_LOG_LEVEL: process.env['CARILLON_LOG_LEVEL'] ?? 'fatal',
          CARILLON_TLS: 'off',
        },
        /ready on (http:\S+)/,
      )
    const node = new Node({ name: `node ${this.nodes.length + 1}`, port, toPostgres: together(toPostgres), toNats, start: run })
    await node.start()
    this.nodes.push(node)
    return node
  }

  async remove(node: Node) {
    this.nodes.splice(this.nodes.indexOf(node), 1)
    await node.stop()
    await node.remove()
  }

  async crashPostgres() {
    const pid = await this.postgres.pid()
    // At once, without a checkpoint.
    process.kill(pid, 'SIGQUIT')
    while (isThere(pid)) await setTimeout(20)
  }

  /** A standby that has every acknowledged change takes over from a primary that crashes. */
  async failOver(lasts: number) {
    const old = this.postgres
    const standby = await old.standby(this.#postgresPorts.find(port => port !== portOf(old))!)
    await setTimeout(lasts)
    await old.crash()
    await standby.promote()
    this.postgres = standby
    await old.remove()
  }

  async signalPostgres(signal: 'SIGSTOP' | 'SIGCONT') {
    signalTree(await this.postgres.pid(), signal)
  }

  async stop() {
    await Promise.all(this.nodes.map(node => node.remove()))
    await Promise.all([this.nats.stop(), this.postgres.remove()])
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
