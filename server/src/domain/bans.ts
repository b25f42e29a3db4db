import type { Arn } from '../arn.ts'
import { forbidden } from '../errors.ts'
import { emit } from '../events/emit.ts'
import { findAdmin } from '../store/admins.ts'
import { deleteBan, findBan, insertBan } from '../store/bans.ts'
import type { Transaction } from '../database/database.ts'
import { findIdentity, type Identity } from '../store/identities.ts'
import { findModerator } from '../store/moderators.ts'
import type { ActingInChannel } from './acting.ts'
import { advance } from './advance.ts'
import { holdIdentity, requireIdentity } from './identities.ts'
import { leave } from './memberships.ts'

/** Bans a user or bot and ends its membership. Admins and moderators of the channel cannot be banned (docs/service/channels.md#bans). */
export async function ban(tx: Transaction, { channel, actor, now }: ActingInChannel, arn: Arn): Promise<Identity> {
  const named = await requireIdentity(tx, arn)
  const moment = await advance(tx, channel, now())
  await holdIdentity(tx, named)
  const isInCharge = (await findAdmin(tx, actor.appInstanceId, named.id)) ?? (await findModerator(tx, channel.id, named.id))
  if (isInCharge) throw forbidden(`${arn.text} is an AppInstanceAdmin or a moderator of the channel, and cannot be banned.`)
  const at = now()
  if (await insertBan(tx, channel.id, named.id, actor.id, at)) {
    const role = { identity: named, createdBy: actor, createdAt: new Date(at) }
    await emit(tx, { kind: 'BanCreated', channelId: channel.id, moment, role, by: actor })
  }
  await leave(tx, { channelId: channel.id, moment }, named.id)
  return named
}

/** Ends a ban; the membership does not come back. */
export async function unban(tx: Transaction, { channel, actor, now }: ActingInChannel, arn: Arn) {
  const named = await findIdentity(tx, arn)
  const role = named && (await findBan(tx, channel.id, named.id))
  if (!role) return
  const moment = await advance(tx, channel, now())
  if (!(await deleteBan(tx, channel.id, named.id))) return
  await emit(tx, { kind: 'BanDeleted', channelId: channel.id, moment, role, by: actor })
}
