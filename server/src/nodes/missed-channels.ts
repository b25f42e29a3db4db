import type { SocketEvent } from '../bus/socket-events.ts'
import type { Database } from '../database/database.ts'
import { missedSteps } from '../events/missed.ts'
import { eventsLifetime, firstEventSince } from '../store/channel-events.ts'
import { busyPlaces, departuresOf, firstMessageSince } from '../store/missed.ts'
import { reachedChannel } from '../store/reached.ts'

/** How many numbers are read at a time. */
const portion = 100
/** A client that has missed more events of a channel, or events in more channels, has to load them itself. */
const mostMissed = 1000
const mostChannels = 1000
/** How far back events can be read, in milliseconds; stored events are deleted a little later. */
const longestMilliseconds = eventsLifetime - 5 * 60_000
/** How many milliseconds of events are sent again although the client may have received them. */
const unsureMilliseconds = 20_000

export interface MissedChannel {
  readonly channelId: number
  /** The sub-channels that the user is in; 0 for an ordinary channel. */
  readonly subChannelIds: readonly number[]
  /** The client has received everything up to this number. */
  readonly after: number
  /** Reads some of the events after that number. */
  read(after: number): Promise<{ readonly events: readonly SocketEvent[]; readonly upTo: number; readonly isLeft: boolean }>
}

interface Asked {
  /** By real time. */
  readonly since: number
  /** How far the clock of stored times is ahead of real time, in milliseconds; they differ in tests only. */
  readonly behind: number
}

interface Busy {
  readonly channelId: number
  readonly subChannelIds: number[]
  since: number
  /** The number of the event with which the user has left. */
  readonly leftAt?: number
}

/** The channels in which the user is, or has been since then; undefined if there are too many. */
async function busyChannels(db: Database, userId: number, { since, behind }: Asked): Promise<Busy[] | undefined> {
  const present = await busyPlaces(db, userId, since + behind, mostChannels + 1)
  const left = await departuresOf(db, userId, since, mostChannels + 1)
  if (present.length > mostChannels || left.length > mostChannels) return undefined
  const busy = new Map<number, Busy>()
  for (const { channelId, subChannelId, joinedAt } of present) {
    const one = busy.get(channelId) ?? { channelId, subChannelIds: [], since: Infinity }
    one.subChannelIds.push(subChannelId)
    // A user who joined later gets no event from before the join.
    one.since = Math.min(one.since, Math.max(since, joinedAt - behind))
    busy.set(channelId, one)
  }
  const departed = left.filter(({ channelId }) => !busy.has(channelId))
  return [
    ...busy.values(),
    ...[...Map.groupBy(departed, ({ channelId }) => channelId)].map(([channelId, all]) => ({
      channelId,
      subChannelIds: all.map(({ subChannelId }) => subChannelId),
      since,
      leftAt: Math.max(...all.map(({ sequence }) => sequence)),
    })),
  ]
}

/**
 * The channels of which the user may have missed events since then, each with a function that reads them; undefined if there are too many.
 */
export async function missedChannels(db: Database, userId: number, asked: Asked): Promise<MissedChannel[] | undefined> {
  if (Date.now() - asked.since > longestMilliseconds) return undefined
  const missed: MissedChannel[] = []
  for (const busy of (await busyChannels(db, userId, asked)) ?? [undefined]) {
    if (!busy) return undefined
    const { channelId, subChannelIds, since, leftAt } = busy
    const notBefore = since + asked.behind
    const firsts = await Promise.all([
      firstEventSince(db, channelId, since),
      ...subChannelIds.map(subChannelId => firstMessageSince(db, channelId, subChannelId, notBefore)),
    ])
    const after = Math.min(...firsts.map(first => first ?? Infinity)) - 1
    if (after === Infinity) continue
    const reached = await reachedChannel(db, channelId)
    if (reached && reached.sequence - after > mostMissed) return undefined
    const read: MissedChannel['read'] = async from => {
      const { steps, reached } = await missedSteps(db, { channelId, subChannelIds, after: from, upTo: from + portion, notBefore })
      const end = Math.min(leftAt ?? Infinity, reached.sequence)
      const upTo = Math.min(from + portion, end)
      const events = steps.filter(({ sequence }) => sequence <= upTo).flatMap(step => step.events)
      return { events: events.filter(event => !isUnknown(event, notBefore)), upTo: Math.max(from, upTo), isLeft: upTo < end }
    }
    missed.push({ channelId, subChannelIds, after, read })
  }
  return missed
}

/** The number belongs to a message that was sent and deleted meanwhile. */
const isUnknown = ({ type, payload }: SocketEvent, since: number) =>
  type === 'DELETE_CHANNEL_MESSAGE' && new Date(payload['CreatedTimestamp'] as string).getTime() > since + unsureMilliseconds
