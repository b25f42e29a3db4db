import { setImmediate as turn } from 'node:timers/promises'
import { deleteChannel } from '../domain/channels.ts'
import { channelExpiryOf } from '../domain/expiration.ts'
import { expireCallback } from '../domain/flow-runs.ts'
import { expireUser } from '../domain/users.ts'
import { enforcedRetention, retainingAppInstances } from '../store/app-instances.ts'
import { dueChannels, lockDueChannel, postponeExpiration } from '../store/channel-expiration.ts'
import type { Database, Transaction } from '../database/database.ts'
import { eventsLifetime, deleteOldEvents } from '../store/channel-events.ts'
import { deleteOldDepartures } from '../store/missed.ts'
import { deleteLostSessions } from '../store/resumable.ts'
import { expiredCallbacks } from '../store/flow-callbacks.ts'
import { expiredIdentities } from '../store/identities.ts'
import { deleteDeadPushes } from '../store/outbox-dead.ts'
import { deleteIdleLanes } from '../store/outbox-lanes.ts'
import { deletePreviousTokens } from '../store/previous-tokens.ts'
import { firstToken, deleteOldTokens, hoursToSweep, tokenLifetime, type TokenKey } from '../store/request-tokens.ts'
import { channelsAfter, deleteOldMessages } from '../store/retention.ts'
import type { Place } from '../store/places.ts'
import { hasGone, nextCorrected, settleCorrections } from '../store/unread-corrections.ts'
import { subChannelsOf } from '../store/sub-channels.ts'
import { retentionCutoff } from '../tools/retention.ts'
import { balanceAll } from './balancing.ts'
import { purgeStep } from './purge.ts'
import type { Job } from './schedule.ts'

/** The most rows that one transaction of a job changes. */
const step = 200
/** The most tokens that one transaction reads. */
const tokensLookedAt = 500

interface Tools {
  readonly db: Database
  readonly now: () => number
  /** Once it returns true, a job ends after the present step. */
  readonly isStopping: () => boolean
}

/** Does the work on each row that is due, in a transaction of its own, until none is. Returns how often it was done. */
async function onEach<Row>(
  { db, isStopping }: Tools,
  due: () => Promise<readonly Row[]>,
  work: (tx: Transaction, row: Row) => Promise<boolean>,
) {
  let count = 0
  for (let rows = await due(); rows.length > 0 && !isStopping(); rows = await due())
    for (const row of rows) if (await db.transaction(tx => work(tx, row))) count++
  return count
}

const expireUsers = async (tools: Tools) =>
  onEach(
    tools,
    () => expiredIdentities(tools.db, tools.now(), step),
    (tx, { id }) => expireUser(tx, id, tools.now()),
  )

/** Deletes an expired channel; returns whether it did. A channel that a newer message keeps alive is checked again later. */
async function expireChannel(tx: Transaction, id: number, now: number): Promise<boolean> {
  const due = await lockDueChannel(tx, id, now)
  if (!due) return false
  const expiresAt = channelExpiryOf(due, due)!
  if (expiresAt <= now) await deleteChannel(tx, id, now)
  else await postponeExpiration(tx, id, expiresAt)
  return expiresAt <= now
}

const expireChannels = async (tools: Tools) =>
  onEach(
    tools,
    () => dueChannels(tools.db, tools.now(), step),
    (tx, { id }) => expireChannel(tx, id, tools.now()),
  )

/** Deletes messages that retention hides, once the thirty days of grace have passed. */
async function enforceRetention({ db, now, isStopping }: Tools) {
  let count = 0
  for (const { id, days } of await retainingAppInstances(db, now())) {
    let channels = await channelsAfter(db, id, 0, retentionCutoff(now(), days), step)
    while (channels.length > 0 && !isStopping()) {
      for (const channel of channels) {
        if (channel.hasOld === 1) await deleteHidden(channel.id, 0, id)
        if (channel.elastic === null) continue
        for (const subChannel of await subChannelsOf(db, channel.id)) await deleteHidden(channel.id, subChannel.id, id)
      }
      await turn()
      channels = await channelsAfter(db, id, channels.at(-1)!.id, retentionCutoff(now(), days), step)
    }
  }
  return count

  /** The period is read again in each step, since it may be extended or turned off meanwhile. */
  async function deleteHidden(channelId: number, subChannelId: number, appInstanceId: number) {
    const work = async (tx: Transaction) => {
      const days = await enforcedRetention(tx, appInstanceId, now())
      return days === undefined
        ? 0
        : deleteOldMessages(tx, { channelId, subChannelId }, { before: retentionCutoff(now(), days), limit: step, now: now() })
    }
    while (!isStopping()) {
      const deleted = await db.transaction(work)
      if (deleted === 0) return
      count += deleted
      await db.tidy()
    }
  }
}

/** Continues purges that stopped nodes have left unfinished. */
async function purgeAll({ db, now, isStopping }: Tools) {
  let count = 0
  while (!isStopping()) {
    const step = await purgeStep(db, now())
    if (!step && !(await db.tidy())) break
    if (step === 'worked') count++
    await turn()
  }
  return count
}

/** Deletes in steps, until a step has found nothing. */
async function deleteInSteps({ db, isStopping }: Tools, remove: (tx: Transaction) => Promise<number>) {
  let count = 0
  for (let deleted = 1; deleted > 0 && !isStopping();) {
    deleted = await db.transaction(remove)
    count += deleted
    await db.tidy()
  }
  return count
}

/** Reads the slots of the hours since the last run. An expired token does not count, even before it is deleted. */
async function sweepRequestTokens(tools: Tools) {
  const { db, now, isStopping } = tools
  const sweepFrom = async (hour: number, after: TokenKey) =>
    db.transaction(tx => deleteOldTokens(tx, { hour, after, since: now() - tokenLifetime, limit: tokensLookedAt }))
  let count = await deleteInSteps(tools, tx => deletePreviousTokens(tx, now() - tokenLifetime, step))
  for (const hour of await hoursToSweep(db, now())) {
    for (let after: TokenKey | undefined = firstToken; after && !isStopping();) {
      const { deleted, last } = await sweepFrom(hour, after)
      count += deleted
      if (deleted > 0) await db.tidy()
      after = last
    }
  }
  return count
}

/** How many messages of a place that are gone are settled together, and how many older ones may be there. */
const settled = { rows: 500, mostMessages: 2000 }

/** A read marker that has read a channel before that long has been stored, in milliseconds. */
const longestMarking = 60_000

/**
 * Deletes corrections of unread counts that ordinals can express, in each channel and sub-channel. If one of them fails, the others are
 * settled all the same, and then the job fails with the first error.
 */
async function settleAllCorrections({ db, now, isStopping }: Tools) {
  let count = 0
  const failures: unknown[] = []
  let place: Place | undefined = { channelId: 0, subChannelId: 0 }
  while ((place = await nextCorrected(db, place)) && !isStopping()) {
    await settle(place).catch((error: unknown) => failures.push(error))
    await turn()
  }
  if (failures.length > 0) throw failures[0]
  return count

  async function settle(place: Place) {
    const work = async (tx: Transaction) => settleCorrections(tx, place, { ...settled, before: now() - longestMarking })
    for (let some = 1; some > 0 && !isStopping() && (await hasGone(db, place, settled.rows));) {
      some = await db.transaction(work)
      count += some
      if (some > 0) await db.tidy()
    }
  }
}

/** Deletes stored events that no node and no client needs any more, and sessions that cannot be resumed any more. */
async function sweepChannelEvents(tools: Tools) {
  let count = 0
  for (const remove of [deleteOldEvents, deleteOldDepartures, deleteLostSessions])
    count += await deleteInSteps(tools, tx => remove(tx, tools.now() - eventsLifetime, step))
  return count
}

/** Messages whose processor has not answered in time have FAILED; decided callbacks are deleted after the same time. */
const expireFlowCallbacks = async (tools: Tools) =>
  onEach(
    tools,
    () => expiredCallbacks(tools.db, tools.now(), step),
    async (tx, { callbackId }) => {
      await expireCallback(tx, callbackId, tools.now())
      return true
    },
  )

/** How long the state of a lane is stored after its last delivery. */
const laneLifetime = 30 * 24 * 60 * 60 * 1000

async function sweepLanes({ db, now }: Tools) {
  return db.transaction(tx => deleteIdleLanes(tx, now() - laneLifetime))
}

/** A push expires after a week, so dead ones are deleted after that. At most this many are stored. */
const deadPushLifetime = 7 * 24 * 60 * 60 * 1000
const deadPushesAtMost = 10_000

const sweepPushes = async (tools: Tools) =>
  deleteInSteps(tools, tx => deleteDeadPushes(tx, tools.now() - deadPushLifetime, deadPushesAtMost, step))

/** All scheduled jobs. Each may be stopped midway, and several nodes may run it at once. */
const jobs = {
  purge: { everySeconds: 60, continues: true, run: purgeAll, counts: 'steps of the purge' },
  balancing: { everySeconds: 60, continues: true, run: balanceAll, counts: 'changes to sub-channels' },
  'user-expiration': { everySeconds: 300, run: expireUsers, counts: 'expired users' },
  'channel-expiration': { everySeconds: 300, run: expireChannels, counts: 'expired channels' },
  retention: { everySeconds: 3600, run: enforceRetention, counts: 'rows of messages deleted for good' },
  'flow-callbacks': { everySeconds: 60, run: expireFlowCallbacks, counts: 'expired callbacks' },
  'channel-events': { everySeconds: 60, run: sweepChannelEvents, counts: 'deleted events' },
  'request-tokens': { everySeconds: 3600, run: sweepRequestTokens, counts: 'deleted tokens' },
  'unread-corrections': { everySeconds: 86_400, run: settleAllCorrections, counts: 'deleted corrections' },
  'outbox-lanes': { everySeconds: 3600, run: sweepLanes, counts: 'deleted lanes' },
  'dead-pushes': { everySeconds: 3600, run: sweepPushes, counts: 'deleted pushes' },
} as const

export const jobNames: readonly string[] = Object.keys(jobs)

interface CountedJob extends Job {
  /** What the number that `run` resolves to counts. */
  readonly counts: string
  readonly run: (stopping?: AbortSignal) => Promise<number>
}

export const jobsOf = ({ db, now }: Pick<Tools, 'db' | 'now'>): CountedJob[] =>
  Object.entries(jobs).map(([name, job]) => ({
    name,
    ...job,
    run: stopping => job.run({ db, now, isStopping: () => stopping?.aborted ?? false }),
  }))
