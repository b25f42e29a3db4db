import { decideOn, decideOnFirst, dropping, retrying } from '../domain/dead-entries.ts'
import { laneFigures } from '../domain/lane-figures.ts'
import { badRequest } from '../errors.ts'
import { listDead } from '../store/outbox-dead.ts'
import type { Call, Handlers } from './call.ts'
import { paged } from './paging.ts'

const dateOf = (at: number | undefined) => (at === undefined ? undefined : new Date(at))

/** The dead entries that a call names: those of the ids, or the first ones of a lane. */
interface Choice {
  readonly EntryIds?: readonly number[]
  readonly Lane?: string
}

async function decided({ EntryIds, Lane }: Choice, { db, now }: Call, decide: Parameters<typeof decideOn>[2]) {
  if ((EntryIds === undefined) === (Lane === undefined))
    throw badRequest(
      'Exactly one of EntryIds and Lane is required',
      'Give EntryIds as ListDeadOutboxEntries returns them, or the Lane for all of its dead entries, not both.',
    )
  if (EntryIds !== undefined) return { EntryCount: await decideOn(db, EntryIds, decide), HasMore: false }
  const { count, hasMore } = await decideOnFirst(db, { lane: Lane, until: now() }, decide)
  return { EntryCount: count, HasMore: hasMore }
}

export const outbox = {
  async ListOutboxLanes(_, { db, now }) {
    const at = now()
    const OutboxLanes = (await laneFigures(db, at)).map(each => ({
      Lane: each.lane,
      Kind: each.kind,
      Destination: each.destination,
      WaitingCount: each.entries,
      OldestTimestamp: each.entries === 0 ? undefined : new Date(at - each.seconds * 1000),
      DeadCount: each.dead,
      DeliveredTimestamp: dateOf(each.deliveredAt),
      FailedTimestamp: dateOf(each.failedAt),
      LastError: each.error,
      PausedUntilTimestamp: dateOf(each.pause?.until),
      PauseReason: each.pause?.why,
    }))
    return { OutboxLanes }
  },

  async ListDeadOutboxEntries(input, call) {
    const { Lane } = input
    const about = Lane === undefined ? [] : [Lane]
    const { items, NextToken } = await paged(call, input, about, (after, limit) => listDead(call.db, Lane, after, limit))
    const DeadOutboxEntries = items.map(({ id, lane, subLane, attempts, createdAt, diedAt, error, payload }) => ({
      EntryId: id,
      Lane: lane,
      SubLane: subLane,
      AttemptCount: attempts,
      CreatedTimestamp: new Date(createdAt),
      DiedTimestamp: new Date(diedAt),
      LastError: error,
      Size: Buffer.byteLength(payload),
    }))
    return { DeadOutboxEntries, NextToken }
  },

  RetryDeadOutboxEntries: async (input, call) => decided(input, call, retrying(call.now())),

  DropDeadOutboxEntries: async (input, call) => decided(input, call, dropping),
} satisfies Partial<Handlers>
