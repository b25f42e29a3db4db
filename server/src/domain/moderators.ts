import type { Arn } from '../arn.ts'
import { conflict } from '../errors.ts'
import { emit } from '../events/emit.ts'
import { findBan } from '../store/bans.ts'
import type { Transaction } from '../database/database.ts'
import { findIdentity, type Identity } from '../store/identities.ts'
import { countModerators, deleteModerator, findModerator, insertModerator } from '../store/moderators.ts'
import type { ActingInChannel } from './acting.ts'
import { advance } from './advance.ts'
import { checkCount } from './counts.ts'
import { holdIdentity, requireIdentity } from './identities.ts'
import { leave } from './memberships.ts'

/**
 * Makes a user or bot a moderator, unless it is one, and returns it. In an elastic channel a new moderator loses its membership as
 * a regular member (docs/service/elastic-channels.md#membership).
 */
export async function addModerator(tx: Transaction, acting: ActingInChannel, arn: Arn): Promise<Identity> {
  const { channel, actor, now, limits } = acting
  const named = await requireIdentity(tx, arn)
  const moment = await advance(tx, channel, now())
  await holdIdentity(tx, named)
  if (await findBan(tx, channel.id, named.id)) {
    throw conflict('The user or bot is banned from the channel', `Delete the ban of ${arn.text} first.`)
  }
  const at = now()
  if (await insertModerator(tx, channel.id, named.id, actor.id, at)) {
    checkCount((await countModerators(tx, channel.id)) - 1, 'moderatorsPerChannel', limits)
    const role = { identity: named, createdBy: actor, createdAt: new Date(at) }
    await emit(tx, { kind: 'ModeratorCreated', channelId: channel.id, moment, role, by: actor })
    if (channel.elastic) await leave(tx, { channelId: channel.id, moment }, named.id)
  }
  return named
}

/** Ends the role of a moderator. In an elastic channel all its memberships end with it. */
export async function removeModerator(tx: Transaction, { channel, actor, now }: ActingInChannel, arn: Arn) {
  const named = await findIdentity(tx, arn)
  const role = named && (await findModerator(tx, channel.id, named.id))
  if (!role) return
  // The channel is locked first, as everywhere, so that two acts never deadlock.
  const moment = await advance(tx, channel, now())
  if (channel.elastic) await leave(tx, { channelId: channel.id, moment }, named.id)
  if (!(await deleteModerator(tx, channel.id, named.id))) return
  await emit(tx, { kind: 'ModeratorDeleted', channelId: channel.id, moment, role, by: actor })
}
