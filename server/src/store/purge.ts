import { streamsOf, type Moment } from './channels.ts'
import { correctionKey, deletionsBesideMessages, messageKey, viewerKey } from './beside-messages.ts'
import { giveEach, take } from './counters.ts'
import { statement, type Queries, type Statement, type Transaction, type Value } from '../database/database.ts'
import { keyColumns, ofMessage } from './message-keys.ts'
import { placedMemberships, returned, type PlacedMembership, type PlacedRow } from './memberships.ts'
import type { Place } from './places.ts'
import { deleteSome } from './queries.ts'
import { noteRemoved } from './search-changes.ts'
import { giveSeatBack, uncountModeratorIn } from './sub-channels.ts'
import { removeAllTags } from './tags.ts'

/** The most rows that one transaction of a purge removes, so that other transactions do not wait long. */
const step = 500
/** The most channels that one transaction locks, since whoever sends there waits for its end. */
const channelsAtOnce = 10

const nextChannel = statement<{ id: number }>(`select id from channels where deleted_at is not null order by id limit 1`)
const nextSubChannel = statement<{ id: number; channelId: number }>(`
  select id, channel_id as "channelId" from sub_channels where deleted_at is not null order by id limit 1`)
const nextIdentity = statement<{ id: number }>(`
  select id from identities where deleted_at is not null and purged_at is null order by id limit 1`)
const nextAppInstance = statement<{ id: number }>(`
  select id from app_instances where deleted_at is not null and id not in (select app_instance_id from imports) order by id limit 1`)
const removeReferences = deleteSome('imported_identities', 'app_instance_id, ref', 'app_instance_id = $1')
const nextUnwanted = statement<Unwanted>(`
  select channel_id as "channelId", sub_channel_id as "subChannelId", message_at as "at", message_sequence as "sequence"
  from unwanted_reactions limit 1`)

interface Ended extends PlacedRow {
  readonly id: number
  readonly placed: number
}

const where = `channel_id = $1`
const membershipsOfChannel = `from memberships where ${where} order by sub_channel_id, type, id limit $2`
const removeMembers = statement<{ counted: number }>(`
  delete from memberships where id in (select id ${membershipsOfChannel}) returning member_id as counted`)
const removePositionsOfChannel = statement(`
  delete from read_positions where (member_id, channel_id, sub_channel_id) in
    (select member_id, channel_id, sub_channel_id ${membershipsOfChannel})`)
const removePositionsOfMember = statement(`
  delete from read_positions where (member_id, channel_id, sub_channel_id) in
    (select member_id, channel_id, sub_channel_id from memberships where member_id = $1 and id <= $2)`)
const selectMemberships = statement<{ id: number; channelId: number }>(`
  select id, channel_id as "channelId" from memberships where member_id = $1 order by id limit $2`)
const removeMemberships = statement<Ended>(`
  delete from memberships where member_id = $1 and id <= $2 returning id, ${returned}, placed`)
/** Deletes rows, and notes those that the search index has. */
interface Deletion {
  readonly note?: Statement<never>
  readonly remove: (tx: Queries, ...values: Value[]) => Promise<number>
}

/** `now` is the parameter for the time of the note, after those of the deletion. */
const messagesIn = (condition: string, now: string): Deletion => {
  const selected = `${condition} order by ${messageKey}`
  return { note: noteRemoved(`where ${selected} limit $2`, now), remove: deleteSome('messages', messageKey, selected) }
}
const contentsIn = (condition: string, now: string): readonly Deletion[] => [
  { remove: deleteSome('unread_corrections', correctionKey, condition) },
  ...deletionsBesideMessages(condition).map(remove => ({ remove })),
  { remove: deleteSome('private_messages', viewerKey, condition) },
  messagesIn(condition, now),
]
const contentsOfSubChannel = contentsIn('channel_id = $1 and sub_channel_id = $3', '$4')
const countOut = statement<Moment>(`
  update channels set member_count = member_count - $2, sequence = sequence + 1,
    last_event_at = case when last_event_at < $3 then $3 else last_event_at end
  where id = $1 returning sequence, last_event_at as at, counted, ${streamsOf('channels')}`)
const removeSubChannel = statement(`delete from sub_channels where id = $1`)
const contentsOfChannel: readonly Deletion[] = [
  ...contentsIn(where, '$3'),
  { remove: deleteSome('moderators', 'channel_id, identity_id', where) },
  { remove: deleteSome('bans', 'channel_id, identity_id', where) },
  { remove: deleteSome('flow_runs', 'id', where) },
  { remove: deleteSome('sub_channels', 'id', where) },
]
const rolesOfIdentity: readonly Deletion[] = [
  { remove: deleteSome('moderators', 'channel_id, identity_id', 'identity_id = $1') },
  { remove: deleteSome('bans', 'channel_id, identity_id', 'identity_id = $1') },
  { remove: deleteSome('endpoints', 'id', 'identity_id = $1') },
  { remove: deleteSome('presences', 'identity_id', 'identity_id = $1') },
]
const removeReactions = deleteSome('reactions', `${keyColumns}, identity_id, reaction`, ofMessage(), '$5')
const removeUnwanted = statement(`delete from unwanted_reactions where ${ofMessage()}`)
const removeAdmin = statement(`
  delete from admins where identity_id = $1 and app_instance_id = (select app_instance_id from identities where id = $1)`)
const holdChannel = statement(`update channels set deleted_at = deleted_at where id = $1`)
const removeChannel = statement(`delete from channels where id = $1`)
const closeIdentity = statement(`update identities set purged_at = $2 where id = $1`)
const buryChannels = statement(`
  update channels set deleted_at = $2 where id in
    (select id from channels where app_instance_id = $1 and deleted_at is null limit $3)`)
const buryIdentities = statement(`
  update identities set deleted_at = $2 where id in
    (select id from identities where app_instance_id = $1 and deleted_at is null limit $3)`)
const removeIdentities = deleteSome('identities', 'id', 'app_instance_id = $1 and deleted_at is not null and purged_at is not null')
/** The indexes hold either the living or the deleted ones. */
const leftIn = (table: string, condition: string) => `select id from ${table} where app_instance_id = $1 and deleted_at is ${condition}`
const selectLeft = statement<{ id: number }>(`
  ${['channels', 'identities'].flatMap(table => [leftIn(table, 'null'), leftIn(table, 'not null')]).join(' union all ')} limit 1`)
const flowsOfAppInstance = `select id from channel_flows where app_instance_id = $1 order by id limit $2`
const removeTagsOfFlows = statement(`delete from tags where resource_kind = 'channel-flow' and resource_id in (${flowsOfAppInstance})`)
const removeFlows = statement(`delete from channel_flows where id in (${flowsOfAppInstance})`)
const removeAppInstance = statement(`delete from app_instances where id = $1`)

/**
 * Ends memberships of a deleted channel and decrements the counts by the rows that are really gone, since another node may purge at
 * the same time.
 */
async function endMembershipsOfChannel(tx: Queries, id: number): Promise<number> {
  await tx.run(removePositionsOfChannel, id, step)
  const ended = await tx.all(removeMembers, id, step)
  const members = ended.map(({ counted }) => counted)
  await giveEach(tx, 'membershipsOfIdentity', members)
  return ended.length
}

/** Memberships of a remaining channel that have ended with their member, and the channel's number and time for the event. */
export interface EndedMemberships {
  readonly channelId: number
  readonly moment: Moment
  readonly memberships: readonly PlacedMembership[]
}

/**
 * Ends memberships of a deleted identity, whose seats in sub-channels become free. The counts of the channels are decremented first, in the
 * order of their ids, which locks them, as every transaction does that ends or moves a membership.
 */
async function endMembershipsOfIdentity(tx: Queries, id: number, now: number) {
  const found = await tx.all(selectMemberships, id, channelsAtOnce)
  const moments = new Map<number, Moment>()
  for (const [channelId, rows] of [...Map.groupBy(found, each => each.channelId)].toSorted(([a], [b]) => a - b)) {
    const channel = await tx.get(countOut, channelId, rows.length, now)
    if (channel) moments.set(channelId, channel)
  }
  await tx.run(removePositionsOfMember, id, found.at(-1)?.id ?? 0)
  const ended = await tx.all(removeMemberships, id, found.at(-1)?.id ?? 0)
  const isEnded = new Set(ended.map(each => each.id))
  // Another transaction has ended these, and decremented the counts, before the channels were locked.
  for (const each of found) if (!isEnded.has(each.id)) await take(tx, 'membersOfChannel', each.channelId, Number.MAX_SAFE_INTEGER)
  for (const { subChannelId, placed } of ended.toSorted((a, b) => a.subChannelId - b.subChannelId)) {
    if (subChannelId === 0) continue
    await (placed === 1 ? giveSeatBack : uncountModeratorIn)(tx, subChannelId)
  }
  const ofChannels = [...Map.groupBy(placedMemberships(ended), each => each.channelId)].map(
    ([channelId, memberships]): EndedMemberships => {
      return { channelId, moment: moments.get(channelId)!, memberships }
    },
  )
  return { isDone: found.length < channelsAtOnce, ofChannels }
}

/** Runs each deletion until a whole step is done; true if nothing is left. */
async function emptied(
  tx: Transaction,
  deletions: readonly Deletion[],
  id: number,
  { done, now, part }: { done: number; now: number; part?: number },
): Promise<boolean> {
  let left = step - done
  if (left <= 0) return false
  for (const { note, remove } of deletions) {
    const selected = part === undefined ? [id, left] : [id, left, part]
    if (note && tx.feedsSearch) await tx.run(note, ...selected, now)
    left -= await remove(tx, ...selected)
    if (left <= 0) return false
  }
  return true
}

async function purgeChannel(tx: Transaction, id: number, now: number) {
  // The channel is locked first, as everywhere: another node may be ending the memberships of one of its members.
  await tx.run(holdChannel, id)
  const ended = await endMembershipsOfChannel(tx, id)
  if (!(await emptied(tx, contentsOfChannel, id, { done: ended, now }))) return
  await removeAllTags(tx, { kind: 'channel', id })
  await tx.run(removeChannel, id)
}

async function purgeSubChannel(tx: Transaction, id: number, channelId: number, now: number) {
  if (await emptied(tx, contentsOfSubChannel, channelId, { done: 0, now, part: id })) await tx.run(removeSubChannel, id)
}

async function purgeIdentity(tx: Transaction, id: number, now: number): Promise<EndedMemberships[]> {
  const { isDone, ofChannels } = await endMembershipsOfIdentity(tx, id, now)
  if (isDone && (await emptied(tx, rolesOfIdentity, id, { done: 0, now }))) {
    await tx.run(removeAdmin, id)
    await removeAllTags(tx, { kind: 'identity', id })
    await tx.run(closeIdentity, id, now)
  }
  return ofChannels
}

async function purgeAppInstance(tx: Queries, id: number, now: number) {
  const buried = (await tx.run(buryChannels, id, now, step)) + (await tx.run(buryIdentities, id, now, step))
  // The contents of the app instance, which were just marked as deleted, are purged first; afterwards only the rows of deleted identities
  // are left.
  if (buried > 0) return
  if ((await removeIdentities(tx, id, step)) > 0) return
  // Another node may have marked them as deleted since they were read.
  if (await tx.get(selectLeft, id)) return
  if ((await removeReferences(tx, id, step)) > 0) return
  await tx.run(removeTagsOfFlows, id, step)
  if ((await tx.run(removeFlows, id, step)) > 0) return
  await removeAllTags(tx, { kind: 'app-instance', id })
  await tx.run(removeAppInstance, id)
}

/** A redacted or deleted message that has reactions. */
interface Unwanted extends Place {
  readonly at: number
  readonly sequence: number
}

async function purgeReactions(tx: Queries, { channelId, subChannelId, at, sequence }: Unwanted) {
  const message = [channelId, subChannelId, at, sequence]
  if ((await removeReactions(tx, ...message, step)) < step) await tx.run(removeUnwanted, ...message)
}

/** A deleted resource whose contents still exist. */
export type Deleted =
  | { readonly kind: 'channel' | 'identity' | 'app-instance'; readonly id: number }
  | { readonly kind: 'sub-channel'; readonly id: number; readonly channelId: number }
  | ({ readonly kind: 'reactions' } & Unwanted)

/** What to purge next: first contents of channels and sub-channels, then reactions, then roles of identities, then app instances. */
export async function nextDeleted(db: Queries): Promise<Deleted | undefined> {
  const channel = await db.get(nextChannel)
  if (channel) return { kind: 'channel', id: channel.id }
  const subChannel = await db.get(nextSubChannel)
  if (subChannel) return { kind: 'sub-channel', ...subChannel }
  const unwanted = await db.get(nextUnwanted)
  if (unwanted) return { kind: 'reactions', ...unwanted }
  const identity = await db.get(nextIdentity)
  if (identity) return { kind: 'identity', id: identity.id }
  const appInstance = await db.get(nextAppInstance)
  return appInstance && { kind: 'app-instance', id: appInstance.id }
}

/** Removes a small part of it; returns the memberships of remaining channels that have ended with it. */
export async function purgePart(tx: Transaction, deleted: Deleted, now: number): Promise<readonly EndedMemberships[]> {
  if (deleted.kind === 'identity') return purgeIdentity(tx, deleted.id, now)
  if (deleted.kind === 'channel') await purgeChannel(tx, deleted.id, now)
  else if (deleted.kind === 'sub-channel') await purgeSubChannel(tx, deleted.id, deleted.channelId, now)
  else if (deleted.kind === 'reactions') await purgeReactions(tx, deleted)
  else await purgeAppInstance(tx, deleted.id, now)
  return []
}
