import { mostConnections } from '../database/outage.ts'
import { schemaVersion } from '../database/migrate.ts'
import type { Database } from '../database/database.ts'
import type { ConnectionLimit } from '../database/postgres.ts'
import { clockOf } from '../store/clock.ts'
import { encodingOf } from '../store/encoding.ts'
import { isAnswering } from '../store/shared-values.ts'
import { messageOf } from '../tools/error-text.ts'
import { urlsOfHosts } from '../tools/postgres-hosts.ts'
import { advice, fault, good, ofClock, type Finding } from './finding.ts'

/** How often each query runs. The quickest run counts, since the first one opens a connection. */
const times = 5
/** Most calls need several round trips to the database, so each must be faster than this. */
const slowMilliseconds = 20

/** Runs work that many times. Resolves to its last result, and to the milliseconds of its quickest run. */
async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; milliseconds: number }> {
  let quickest = Infinity
  for (let count = 1; ; count++) {
    const start = performance.now()
    const result = await work()
    quickest = Math.min(quickest, performance.now() - start)
    if (count === times) return { result, milliseconds: Math.round(quickest * 10) / 10 }
  }
}

/** How far the clock of the database is ahead of this machine's, by the quickest of several answers. */
async function clockFinding(db: Database): Promise<Finding> {
  let best = { took: Infinity, ahead: 0 }
  for (let count = 0; count < times; count++) {
    const start = Date.now()
    const at = await clockOf(db)
    const took = Date.now() - start
    if (took < best.took) best = { took, ahead: at - start - took / 2 }
  }
  return ofClock('the database', best.ahead)
}

/** The findings about an open database: its schema, its latency, whether it accepts writes, and its clock. */
export async function databaseFindings(db: Database): Promise<Finding[]> {
  const name = db.kind === 'postgres' ? 'PostgreSQL' : 'SQLite'
  const read = await timed(() => clockOf(db))
  const write = await timed(() => isAnswering(db))
  const findings = [
    good(`The database answers: ${name} with schema version ${schemaVersion}, ${read.milliseconds} ms for a look-up`),
    write.result
      ? good(`The database accepts writes: ${write.milliseconds} ms for a transaction`)
      : fault(
          'The database accepts no writes',
          'Look for a full disk, a read-only replica, default_transaction_read_only, a missing right or a missing file.',
        ),
  ]
  if (db.kind === 'sqlite') return findings
  const slow = advice(
    `A look-up in the database takes ${read.milliseconds} ms, and most calls need several`,
    'Run the server in the same data centre as PostgreSQL, and check the load there.',
  )
  const encoding = await encodingOf(db)
  const narrow = fault(
    `The database has the encoding ${encoding}, in which most characters cannot be stored, or are taken apart`,
    `Move everything into a database with encoding 'UTF8' by pg_dump and pg_restore (docs/postgresql.md).`,
  )
  return [
    ...findings,
    ...(encoding === 'UTF8' ? [] : [narrow]),
    ...(read.milliseconds > slowMilliseconds ? [slow] : []),
    await clockFinding(db),
  ]
}

/** How to raise a limit of connections by that many. */
function howToRaise({ of, name, most }: ConnectionLimit, by: number): string {
  if (of !== 'server') return `As a superuser: alter ${of} ${name} connection limit ${most + by}`
  return `Raise max_connections of PostgreSQL by ${by} or more, or put PgBouncer in between (docs/postgresql.md)`
}

/** What commands open beside the servers. */
const ofCommands = 4

/** The findings about the limits of connections: whether they are enough for so many nodes, or for one that is about to start if none is alive. */
export async function connectionFindings(databaseUrl: string, living: number): Promise<Finding[]> {
  const { connectionLimits } = await import('../database/postgres.ts')
  const limits = await connectionLimits(databaseUrl)
  if (limits === undefined) return []
  const nodes = Math.max(1, living)
  const needed = nodes * mostConnections
  const opening = `${nodes === 1 ? 'a node opens' : `${nodes} nodes open`} up to ${needed}`
  const tight = limits.filter(({ most, others }) => most >= 0 && most - others < needed)
  if (tight.length === 0) return [good(`PostgreSQL has enough connections: ${opening}`)]
  return tight.map(limit => {
    const { of, name, most, others } = limit
    const allowed = of === 'server' ? `PostgreSQL accepts ${most} connections` : `The ${of} ${name} may have ${most} connections`
    return fault(
      `${allowed}, of which others use ${others}; ${opening}`,
      `${howToRaise(limit, needed + others + ofCommands - most)}. A node that gets too few does not start, or answers calls with 503.`,
    )
  })
}

/** The findings about each host of the URL of PostgreSQL, if it has several. */
export async function hostFindings(databaseUrl: string): Promise<Finding[]> {
  const urls = urlsOfHosts(databaseUrl)
  if (urls.length === 1) return []
  const { isAtStandby } = await import('../database/postgres.ts')
  return Promise.all(
    urls.map(async url => {
      const { host } = new URL(url)
      return isAtStandby(url).then(
        is => good(`PostgreSQL at ${host} answers, as ${is ? 'a standby' : 'a primary'}`),
        (error: unknown) => fault(`PostgreSQL at ${host} cannot be used`, messageOf(error)),
      )
    }),
  )
}
