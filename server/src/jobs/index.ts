import type { Database } from '../store/database.ts'
import { buryIdentity, expiredIdentities } from '../store/identities.ts'
import { forgetTokens, tokenLifetime } from '../store/request-tokens.ts'
import type { Job } from './schedule.ts'

/** How many rows one transaction of a job touches at the most. */
const step = 200

/** All that happens by the clock. */
export function jobsOf({ db, now, purgeSoon }: { db: Database; now: () => number; purgeSoon: () => void }): Job[] {
  return [
    // Another node may have died while it was purging.
    { name: 'purge', everySeconds: 60, run: async () => purgeSoon() },
    {
      name: 'user-expiration',
      everySeconds: 300,
      async run() {
        for (;;) {
          const expired = await expiredIdentities(db, now(), step)
          if (expired.length === 0) return
          await db.transaction(async tx => {
            for (const { id } of expired) await buryIdentity(tx, id, now())
          })
          purgeSoon()
        }
      },
    },
    {
      name: 'request-tokens',
      everySeconds: 300,
      async run() {
        while ((await db.transaction(tx => forgetTokens(tx, now() - tokenLifetime, step))) === step);
      },
    },
  ]
}
