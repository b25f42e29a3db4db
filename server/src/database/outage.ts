import { messageOf } from '../tools/error-text.ts'

/** The most connections to PostgreSQL that a server opens. */
export const mostConnections = 12

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

/** PostgreSQL's codes: connection exceptions, insufficient resources, operator intervention and time-outs, a read-only standby. */
const postgresOutage = new RegExp(`^(?:08|53|57P|57014|25P0[34]|${lockNotAvailable}|${readOnlyTransaction})`)

/** A message of the PostgreSQL library that has no code. */
const unanswered = 'Query read timeout'
const libraryOutage = new RegExp(
  `^${unanswered}$|Connection terminated|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error`,
)

/** The files of the database were moved or removed: whatever is written now would be lost with the process. */
export class DatabaseMissing extends Error {}

/** PostgreSQL is a standby; another server accepts the writes. */
export class Standby extends Error {
  readonly code = readOnlyTransaction
}

/** No connection to PostgreSQL can be opened, whatever the reason: the network, its certificate, or a login that it does not accept any more. */
export class NotConnected extends Error {
  /** Without the cause, whose message the log would repeat. */
  constructor(cause: unknown) {
    super(whyNotConnected(cause))
  }
}

const tooManyConnections = '53300'

/** Why no connection to PostgreSQL can be opened. */
export const whyNotConnected = (error: unknown) =>
  codeOf(error) === tooManyConnections
    ? `${messageOf(error)}; a server opens up to ${mostConnections} connections (docs/postgresql.md)`
    : messageOf(error)

const codeOf = (error: unknown) => (error as { code?: unknown } | undefined)?.code

/** Whether an error means that the database is not available or cannot write, rather than that the query is wrong. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof DatabaseMissing || error instanceof NotConnected) return true
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  if (code === 'ERR_SQLITE_ERROR') return typeof errcode === 'number' && sqliteOutages.has(errcode & 0xff)
  if (typeof code === 'string') return networkOutages.has(code) || postgresOutage.test(code)
  return libraryOutage.test(error.message)
}

/** Whether PostgreSQL has not answered: the query may still run on that connection, or the server is gone. */
export const isUnanswered = (error: unknown) => error instanceof Error && error.message === unanswered

/** Whether PostgreSQL does not accept writes. */
export const isReadOnly = (error: unknown) => codeOf(error) === readOnlyTransaction

/** Whether another transaction has held a lock for too long. */
export const isLocked = (error: unknown) => codeOf(error) === lockNotAvailable
