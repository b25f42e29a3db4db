import type { DomainEvent, EventOf } from './events.ts'
import { afterCommit, type Follower } from './follower.ts'

/** A deleted resource is unreachable immediately; the purge removes it. */
export const wakePurge: Follower<DomainEvent> = tx => afterCommit(tx, { wake: 'purge' })

export const balanceAfterScaleOut: Follower<EventOf<'SubChannelCreated'>> = (tx, { channelId, wanted }) => {
  if (wanted > 0) afterCommit(tx, { wake: 'balancing', elasticId: channelId })
}

/** Members of an ordinary channel are in no sub-channel. */
export const balanceAfterLeaving: Follower<EventOf<'MembersLeft'>> = (tx, { channelId, memberships }) => {
  if (memberships.some(({ subChannelId }) => subChannelId !== 0)) afterCommit(tx, { wake: 'balancing', elasticId: channelId })
}
