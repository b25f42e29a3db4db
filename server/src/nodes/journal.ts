import type { Journal } from '../bus/nats-bus.ts'
import type { Database } from '../database/database.ts'
import { missedSteps } from '../events/missed.ts'
import { firstEventSince } from '../store/channel-events.ts'
import { goneUsers, newestMembership, newMemberships, reachedChannels } from '../store/reached.ts'

/** The most memberships that one look reads; the next one reads further ones. */
const mostJoined = 1000
/** Covers the difference of clocks, and the duration of a transaction. */
const slackMilliseconds = 60_000

/** What the bus reads from the database to find missed events of other nodes. */
export async function journalOf(db: Database): Promise<Journal> {
  // A membership with a smaller id may be committed later than one with a greater, so each look starts where the one before the
  // last ended.
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
          // A user misses no events from before it became a member.
          return { userId, channelId, subChannelId, before: first === undefined ? undefined : { sequence: first - 1, at: createdAt } }
        }),
      )
    },
  }
}
