import { setImmediate as turn } from 'node:timers/promises'
import { deleteChannel } from '../domain/channels.ts'
import { channelExpiryOf, retentionCutoff } from '../domain/expiration.ts'
import { expireCallback } from '../domain/flows.ts'
import { expireIdentity } from '../domain/identities.ts'
import { enforcedRetention, retainingAppInstances } from '../store/app-instances.ts'
import { dueChannels, lockDueChannel, postponeExpiration } from '../store/channel-expiration.ts'
import type { Database, Queries, Transaction } from '../store/database.ts'
import { expiredCallbacks } from '../store/flow-callbacks.ts'
import { expiredIdentities } from '../store/identities.ts'
import { forgetTokens, tokenLifetime } from '../store/request-tokens.ts'
import { channelsAfter, deleteOldMessages } from '../store/retention.ts'
import { subChannelsOf } from '../store/sub-channels.ts'
import { balanceAll } from './balancing.ts'
import type { Job } from './schedule.ts'

/** How many rows one transaction of a job touches at the most. */
const step = 200

interface Tools {
  readonly db: Database
  readonly now: () => number
  readonly purgeSoon: () => void
}

async function expireUsers({ db, now, purgeSoon }: Tools) {
  for (;;) {
    const expired = await expiredIdentities(db, now(), step)
    if (expired.length === 0) return
    for (const { id } of expired) {
      await db.transaction(tx => expireIdentity(tx, id, now()))
    }
    purgeSoon()
  }
}

/** Ends a channel whose time has come. One that a message has kept alive is looked at again when that is over. */
async function expireChannel(tx: Transaction, id: number, now: number) {
  const due = await lockDueChannel(tx, id, now)
  if (!due) return
  const expiresAt = channelExpiryOf(due, due)!
  if (expiresAt <= now) await deleteChannel(tx, id, now)
  else await postponeExpiration(tx, id, expiresAt)
}

async function expireChannels({ db, now, purgeSoon }: Tools) {
  for (;;) {
    const due = await dueChannels(db, now(), step)
    if (due.length === 0) return
    for (const { id } of due) await db.transaction(tx => expireChannel(tx, id, now()))
    purgeSoon()
  }
}

/** Deletes for good what retention has hidden, where its thirty days of grace are over. */
async function enforceRetention({ db, now }: Tools) {
  for (const { id, days } of await retainingAppInstances(db, now())) {
    let channels = await channelsAfter(db, id, 0, retentionCutoff(now(), days), step)
    while (channels.length > 0) {
      for (const channel of channels) {
        if (channel.hasOld === 1) await deleteHidden(channel.id, 0, id)
        if (channel.elastic === null) continue
        for (const subChannel of await subChannelsOf(db, channel.id)) await deleteHidden(channel.id, subChannel.id, id)
      }
      await turn()
      channels = await channelsAfter(db, id, channels.at(-1)!.id, retentionCutoff(now(), days), step)
    }
  }

  /** The period is read again in each step: it may be extended or turned off meanwhile. */
  async function deleteHidden(channelId: number, subChannelId: number, appInstanceId: number) {
    const work = async (tx: Queries) => {
      const days = await enforcedRetention(tx, appInstanceId, now())
      return days === undefined ? 0 : deleteOldMessages(tx, channelId, subChannelId, retentionCutoff(now(), days), step)
    }
    while ((await db.transaction(work)) > 0) await db.tidy()
  }
}

async function forgetRequestTokens({ db, now }: Tools) {
  while ((await db.transaction(tx => forgetTokens(tx, now() - tokenLifetime, step))) === step) await db.tidy()
}

/** Messages whose processor has not answered in time have FAILED; what is decided is forgotten after the same time. */
async function expireFlowCallbacks({ db, now }: Tools) {
  for (;;) {
    const expired = await expiredCallbacks(db, now(), step)
    if (expired.length === 0) return
    for (const { callbackId } of expired) await db.transaction(tx => expireCallback(tx, callbackId, now()))
  }
}

/** All that happens by the clock. Each may be ended in the middle and run by several nodes at once. */
const jobs = {
  // Another node may have died while it was purging.
  purge: { everySeconds: 60, run: async ({ purgeSoon }: Tools) => purgeSoon() },
  balancing: { everySeconds: 60, run: balanceAll },
  'user-expiration': { everySeconds: 300, run: expireUsers },
  'channel-expiration': { everySeconds: 300, run: expireChannels },
  retention: { everySeconds: 3600, run: enforceRetention },
  'flow-callbacks': { everySeconds: 60, run: expireFlowCallbacks },
  'request-tokens': { everySeconds: 300, run: forgetRequestTokens },
} as const

export const jobNames: readonly string[] = Object.keys(jobs)

export const jobsOf = (tools: Tools): Job[] =>
  Object.entries(jobs).map(([name, { everySeconds, run }]) => ({ name, everySeconds, run: () => run(tools) }))
