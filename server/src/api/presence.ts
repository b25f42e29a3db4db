import type { BearerCall, Handlers } from './call.ts'
import { parseArn } from '../arn.ts'
import { seenChannels, seenPeople } from '../auth/roles/sight.ts'
import { checkPresence, livingUsers, setStatus } from '../domain/presence.ts'
import { notFound } from '../errors.ts'
import { namedMembersAtMost, presenceDetails } from '../present/presence.ts'
import { presenceOf } from '../store/presences.ts'
import { acting } from './acting.ts'
import { allNamed } from './named.ts'

/** The presences of these users as the bearer sees them. Its own status is shown to itself even if it is INVISIBLE to others. */
async function presencesOf({ db, facts, presence }: BearerCall, userIds: Iterable<number>) {
  const found = await Promise.all([...userIds].map(async userId => ({ userId, stored: await presenceOf(db, userId) })))
  return found.flatMap(({ userId, stored }) => {
    if (!stored) return []
    const details = presenceDetails(userId, stored, presence)
    return [userId === facts.caller.id ? { ...details, Status: stored.status, StatusText: stored.statusText } : details]
  })
}

export const presence = {
  async PutPresenceStatus({ Status, StatusText }, call) {
    await call.db.transaction(tx => setStatus(tx, acting(call), Status, StatusText))
    return { Status, StatusText }
  },

  async BatchGetPresence(_, call) {
    const { db, facts } = call
    await checkPresence(db, facts.caller)
    const userIds = await livingUsers(db, allNamed(call, 'AppInstanceUserArns'))
    return { Presences: await presencesOf(call, await seenPeople(db, facts, userIds)) }
  },

  async GetChannelPresence(_, call) {
    const { db, facts, presence: nodes } = call
    const { channel, caller } = facts
    await checkPresence(db, caller)
    const members = await nodes.membersOf(channel.id)
    const OnlineMemberCount = [...members].filter(userId => nodes.isOnline(userId)).length
    const isNamed = !channel.elastic && members.size <= namedMembersAtMost
    return { ChannelArn: channel.arn, OnlineMemberCount, Presences: isNamed ? await presencesOf(call, members) : undefined }
  },

  async WatchPresence({ SessionId: sessionId }, call) {
    const { db, facts, bus, presence: nodes } = call
    const { caller } = facts
    await checkPresence(db, caller)
    if (!(await nodes.hasSession({ userId: caller.id, id: sessionId }))) {
      throw notFound(
        'The session does not exist.',
        `${caller.arn} has no open session ${sessionId}. Call WatchPresence after SESSION_ESTABLISHED.`,
      )
    }
    const seen = await seenChannels(db, parseArn(caller.arn)!, allNamed(call, 'ChannelArns'))
    const channels = [...new Map(seen.map(({ id, arn, elastic }) => [id, { id, arn, isElastic: elastic !== undefined }])).values()]
    const userIds = await seenPeople(db, facts, await livingUsers(db, allNamed(call, 'AppInstanceUserArns')))
    bus.publish({ type: 'presence-watched', userId: caller.id, userArn: caller.arn, sessionId, channels, people: userIds })
    const found = await Promise.all(userIds.map(async userId => presenceOf(db, userId)))
    return { ChannelArns: channels.map(({ arn }) => arn), AppInstanceUserArns: found.flatMap(stored => (stored ? [stored.arn] : [])) }
  },
} satisfies Partial<Handlers>
