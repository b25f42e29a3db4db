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

/** PostgreSQL: connection exceptions, insufficient resources, operator intervention, a read-only standby. */
const postgresOutage = /^(?:08|53|57P|25006)/

/** The files of the database are no longer where they were: what is written would be lost with the process. */
export class DatabaseMissing extends Error {}

/** Whether an error says that the database is away or cannot write, rather than that something is wrong with the query. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof DatabaseMissing) return true
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  if (code === 'ERR_SQLITE_ERROR') return typeof errcode === 'number' && sqliteOutages.has(errcode & 0xff)
  if (typeof code === 'string') return networkOutages.has(code) || postgresOutage.test(code)
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(error.message)
}
