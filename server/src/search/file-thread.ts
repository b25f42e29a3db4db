import { parentPort, workerData } from 'node:worker_threads'
import { SearchFile } from '../store/search-file.ts'
import type { FilePaths, FromThread, ToThread } from './file-messages.ts'

/*
 * The thread of the index file: the only one that reads and writes it. FTS5 merges its segments while it writes, which takes up to a tenth
 * of a second; here nobody waits for that but a search.
 */

/** How often the thread looks for what it has not been told of, such as the wish of an operator. */
const idleMilliseconds = 1000
/** How long a failing index waits before it is built anew once more. */
const betweenRenewals = 60_000
/** SQLite's codes for a file that is damaged, and for one that is no database. */
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
    // Searches that have arrived meanwhile come before the next part.
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
