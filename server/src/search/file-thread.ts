import { parentPort, workerData } from 'node:worker_threads'
import { SearchFile } from '../store/search-file.ts'
import type { FilePaths, FromThread, ToThread } from './file-messages.ts'

/*
 * The thread of the index file: the only one that reads and writes it. FTS5 merges its segments while it writes, which takes up to a tenth
 * of a second. In this thread that delays only searches.
 */

/** How often the thread checks for work without a message, such as a rebuild that an operator has requested. */
const idleMilliseconds = 1000
/** How long an index that has failed waits before it is rebuilt again. */
const betweenRenewals = 60_000
/** SQLite's codes for a file that is damaged, and for one that is not a database. */
const damages = new Set([11, 26])

const port = parentPort!
const { index, database } = workerData as FilePaths
const say = (message: FromThread) => port.postMessage(message)

const file = new SearchFile(index, database)
let idle: NodeJS.Timeout | undefined
let next: NodeJS.Immediate | undefined
let renewedAt = -Infinity
let isBuilding = !file.state.isComplete

function sayRenewal() {
  if (file.renewal === undefined) return
  say({ kind: 'renewed', why: file.renewal })
  file.renewal = undefined
  isBuilding = true
}

function failed(error: unknown) {
  const { errcode, message } = error as Error & { errcode?: number }
  const isDamaged = errcode !== undefined && damages.has(errcode % 256)
  if (!isDamaged || performance.now() - renewedAt < betweenRenewals) return say({ kind: 'trouble', message })
  renewedAt = performance.now()
  file.renew(`it is damaged: ${message}`)
  sayRenewal()
}

/** True if there is more to do. */
function work(): boolean {
  file.renewIfAsked()
  sayRenewal()
  const hasMore = file.step()
  if (!hasMore) file.tidy()
  const { state } = file
  if (isBuilding && state.isComplete) {
    isBuilding = false
    say({ kind: 'built' })
  }
  say({ kind: 'state', state })
  return hasMore
}

function run() {
  next = undefined
  clearTimeout(idle)
  try {
    // Searches that have arrived meanwhile run before the next part.
    if (work()) return soon()
  } catch (error) {
    failed(error)
  }
  idle = setTimeout(soon, idleMilliseconds)
}

function soon() {
  next ??= setImmediate(run)
}

function answer({ id, search }: Extract<ToThread, { kind: 'search' }>) {
  try {
    say({ kind: 'found', id, hits: file.search(search) })
  } catch (error) {
    say({ kind: 'failed', id })
    failed(error)
  }
}

function close() {
  clearTimeout(idle)
  clearImmediate(next)
  file.close()
  port.close()
}

port.on('message', (message: ToThread) => {
  if (message.kind === 'search') answer(message)
  else if (message.kind === 'changed') soon()
  else close()
})
sayRenewal()
soon()
