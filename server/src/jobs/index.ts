import { expiryOf, retentionCutoff } from '../domain/expiration.ts'
import { retainingAppInstances } from '../store/app-instances.ts'
import { buryChannel, dueChannels, expiryStart, postponeExpiration } from '../store/channels.ts'
import type { Database } from '../store/database.ts'
import { buryIdentity, expiredIdentities } from '../store/identities.ts'
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
    await db.transaction(async tx => {
      for (const { id } of expired) await buryIdentity(tx, id, now())
    })
    purgeSoon()
  }
}

/** Channels whose time may have come: those that a message has kept alive are looked at again when that is over. */
async function expireChannels({ db, now, purgeSoon }: Tools) {
  for (;;) {
    const due = await dueChannels(db, now(), step)
    if (due.length === 0) return
    await db.transaction(async tx => {
      for (const channel of due) {
        const expiresAt = expiryOf(expiryStart(channel, channel.criterion), channel.days)!
        if (expiresAt <= now()) await buryChannel(tx, channel.id, now())
        else await postponeExpiration(tx, channel.id, expiresAt)
      }
    })
    purgeSoon()
  }
}

/** Deletes for good what retention has hidden, where its thirty days of grace are over. */
async function enforceRetention({ db, now }: Tools) {
  for (const { id, days } of await retainingAppInstances(db, now())) {
    const before = retentionCutoff(now(), days)
    for (
      let channels = await channelsAfter(db, id, 0, step);
      channels.length > 0;
      channels = await channelsAfter(db, id, channels.at(-1)!.id, step)
    ) {
      for (const channel of channels) {
        const subChannels = channel.elastic === null ? [] : await subChannelsOf(db, channel.id)
        for (const subChannelId of [0, ...subChannels.map(({ id }) => id)]) {
          while ((await db.transaction(tx => deleteOldMessages(tx, channel.id, subChannelId, before, step))) > 0) await db.tidy()
        }
      }
    }
  }
}

async function forgetRequestTokens({ db, now }: Tools) {
  while ((await db.transaction(tx => forgetTokens(tx, now() - tokenLifetime, step))) === step) await db.tidy()
}

/** All that happens by the clock. */
export function jobsOf(tools: Tools): Job[] {
  return [
    // Another node may have died while it was purging.
    { name: 'purge', everySeconds: 60, run: async () => tools.purgeSoon() },
    { name: 'balancing', everySeconds: 60, run: () => balanceAll(tools) },
    { name: 'user-expiration', everySeconds: 300, run: () => expireUsers(tools) },
    { name: 'channel-expiration', everySeconds: 300, run: () => expireChannels(tools) },
    { name: 'retention', everySeconds: 3600, run: () => enforceRetention(tools) },
    { name: 'request-tokens', everySeconds: 300, run: () => forgetRequestTokens(tools) },
  ]
}
