import { badRequest } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Queries, Transaction } from '../database/database.ts'
import type { CalledChannel } from '../store/facts.ts'
import { markRead, markReadAt, memberCount } from '../store/read-markers.ts'
import type { ActingInChannel } from './acting.ts'
import { checkOrdinary } from './sub-channels.ts'

/** Sets the actor's read marker to the present. */
export async function moveReadMarker(tx: Transaction, { channel, actor, now }: ActingInChannel) {
  checkOrdinary(channel, 'Read markers')
  if (!(await markRead(tx, channel.id, actor.id, now()))) return
  await emit(tx, { kind: 'ReadMarkerMoved', channelId: channel.id, memberId: actor.id })
}

/** Sets the actor's read marker to the time of a message, forward or back. */
export async function putReadMarker(tx: Transaction, { channel, actor }: ActingInChannel, at: Date) {
  checkOrdinary(channel, 'Read markers')
  if (await markReadAt(tx, channel.id, actor.id, at)) await emit(tx, { kind: 'ReadMarkerMoved', channelId: channel.id, memberId: actor.id })
}

/** In larger channels nobody looks up who has read what. */
const listedMembersAtMost = 100

/** Refuses to list the read markers of an elastic channel, and of one with more members. */
export async function checkListed(db: Queries, channel: CalledChannel) {
  checkOrdinary(channel, 'Read markers')
  const members = await memberCount(db, channel.id)
  if (members <= listedMembersAtMost) return
  throw badRequest(
    `Read markers can be listed in channels of up to ${listedMembersAtMost} members`,
    `${channel.arn} has ${members} members.`,
  )
}
