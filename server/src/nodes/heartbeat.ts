import type { Log } from '../observe/log.ts'
import type { Database } from '../database/database.ts'
import { repeated } from '../tools/repeated.ts'
import { beatOf, deleteDeadNodes, livingNodes, removeNode, type Node } from '../store/nodes.ts'

const beatMilliseconds = 1000
/** How often the log repeats that nodes do not hear each other, and the rows of dead nodes are removed. */
const everySeconds = 60

const withoutBus = (nodes: readonly Node[]) => nodes.filter(({ bus }) => bus === null).map(({ name }) => name)
const withBus = (nodes: readonly Node[]) => nodes.filter(({ bus }) => bus !== null).map(({ name }) => name)

/** Throws an Error if other nodes use NATS and this process does not: they would miss its events, and could not read them again. */
export async function requireSameBus(db: Database, hasBus: boolean) {
  if (db.kind !== 'postgres' || hasBus) return
  const others = withBus(await livingNodes(db))
  if (others.length === 0) return
  throw new Error(
    `The nodes of this database use NATS (${others.join(', ')}): give --nats-url or CARILLON_NATS_URL here too, ` +
      'or stop them first. Without it their sockets would miss the events of this node.',
  )
}

/**
 * Updates the row of this node every second, and logs a warning if another node does not get its events. Returns a function that ends this.
 */
export async function keepAlive(node: Node, { db, log }: { db: Database; log: Log }): Promise<() => Promise<void>> {
  let saidAt = -Infinity
  const beat = async () => {
    const others = await beatOf(db, node)
    const deaf = node.bus === null ? others.map(({ name }) => name) : withoutBus(others)
    if (performance.now() - saidAt < everySeconds * 1000) return
    if (deaf.length > 0) {
      saidAt = performance.now()
      log.error(
        { nodes: deaf },
        'Other nodes use this database, and their sockets do not get the events of a node without --nats-url: give all nodes one',
      )
    }
  }
  await beat()
  let count = 0
  const work = async () => {
    await beat()
    if (++count % everySeconds === 0) await deleteDeadNodes(db, node.id)
  }
  const end = repeated(beatMilliseconds, work, error =>
    log.warn({ err: error }, 'This node cannot update its heartbeat: other nodes no longer count its sockets'),
  )
  return async () => {
    await end()
    await removeNode(db, node.id).catch(() => {})
  }
}
