import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { Seldom } from '../tools/seldom.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** One line of the audit log: who did what, and the outcome. It has the names of resources, but not their content. */
interface AuditEntry {
  readonly requestId?: string
  readonly operation: string
  /** The key that signed; if the signature is not valid, the key that the caller claims. */
  readonly accessKeyId: string | undefined
  /** Undefined if the signature is not valid. */
  readonly principal: string | undefined
  /** The user or bot that acts. */
  readonly bearer: string | undefined
  readonly resources: readonly string[]
  readonly sourceAddress: string
  readonly status: number
  /** `Success`, or the type of the error. */
  readonly outcome: string
}

export interface AuditLog {
  write(entry: AuditEntry): void
  /** Opens the file again, after it was renamed. */
  reopen(): void
  /** Resolves when everything is written, or after a moment. */
  close(): Promise<void>
}

/** The most bytes that wait to be written; lines beyond that are dropped and counted. */
const mostWaiting = 8 * 1024 * 1024
const closingMilliseconds = 1000
const complaintMilliseconds = 60_000

/**
 * JSON lines in a file of mode 600, or on standard output for `-`. No call waits for the disk: lines are written in the background,
 * in order. Undefined if it is off; rejects if the file cannot be written.
 */
export async function openAuditLog(target: string, { log, metrics }: { log: Log; metrics: Metrics }): Promise<AuditLog | undefined> {
  if (target === 'off') return undefined
  const isFile = target !== '-'
  try {
    if (isFile) await (await open(target, 'a', 0o600)).close()
  } catch (error) {
    throw new Error(`The audit log ${target} cannot be written: ${(error as Error).message}.`, { cause: error })
  }
  const destination = pino.destination({ dest: isFile ? target : 1, sync: false, mode: 0o600, maxLength: mostWaiting })
  await once(destination, 'ready')
  let isClosed = false
  const complaints = new Seldom(complaintMilliseconds)
  const complain = (error: Error | undefined, message: string) => void (complaints.isDue() && log.error({ err: error }, message))
  destination.on('drop', () => {
    metrics.auditDropped.inc()
    complain(undefined, 'The audit log cannot be written fast enough: entries are dropped')
  })
  destination.on('error', (error: Error) => complain(error, 'The audit log cannot be written'))
  return {
    write: entry => void (isClosed || destination.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`)),
    reopen: () => isFile && destination.reopen(),
    close: async () => {
      isClosed = true
      if (!isFile) return
      const closed = once(destination, 'close')
      closed.catch(() => {})
      destination.end()
      await Promise.race([closed, setTimeout(closingMilliseconds, undefined, { ref: false })])
    },
  }
}
