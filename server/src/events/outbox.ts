import type { Transaction } from '../database/database.ts'
import { appendToOutbox } from '../store/outbox.ts'
import { afterCommit } from './follower.ts'

/** Appends an entry to a lane of the outbox, and wakes the lane after the commit. */
export async function addToOutbox(tx: Transaction, lane: string, payload: unknown, now: number, subLane: string | null = null) {
  await appendToOutbox(tx, lane, payload, now, subLane)
  afterCommit(tx, { wake: 'outbox', lane })
}
