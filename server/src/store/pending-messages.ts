import { statement, type Queries } from '../database/database.ts'
import type { Moment } from './channels.ts'
import type { Run } from './flow-runs.ts'
import { primaryKeyOf } from './message-keys.ts'
import { failViewer, insertViewer, removeViewers } from './private-messages.ts'
import { uncountArrival } from './read-positions.ts'
import { json, jsonIfGiven, jsonOfObject } from './text.ts'

const pending = `channel_id = $1 and sub_channel_id = $2 and created_at = $3 and sequence = $4 and nonce = $5 and private = 1`

const release = statement(`
  update messages set private = $6, content = $7, metadata = $8, attributes = $9, content_type = $10, status = null, ordinal = $11,
    released = $12
  where ${pending} and status = 'PENDING'`)
const fail = statement(`update messages set status = 'FAILED', status_detail = $6 where ${pending} and status = 'PENDING'`)
const remove = statement(`delete from messages where ${pending} and status in ('PENDING', 'PASSING')`)
const replace = statement(`
  update messages set content = $6, metadata = $7, attributes = $8, content_type = $9, edited_at = $10, updated_at = $11
  where channel_id = $1 and sub_channel_id = $2 and created_at = $3 and sequence = $4 and nonce = $5 and private in (0, 1)
    and redacted = 0`)
const setLastRelease = statement(`update channels set last_release = $2 where id = $1`)

/**
 * Releases the message, with the content that the processors have left, to all members, or to the target of a targeted one. Its position
 * among the messages stays. False if retention has deleted it meanwhile.
 */
export async function releaseMessage(tx: Queries, run: Run, { at, sequence, counted }: Pick<Moment, 'at' | 'sequence' | 'counted'>) {
  const { content, metadata, attributes, contentType, target, sender } = run
  const version = [json(content), jsonIfGiven(metadata), jsonOfObject(attributes), jsonIfGiven(contentType)]
  if ((await tx.run(release, ...primaryKeyOf(run), target ? 1 : 0, ...version, counted, sequence)) === 0) {
    // Its arrival has been counted, but there is no message to read.
    const [channelId, subChannelId, sentAt, sent] = primaryKeyOf(run)
    if (!target) await uncountArrival(tx, { channelId, subChannelId, arrival: sequence, at: sentAt, sequence: sent })
    return false
  }
  if (target) {
    // A released message counts as new from its release on, for its target as well as for all members.
    await insertViewer(tx, run, target.id, at)
  } else {
    await tx.run(setLastRelease, run.channelId, sequence)
    await removeViewers(tx, run, sender.id)
  }
  return true
}

/**
 * Marks the message as FAILED, with the reason: its sender can read it, and it no longer counts as the sender's last message. False
 * if it is gone.
 */
export async function failMessage(tx: Queries, run: Run, detail: string) {
  const isThere = (await tx.run(fail, ...primaryKeyOf(run), json(detail))) === 1
  await failViewer(tx, run, run.sender.id)
  return isThere
}

/** Deletes a message that was never released, or that is not stored once it has been; false if it is gone. */
export async function dropMessage(tx: Queries, run: Run) {
  const isThere = (await tx.run(remove, ...primaryKeyOf(run))) === 1
  await removeViewers(tx, run, run.sender.id)
  return isThere
}

/** Replaces the stored version by the edit; false if the message was redacted or deleted meanwhile. */
export async function replaceMessage(tx: Queries, run: Run, now: number) {
  const { content, metadata, attributes, contentType, editedAt } = run
  const version = [json(content), jsonIfGiven(metadata), jsonOfObject(attributes), jsonIfGiven(contentType)]
  return (await tx.run(replace, ...primaryKeyOf(run), ...version, editedAt ?? now, now)) === 1
}
