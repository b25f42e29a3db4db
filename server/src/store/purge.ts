import { giveEach, type Counter } from './counters.ts'
import { statement, type Database, type Queries } from './database.ts'
import { deleteStreamingConfigurations } from './streaming.ts'
import { removeAllTags } from './tags.ts'

/** How many rows one transaction of a purge removes at the most, so that nobody waits long for the writer. */
const step = 500

const nextChannel = statement<{ id: number }>(`select id from channels where deleted_at is not null order by id limit 1`)
const nextIdentity = statement<{ id: number }>(`
  select id from identities where deleted_at is not null and purged_at is null order by id limit 1`)
const nextAppInstance = statement<{ id: number }>(`select id from app_instances where deleted_at is not null order by id limit 1`)

const where = `channel_id = $1`
const membershipsOfChannel = `from memberships where ${where} order by sub_channel_id, type, id limit $2`
const membershipsOfIdentity = `from memberships where member_id = $1 order by id limit $2`
const removeMembers = statement<{ counted: number }>(`
  delete from memberships where id in (select id ${membershipsOfChannel}) returning member_id as counted`)
const removeMemberships = statement<{ counted: number }>(`
  delete from memberships where id in (select id ${membershipsOfIdentity}) returning channel_id as counted`)
const contentsOfChannel = [
  statement(`delete from private_messages where (channel_id, sub_channel_id, viewer_id, created_at, sequence) in
    (select channel_id, sub_channel_id, viewer_id, created_at, sequence from private_messages where ${where} limit $2)`),
  statement(`delete from messages where (channel_id, sub_channel_id, private, created_at, sequence) in
    (select channel_id, sub_channel_id, private, created_at, sequence from messages where ${where} limit $2)`),
  statement(`delete from moderators where (channel_id, identity_id) in
    (select channel_id, identity_id from moderators where ${where} limit $2)`),
  statement(`delete from bans where (channel_id, identity_id) in (select channel_id, identity_id from bans where ${where} limit $2)`),
]
const rolesOfIdentity = [
  statement(`delete from moderators where (channel_id, identity_id) in
    (select channel_id, identity_id from moderators where identity_id = $1 limit $2)`),
  statement(`delete from bans where (channel_id, identity_id) in
    (select channel_id, identity_id from bans where identity_id = $1 limit $2)`),
  statement(`delete from endpoints where id in (select id from endpoints where identity_id = $1 limit $2)`),
]
const removeAdmin = statement(`
  delete from admins where identity_id = $1 and app_instance_id = (select app_instance_id from identities where id = $1)`)
const removeChannel = statement(`delete from channels where id = $1`)
const closeIdentity = statement(`update identities set purged_at = $2 where id = $1`)
const buryChannels = statement(`
  update channels set deleted_at = $2 where id in
    (select id from channels where app_instance_id = $1 and deleted_at is null limit $3)`)
const buryIdentities = statement(`
  update identities set deleted_at = $2 where id in
    (select id from identities where app_instance_id = $1 and deleted_at is null limit $3)`)
const removeIdentities = statement(`
  delete from identities where id in
    (select id from identities where app_instance_id = $1 and deleted_at is not null limit $2)`)
const removeAppInstance = statement(`delete from app_instances where id = $1`)

/** Ends memberships and counts them down by what has really gone, since a member may leave and another node purge meanwhile. */
async function endMemberships(tx: Queries, removal: typeof removeMembers, counter: Counter, id: number): Promise<number> {
  const ended = await tx.all(removal, id, step)
  const parents = ended.map(({ counted }) => counted)
  await giveEach(tx, counter, parents)
  return ended.length
}

/** Runs each deletion until a whole step is done; true where nothing is left. */
async function emptied(tx: Queries, deletions: typeof contentsOfChannel, id: number, done: number): Promise<boolean> {
  let left = step - done
  if (left <= 0) return false
  for (const deletion of deletions) {
    left -= await tx.run(deletion, id, left)
    if (left <= 0) return false
  }
  return true
}

async function purgeChannel(tx: Queries, id: number) {
  const ended = await endMemberships(tx, removeMembers, 'membershipsOfIdentity', id)
  if (!(await emptied(tx, contentsOfChannel, id, ended))) return
  await removeAllTags(tx, { kind: 'channel', id })
  await tx.run(removeChannel, id)
}

async function purgeIdentity(tx: Queries, id: number, now: number) {
  const ended = await endMemberships(tx, removeMemberships, 'membersOfChannel', id)
  if (!(await emptied(tx, rolesOfIdentity, id, ended))) return
  await tx.run(removeAdmin, id)
  await removeAllTags(tx, { kind: 'identity', id })
  await tx.run(closeIdentity, id, now)
}

async function purgeAppInstance(tx: Queries, id: number, now: number) {
  const buried = (await tx.run(buryChannels, id, now, step)) + (await tx.run(buryIdentities, id, now, step))
  // What has just been buried is purged first: then only tombstones of identities are left.
  if (buried > 0) return
  if ((await tx.run(removeIdentities, id, step)) > 0) return
  await removeAllTags(tx, { kind: 'app-instance', id })
  await deleteStreamingConfigurations(tx, id)
  await tx.run(removeAppInstance, id)
}

/**
 * Removes the next part of what is deleted, in one small transaction: contents of channels first, then roles of identities,
 * then app instances. False where nothing is left to do. Several nodes may run it at once.
 */
export async function purgeStep(db: Database, now: number): Promise<boolean> {
  const channel = await db.get(nextChannel)
  if (channel) {
    await db.transaction(tx => purgeChannel(tx, channel.id))
    return true
  }
  const identity = await db.get(nextIdentity)
  if (identity) {
    await db.transaction(tx => purgeIdentity(tx, identity.id, now))
    return true
  }
  const appInstance = await db.get(nextAppInstance)
  if (!appInstance) return false
  await db.transaction(tx => purgeAppInstance(tx, appInstance.id, now))
  return true
}
