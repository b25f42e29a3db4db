import { pino, stdSerializers, type Logger } from 'pino'

export type Log = Logger

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** The fields of a PostgreSQL error that contain no values; its message contains one only if a value is invalid (class 22). */
const shownOfPostgres = ['code', 'severity', 'schema', 'table', 'column', 'constraint', 'routine'] as const

/** An error as it is logged. Errors of databases repeat the values to be stored, which may be user content. */
function shownError(error: unknown): unknown {
  const { severity, code } = error as { severity?: unknown; code?: unknown }
  if (!(error instanceof Error) || severity === undefined || typeof code !== 'string') return stdSerializers.err(error as Error)
  const shown = Object.fromEntries(shownOfPostgres.map(name => [name, (error as unknown as Record<string, unknown>)[name]]))
  if (code.startsWith('22')) return { type: error.name, message: 'The database refuses a value', ...shown }
  return { type: error.name, message: error.message, stack: error.stack, ...shown }
}

/** The most bytes of lines that wait while standard error cannot be written; further lines are dropped. */
const mostWaiting = 1024 * 1024

/**
 * JSON lines on standard error. Standard output is for the lines that an operator's shell evaluates. A full disk or a closed terminal stops
 * nothing: without a listener for errors the process would end, or never return from writing why it ends.
 */
export function createLog(level: LogLevel): Log {
  // Each line is written at once. What waits is tried again every second, since a new line is not tried where too many wait.
  const destination = pino.destination({ dest: 2, sync: true, minLength: 1, maxLength: mostWaiting, periodicFlush: 1000 })
  destination.on('error', () => {})
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: shownError } }, destination)
}
