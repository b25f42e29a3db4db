import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import type { Log } from '../observe/log.ts'
import { databaseIdentity, isOfOtherDatabase, settledBusName, storedBusName } from '../store/bus-name.ts'
import { deadMilliseconds, heartbeatsOnBus, livingNodes } from '../store/nodes.ts'

const lookMilliseconds = 200
/** For so many looks a node may need for its next heartbeat after its database was away. A look that waits for the database counts as one. */
const mostLooks = (deadMilliseconds + 1000) / lookMilliseconds

/**
 * Whether a node that uses the name updates its row. The row of one that has died, or a copy of the row of a living one, stays as it is, so
 * it takes `mostLooks` to know that nobody does; without rows it takes no time.
 */
async function isSomebodyAlive(db: Database): Promise<boolean> {
  const before = new Map((await heartbeatsOnBus(db)).map(({ id, seenAt }) => [id, seenAt]))
  if (before.size === 0) return false
  for (let looks = 0; looks < mostLooks; looks++) {
    await pause(lookMilliseconds)
    const now = await heartbeatsOnBus(db)
    if (now.some(({ id, seenAt }) => before.get(id) !== seenAt)) return true
  }
  return false
}

/**
 * The name that nodes of this database have in common on NATS. A restored copy gets a new one. An upgrade of PostgreSQL, or a switch to
 * another one, changes the identity of the database under nodes that continue with their name, so the name stays if one of them is alive.
 * Only then does this wait, and the log says so.
 */
export async function busNameOf(db: Database, log: Log): Promise<string> {
  const identity = await databaseIdentity(db)
  if (!(await isOfOtherDatabase(db, identity))) return settledBusName(db, identity, false)
  log.info('The database is in another PostgreSQL than before: waiting up to six seconds for the heartbeat of a node that is running')
  const isAlive = await isSomebodyAlive(db)
  const name = await settledBusName(db, identity, isAlive)
  if (isAlive) log.info({ id: name }, 'Nodes of this database are running, so it keeps its id on NATS')
  else log.warn({ id: name }, 'The database is a copy or has been moved, and none of its nodes is running: it has a new id on NATS')
  return name
}

/**
 * The name that living nodes of this database use, or the next node will; undefined if that is not decided yet. In a copy the rows of nodes
 * look alive until five seconds after the dump: until then it is the name of the original.
 */
export async function presentBusName(db: Database): Promise<string | undefined> {
  const isUndecided = (await isOfOtherDatabase(db, await databaseIdentity(db))) && (await livingNodes(db)).every(({ bus }) => bus === null)
  return isUndecided ? undefined : storedBusName(db)
}
