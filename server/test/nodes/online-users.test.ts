import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PresenceEvent } from '../../src/bus/socket-events.ts'
import { OnlineUsers } from '../../src/nodes/online-users.ts'

const graceSeconds = 5
const users = [1, 2, 3, 4, 5, 6]

type Step =
  | { readonly does: 'comes'; readonly node: number; readonly user: number }
  | { readonly does: 'goes'; readonly node: number; readonly user: number }
  | { readonly does: 'is hidden'; readonly node: number; readonly user: number }
  | { readonly does: 'is killed'; readonly node: number }
  | { readonly does: 'is deaf'; readonly node: number }
  | { readonly does: 'starts'; readonly node: number }
  | { readonly does: 'waits'; readonly seconds: number }

const node = fc.nat({ max: 2 })
const stepOf: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constantFrom('comes', 'goes', 'is hidden'), node, user: fc.constantFrom(...users) }) as fc.Arbitrary<Step>,
  fc.record({ does: fc.constantFrom('is killed', 'is deaf', 'starts'), node }) as fc.Arbitrary<Step>,
  fc.record({ does: fc.constant('waits' as const), seconds: fc.integer({ min: 1, max: 8 }) }),
)

/** A node, and beside it what a simple model has: who has a socket, and since when a user has none. */
interface Node {
  readonly online: OnlineUsers
  readonly present: Set<number>
  readonly left: Map<number, number>
  /** Since when it is dead; undefined while it lives. */
  deadSince?: number
  isWanted: boolean
  /** The node receives nothing from the others. */
  isDeaf: boolean
}

/** Nodes that exchange messages once a second. */
class Nodes {
  now = 1_000_000
  readonly all: Node[] = []
  readonly at: Node[] = []

  start(place: number) {
    const node = {
      online: new OnlineUsers(`node ${this.all.length}`, graceSeconds, () => this.now),
      present: new Set<number>(),
      left: new Map<number, number>(),
      isWanted: false,
      isDeaf: false,
    }
    for (const other of this.living) other.isWanted = true
    this.all.push(node)
    this.at[place] = node
  }

  get living(): Node[] {
    return this.at.filter(({ deadSince }) => deadSince === undefined)
  }

  second() {
    this.now += 1000
    for (const node of this.living) {
      const reports: PresenceEvent[] = [node.online.tick(this.now, !node.isDeaf)]
      if (node.isWanted) reports.push(...node.online.snapshot(2))
      node.isWanted = false
      for (const other of this.living) {
        if (other.isDeaf) continue
        for (const report of reports) {
          if (report.type !== 'presence-delta' && report.type !== 'presence-snapshot') continue
          if (!other.online.hear(report)) node.isWanted = true
        }
      }
    }
  }

  /** By the simple model: a user is online on a node with a socket, and for the grace period after it, or after the death of the node. */
  isOnline(user: number, now: number): boolean {
    return this.all.some(({ present, left, deadSince }) => {
      if (deadSince !== undefined && now - deadSince > graceSeconds * 1000) return false
      const since = left.get(user)
      // A dead node cannot report that the grace period is over.
      return present.has(user) || (since !== undefined && (deadSince ?? now) - since < graceSeconds * 1000)
    })
  }

  /** The users about whom the model says the same one second earlier and later. */
  get sure(): number[] {
    return users.filter(user => this.isOnline(user, this.now - 1000) === this.isOnline(user, this.now + 1000))
  }
}

function act(nodes: Nodes, step: Step) {
  if (step.does === 'waits') {
    for (let count = 0; count < step.seconds; count++) nodes.second()
    return
  }
  const node = nodes.at[step.node]!
  if (step.does === 'starts') {
    if (node.deadSince === undefined) return
    // A node that starts cannot hear of nodes that died before, so the others must have removed this one first.
    for (let count = 0; count < graceSeconds + 2; count++) nodes.second()
    nodes.start(step.node)
  } else if (node.deadSince !== undefined) return
  else if (step.does === 'is killed') {
    // What the node had not sent before its death is lost with it.
    nodes.second()
    node.deadSince = nodes.now
  } else if (step.does === 'is deaf') node.isDeaf = !node.isDeaf
  else if (step.does === 'comes') {
    node.present.add(step.user)
    node.left.delete(step.user)
    node.online.came(step.user)
  } else if (step.does === 'goes') {
    if (node.present.delete(step.user)) node.left.set(step.user, nodes.now)
    node.online.went(step.user, nodes.now)
  } else {
    node.present.delete(step.user)
    node.left.delete(step.user)
    node.online.hide(step.user)
  }
}

test('every node that is connected knows after seconds who is online, although users come and go, and nodes are killed or miss events for a while', () => {
  fc.assert(
    fc.property(fc.array(stepOf, { maxLength: 40 }), (steps: readonly Step[]) => {
      const nodes = new Nodes()
      for (const place of [0, 1, 2]) nodes.start(place)
      for (const step of steps) act(nodes, step)
      for (const each of nodes.living) each.isDeaf = false
      // One second for the deltas and one for the snapshots. A node that has missed events does not know how long others have been dead.
      const seconds = steps.some(({ does }) => does === 'is deaf') ? graceSeconds + 3 : 2
      for (let count = 0; count < seconds; count++) nodes.second()
      const { sure, now } = nodes
      const expected = sure.filter(user => nodes.isOnline(user, now))
      for (const { online } of nodes.living) expect(sure.filter(user => online.isOnline(user))).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

test('a change is reported once, with the time when the user was last online, by the clock of the server', () => {
  let clock = 5_000_000
  const online = new OnlineUsers('one', graceSeconds, () => clock)
  online.came(1)
  online.came(1)
  expect([[...online.takeChanged()], [...online.takeChanged()]]).toEqual([[1], []])
  online.went(1, 1000)
  clock = 9_000_000
  online.tick(5999, true)
  expect([online.isOnline(1), [...online.takeChanged()]]).toEqual([true, []])
  expect(online.tick(6000, true)).toMatchObject({ on: [], off: [1] })
  expect([online.isOnline(1), [...online.takeChanged()], online.lastSeen(1)]).toEqual([false, [1], 5_000_000])
  expect([online.takeGone(), online.takeGone()]).toEqual([[{ userId: 1, at: 5_000_000 }], []])
  online.came(1)
  expect(online.lastSeen(1)).toBeUndefined()
})
