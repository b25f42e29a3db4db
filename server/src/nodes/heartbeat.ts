import type { Log } from '../observe/log.ts'
import type { Database } from '../database/database.ts'
import type { Aliveness } from '../tools/aliveness.ts'
import { repeated } from '../tools/repeated.ts'
import { Seldom } from '../tools/seldom.ts'
import { beatOf, deadMilliseconds, deleteDeadNodes, livingNodes, lockDead, otherNodes, removeNode, type Node } from '../store/nodes.ts'
import { releaseJobsOf } from '../store/leases.ts'
import { releaseLeasesOf } from '../store/outbox-lanes.ts'

const beatMilliseconds = 1000
/** How long after a heartbeat a node stops its deliveries. They end within half a second (outbox/delivery.ts), before the others count it as dead. */
const stopMilliseconds = deadMilliseconds - 1000
/** How often the log repeats that nodes do not hear each other, and the rows of dead nodes are removed. */
const everySeconds = 60

const namesOf = (nodes: readonly Node[]) => nodes.map(({ name }) => name)

/** Throws an Error if other nodes use NATS and this process does not: they would miss its events, and could not read them again. */
export async function requireSameBus(db: Database, hasBus: boolean) {
  if (db.kind !== 'postgres' || hasBus) return
  const others = namesOf((await livingNodes(db)).filter(({ bus }) => bus !== null))
  if (others.length === 0) return
  throw new Error(
    `The nodes of this database use NATS (${others.join(', ')}): give --nats-url or CARILLON_NATS_URL here too, ` +
      'or stop them first. Without it their sockets would miss the events of this node.',
  )
}

interface Tools {
  readonly db: Database
  readonly now: () => number
  readonly log: Log
  readonly aliveness: Aliveness
  /** Called when the leases of a node have ended, since it has died or stopped. */
  readonly takeOver: () => void
}

/**
 * Updates the row of this node every second. Besides, it ends the leases of nodes that have died, and logs an error if another node does not
 * get its events; the heartbeat never waits for that. Returns a function that ends both.
 */
export async function keepAlive(node: Node, { db, now, log, aliveness, takeOver }: Tools): Promise<() => Promise<void>> {
  const reminders = new Seldom(everySeconds * 1000)
  /** The dead nodes whose leases have ended. */
  let released = new Set<string>()
  const release = async (dead: readonly Node[]) => {
    released = new Set(dead.map(({ id }) => id).filter(id => released.has(id)))
    for (const { id, name } of dead) {
      if (released.has(id)) continue
      const isOver = await db.transaction(async tx => {
        if (!(await lockDead(tx, id))) return false
        await releaseLeasesOf(tx, id, now())
        await releaseJobsOf(tx, id)
        return true
      })
      if (!isOver) continue
      released.add(id)
      log.warn({ dead: name }, 'A node has not updated its heartbeat for seconds: the other nodes take over its deliveries and jobs')
      takeOver()
    }
  }
  let failedAt: number | undefined
  const beat = async () => {
    const begunAt = performance.now()
    await beatOf(db, node)
    aliveness.extend(begunAt + stopMilliseconds)
    if (failedAt === undefined) return
    const seconds = Math.round((performance.now() - failedAt) / 100) / 10
    failedAt = undefined
    log.info({ seconds }, 'This node updates its heartbeat again')
  }
  let count = 0
  let lived: readonly string[] = []
  const look = async () => {
    const others = await otherNodes(db, node.id)
    const living = others.filter(({ isAlive }) => isAlive)
    // A node that stops in good order releases its leases, and then removes its row.
    const isOneGone = lived.some(id => others.every(other => other.id !== id))
    lived = living.map(({ id }) => id)
    if (isOneGone) takeOver()
    const deaf = namesOf(living.filter(({ bus }) => node.bus === null || bus === null))
    if (deaf.length > 0 && reminders.isDue())
      log.error(
        { nodes: deaf },
        'Other nodes use this database, and their sockets do not get the events of a node without --nats-url: give all nodes one',
      )
    await release(others.filter(({ isAlive }) => !isAlive))
    if (++count % everySeconds === 0) await deleteDeadNodes(db, node.id)
  }
  await beat()
  const ends = [
    repeated(beatMilliseconds, beat, error => {
      failedAt = performance.now()
      log.warn({ err: error }, 'This node cannot update its heartbeat: other nodes no longer count its sockets')
    }),
    repeated(beatMilliseconds, look, error =>
      log.warn({ err: error }, 'This node cannot look for nodes that have died; it tries again every second'),
    ),
  ]
  return async () => {
    await Promise.all(ends.map(async end => end()))
    await removeNode(db, node.id).catch(() => {})
  }
}
