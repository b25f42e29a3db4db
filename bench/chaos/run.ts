import { setTimeout } from 'node:timers/promises'
import { Chance } from '../support/chance.ts'
import { Caller, clientsOf, type Clients } from './caller.ts'
import { contradictions } from './checker.ts'
import { Cluster, type Node } from './cluster.ts'
import { faults } from './faults.ts'
import { newHistory, type History } from './history.ts'
import { Listener } from './listener.ts'
import { finalOf, Traffic, type Room } from './traffic.ts'

export interface Plan {
  readonly seed: number
  /** The names of the faults, one after the other. */
  readonly faults: readonly string[]
  readonly nodes: number
  /** The most that a fault lasts, and twice the least. Some last longer (faults.ts). */
  readonly lastsMilliseconds: number
  /** The time within which every client must have recovered. */
  readonly boundMilliseconds: number
  readonly say?: (line: string) => void
  readonly main?: string
}

const rooms = 3
const membersOfRoom = 4
const pauseMilliseconds = 150

/** Random faults for a run: each kind once before one is repeated. */
export function chosenFaults(seed: number, count: number): string[] {
  const chance = new Chance(seed)
  const chosen: string[] = []
  while (chosen.length < count) {
    const left = Object.keys(faults)
    while (left.length > 0) chosen.push(...left.splice(chance.below(left.length), 1))
  }
  return chosen.slice(0, count)
}

async function makeRooms({ messaging, identity }: Clients): Promise<Room[]> {
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'chaos', ClientRequestToken: 'chaos' })
  const made: Room[] = []
  for (let room = 0; room < rooms; room++) {
    const users: string[] = []
    for (let count = 0; count <= membersOfRoom; count++) {
      const AppInstanceUserId = `user-${room}-${count}`
      await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId, Name: 'x', ClientRequestToken: AppInstanceUserId })
      users.push(`${AppInstanceArn}/user/${AppInstanceUserId}`)
    }
    const roamer = users.pop()!
    const asked = { AppInstanceArn, Name: 'x', ClientRequestToken: `room-${room}`, MemberArns: users, ChimeBearer: users[0]! }
    const { ChannelArn } = await messaging.createChannel(asked)
    made.push({ channel: ChannelArn!, members: users, roamer })
  }
  return made
}

/** One run: real nodes, PostgreSQL and NATS, clients on all of them, and one fault after the other. */
class Run {
  readonly #plan: Plan
  readonly #cluster: Cluster
  readonly #history: History
  readonly #chance: Chance
  readonly #clients = new Map<Node, Clients>()
  readonly #rooms: readonly Room[]
  readonly #listeners: readonly Listener[]
  readonly #caller: Caller

  constructor(plan: Plan, cluster: Cluster, given: { history: History; chance: Chance; rooms: readonly Room[] }) {
    const { history, chance } = given
    this.#plan = plan
    this.#cluster = cluster
    this.#history = history
    this.#chance = chance
    this.#rooms = given.rooms
    const next = () => chance.of(cluster.nodes)
    const users = given.rooms.flatMap(({ members, roamer }) => [...members, roamer])
    this.#listeners = users.map(user => new Listener(user, { history, next }))
    this.#caller = new Caller(history, () => ({ clients: this.#clientsOf(next()) }))
  }

  async run() {
    const tools = { caller: this.#caller, history: this.#history, chance: this.#chance }
    const traffic = this.#rooms.map(room => new Traffic(room, tools))
    await this.#recover('start')
    const running = traffic.map(one => one.run(pauseMilliseconds))
    for (const [index, name] of this.#plan.faults.entries()) {
      const { lastsMilliseconds: lasts } = this.#plan
      await setTimeout(500 + this.#chance.below(1000))
      await faults[name]!({ cluster: this.#cluster, chance: this.#chance, lasts: lasts * (0.5 + this.#chance.next() / 2) })
      await this.#recover(`${index + 1} ${name}`)
    }
    this.#caller.stop()
    await Promise.all(running)
    await this.#recover('end')
    // The last messages of all, which are also heard by clients that have reconnected during the ones before.
    await this.#recover('quiet')
    for (const room of this.#rooms)
      for (const node of this.#cluster.nodes) this.#history.final.push(await finalOf(room, node.name, this.#clientsOf(node)))
  }

  async stop() {
    this.#caller.stop()
    await Promise.all(this.#listeners.map(listener => listener.stop()))
    for (const { messaging, identity } of this.#clients.values()) {
      messaging.destroy()
      identity.destroy()
    }
  }

  #clientsOf(node: Node): Clients {
    const clients = this.#clients.get(node) ?? clientsOf(node.url)
    this.#clients.set(node, clients)
    return clients
  }

  /** All have recovered once all are connected, each node accepts a message for each room, and all members hear all of these. */
  async #recover(fault: string) {
    const began = performance.now()
    const { boundMilliseconds, say } = this.#plan
    const remaining = () => began + boundMilliseconds - performance.now()
    const probes = await Promise.all(
      this.#rooms.flatMap(room => this.#cluster.nodes.map(node => this.#probe(room, node, fault, remaining))),
    )
    const isWell = () => probes.every(probe => probe !== undefined && this.#isHeard(probe))
    while (!isWell() && remaining() > 0) await setTimeout(20)
    const milliseconds = Math.round(performance.now() - began)
    this.#history.recoveries.push({ fault, milliseconds, isWell: isWell() })
    say?.(`${fault}: ${isWell() ? 'well again' : 'NOT WELL'} after ${milliseconds} ms`)
  }

  /** Sends a message through that node, in as many attempts as it takes. */
  async #probe(room: Room, node: Node, fault: string, remaining: () => number) {
    const once = new Caller(this.#history, () => ({ clients: this.#clientsOf(node) }))
    const impatience = globalThis.setTimeout(() => once.stop(), Math.max(0, remaining()))
    await new Traffic(room, { caller: once, history: this.#history, chance: this.#chance }).send(`${fault}, ${node.name}`)
    clearTimeout(impatience)
    const { channel } = room
    const sent = this.#history.sent.findLast(message => message.channel === channel && message.content.endsWith(`${fault}, ${node.name}`))
    return sent?.messageId === undefined ? undefined : { room, messageId: sent.messageId, beganAt: sent.beganAt }
  }

  /** Heard by all who have been connected since before. A newer socket may have missed it. */
  #isHeard({ room, messageId, beganAt }: { room: Room; messageId: string; beganAt: number }): boolean {
    return this.#listeners
      .filter(({ user }) => room.members.includes(user))
      .every(({ life }) => life !== undefined && (life.establishedAt > beganAt || life.heard.some(event => event.messageId === messageId)))
  }
}

/** Runs a plan; resolves to the contradictions of each property, empty where all hold, and the history. */
export async function chaos(plan: Plan) {
  const chance = new Chance(plan.seed)
  const history = newHistory()
  const cluster = await Cluster.start({ chance, nodes: plan.nodes, main: plan.main })
  let run: Run | undefined
  try {
    const clients = clientsOf(cluster.nodes[0]!.url)
    const made = await makeRooms(clients)
    clients.messaging.destroy()
    clients.identity.destroy()
    run = new Run(plan, cluster, { history, chance, rooms: made })
    await run.run()
    const members = Object.fromEntries(made.map(room => [room.channel, new Set(room.members)]))
    return { found: contradictions(history, members), history }
  } finally {
    await run?.stop()
    await cluster.stop()
  }
}
