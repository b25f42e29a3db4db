import { leastMembers } from '../domain/sub-channels.ts'
import { emit } from '../events/emit.ts'
import { advanceChannel, type Elastic, type Moment } from '../store/channels.ts'
import type { Database, Transaction } from '../database/database.ts'
import {
  burySubChannel,
  nameOfSubChannel,
  elasticChannelsAfter,
  findElastic,
  moveMembers,
  removeModeratorsOf,
  setSubChannelOpen,
  settleSubChannel,
  subChannelsOf,
  type SubChannel,
} from '../store/sub-channels.ts'

/** The most memberships that one transaction moves, so that other transactions do not wait long for the channel. */
const chunk = 100

const room = ({ capacity, members }: SubChannel) => capacity - members
const byFullness = (subChannels: readonly SubChannel[]) => subChannels.toSorted((a, b) => b.members - a.members || a.id - b.id)

/** The next step of balancing an elastic channel. */
type Act =
  | { readonly kind: 'move'; readonly from: number; readonly to: number; readonly count: number }
  | { readonly kind: 'settle' | 'close' | 'open' | 'remove moderators' | 'bury'; readonly id: number }

/**
 * SCALE_OUT: a new sub-channel takes the newest members of the fullest ones, until it has as many as it was made for, it is full,
 * or no other has one to spare.
 */
function fill(filling: SubChannel, others: readonly SubChannel[], least: number): Act {
  const [fullest] = byFullness(others.filter(({ isOpen }) => isOpen))
  const spare = fullest && fullest.members > filling.members ? fullest.members - least : 0
  const count = Math.min(chunk, filling.wanted, room(filling), spare)
  if (!fullest || count <= 0) return { kind: 'settle', id: filling.id }
  return { kind: 'move', from: fullest.id, to: filling.id, count }
}

/**
 * SCALE_IN: first the members move to the fullest sub-channel that has room for all, then the moderators' memberships end, then the
 * sub-channel is deleted.
 */
function empty(closing: SubChannel, others: readonly SubChannel[]): Act {
  const target = destination(closing, others)
  if (!target) return { kind: 'open', id: closing.id }
  if (closing.members > 0) return { kind: 'move', from: closing.id, to: target.id, count: Math.min(chunk, closing.members) }
  return { kind: closing.moderators > 0 ? 'remove moderators' : 'bury', id: closing.id }
}

/** The fullest sub-channel with room for all members of the one that is removed. */
const destination = ({ id, members }: SubChannel, subChannels: readonly SubChannel[]) =>
  byFullness(subChannels.filter(other => other.id !== id && other.isOpen && room(other) >= members))[0]

/** Undefined if the channel is balanced. The last sub-channel is never removed. */
function nextAct(subChannels: readonly SubChannel[], elastic: Elastic): Act | undefined {
  const least = leastMembers(elastic)
  const filling = subChannels.find(({ wanted }) => wanted > 0)
  if (filling) {
    const others = subChannels.filter(({ id }) => id !== filling.id)
    return fill(filling, others, least)
  }
  const closing = subChannels.find(({ isOpen }) => !isOpen)
  if (closing) return empty(closing, subChannels)
  const small = byFullness(subChannels.filter(({ members }) => members < least)).toReversed()
  const given = small.find(candidate => destination(candidate, subChannels))
  return given && { kind: 'close', id: given.id }
}

async function perform(tx: Transaction, channelId: number, act: Act, moment: Moment) {
  const { at } = moment
  switch (act.kind) {
    case 'move': {
      const moved = await moveMembers(tx, { channelId, from: act.from, to: act.to, count: act.count, now: at })
      // No member can be moved although some are counted: this would loop for ever.
      if (moved.length === 0) throw new Error(`Sub-channel ${act.from} counts members that it does not have`)
      return emit(tx, { kind: 'MembersMoved', channelId, moment, from: act.from, memberships: moved })
    }
    case 'settle':
      await settleSubChannel(tx, act.id)
      return
    case 'close':
    case 'open':
      await setSubChannelOpen(tx, act.id, act.kind === 'open')
      return
    case 'remove moderators': {
      const memberships = await removeModeratorsOf(tx, channelId, act.id, chunk)
      return emit(tx, { kind: 'ModeratorsLeftSubChannel', channelId, moment, memberships })
    }
    case 'bury': {
      const subChannelName = (await nameOfSubChannel(tx, act.id))!
      await burySubChannel(tx, channelId, act.id, at)
      await emit(tx, { kind: 'SubChannelDeleted', channelId, moment, subChannelId: act.id, subChannelName, wanted: 0 })
    }
  }
}

/**
 * Takes the next step of balancing an elastic channel, in one small transaction that locks the channel; false if there is none. The
 * rows say what is in progress, so any node can continue it, and several nodes may run it at once.
 */
async function balanceStep(db: Database, channelId: number, now: number): Promise<boolean> {
  const elastic = await findElastic(db, channelId)
  if (!elastic || !nextAct(await subChannelsOf(db, channelId), elastic)) return false
  return db.transaction(async tx => {
    const moment = await advanceChannel(tx, channelId, now)
    const act = moment && nextAct(await subChannelsOf(tx, channelId), elastic)
    if (!act) return false
    await perform(tx, channelId, act, moment)
    return true
  })
}

/** How many channels are looked up at once. */
const portion = 200

/**
 * Balances every elastic channel, including those that a stopped node has left unfinished, and those that became small by a purge. Returns
 * the number of steps.
 */
export async function balanceAll({ db, now, isStopping }: { db: Database; now: () => number; isStopping: () => boolean }) {
  let after = { appInstanceId: 0, id: 0 }
  let count = 0
  while (!isStopping()) {
    const channels = await elasticChannelsAfter(db, after, portion)
    const last = channels.at(-1)
    if (!last) return count
    for (const { id } of channels) while (!isStopping() && (await balanceStep(db, id, now()))) count++
    after = last
  }
  return count
}

/** The channels that wait for balancing, each once. */
export class BalancingQueue {
  readonly #waiting = new Set<number>()
  readonly #db: Database
  readonly #now: () => number

  constructor({ db, now }: { db: Database; now: () => number }) {
    this.#db = db
    this.#now = now
  }

  add(channelId: number) {
    this.#waiting.add(channelId)
  }

  /** Takes the next step of the first channel; false if none is left. */
  async step(): Promise<boolean> {
    const [id] = this.#waiting
    if (id === undefined) return false
    // Removed before the step, so that a channel that is added during the step is balanced again.
    this.#waiting.delete(id)
    if (await balanceStep(this.#db, id, this.#now())) this.#waiting.add(id)
    return true
  }
}
