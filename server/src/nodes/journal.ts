import type { Journal } from '../bus/nats-bus.ts'
import type { Database } from '../database/database.ts'
import { missedSteps } from '../events/missed.ts'
import { firstEventSince } from '../store/channel-events.ts'
import { goneUsers, newestMembership, newMemberships, reachedChannels } from '../store/reached.ts'

/** How many memberships one look reads at the most; more are read by the next one. */
const mostJoined = 1000
/** The clocks of nodes, and what a transaction takes. */
const slackMilliseconds = 60_000

/** What the database knows of what other nodes have done. */
export async function journalOf(db: Database): Promise<Journal> {
  // A membership with a smaller number may be committed later than one with a greater: so each look begins where the one before the
  // last has ended.
  let [before, last] = [await newestMembership(db), await newestMembership(db)]
  return {
    reached: async channelIds => reachedChannels(db, channelIds),
    missed: async asked => missedSteps(db, asked),
    gone: async userIds => goneUsers(db, userIds),
    async joined(userIds) {
      const newest = await newestMembership(db)
      const rows = await newMemberships(db, userIds, before, mostJoined)
      before = rows.length < mostJoined ? last : rows.at(-1)!.id
      last = rows.length < mostJoined ? newest : before
      return Promise.all(
        rows.map(async ({ userId, channelId, subChannelId, createdAt }) => {
          const first = await firstEventSince(db, channelId, createdAt - slackMilliseconds)
          // Whoever is no member yet hears nothing of what was before.
          return { userId, channelId, subChannelId, before: first === undefined ? undefined : { sequence: first - 1, at: createdAt } }
        }),
      )
    },
  }
}
