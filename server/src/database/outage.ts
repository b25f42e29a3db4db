/** SQLite's primary result codes for a database that cannot be used at the moment: busy, locked, no memory, read-only, I/O, full, cannot open. */
const sqliteOutages = new Set([5, 6, 7, 8, 10, 13, 14])

const networkOutages = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

const readOnlyTransaction = '25006'
const lockNotAvailable = '55P03'

/** PostgreSQL: connection exceptions, insufficient resources, operator intervention and time-outs, a read-only standby. */
const postgresOutage = new RegExp(`^(?:08|53|57P|57014|25P03|${lockNotAvailable}|${readOnlyTransaction})`)

/** What the PostgreSQL library says without a code. */
const unanswered = 'Query read timeout'
const libraryOutage = new RegExp(
  `^${unanswered}$|Connection terminated|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error`,
)

/** The files of the database are no longer where they were: what is written would be lost with the process. */
export class DatabaseMissing extends Error {}

/** PostgreSQL is a standby: another server takes the writes. */
export class Standby extends Error {
  readonly code = readOnlyTransaction
}

const codeOf = (error: unknown) => (error as { code?: unknown } | undefined)?.code

/** Whether an error says that the database is away or cannot write, rather than that something is wrong with the query. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof DatabaseMissing) return true
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  if (code === 'ERR_SQLITE_ERROR') return typeof errcode === 'number' && sqliteOutages.has(errcode & 0xff)
  if (typeof code === 'string') return networkOutages.has(code) || postgresOutage.test(code)
  return libraryOutage.test(error.message)
}

/** Whether PostgreSQL has said nothing: it is still asked on that connection, or is gone. */
export const isUnanswered = (error: unknown) => error instanceof Error && error.message === unanswered

/** Whether PostgreSQL is one that takes no writes. */
export const isReadOnly = (error: unknown) => codeOf(error) === readOnlyTransaction

/** Whether somebody else has held a lock for too long. */
export const isLocked = (error: unknown) => codeOf(error) === lockNotAvailable
