import type { Arn } from '../arn.ts'
import { lockAppInstance } from './app-instances.ts'
import { lockChannel } from './channels.ts'
import { statement, type Queries } from '../database/database.ts'
import { lockFlow } from './flows.ts'
import { lockIdentity } from './identities.ts'
import { kept, told } from './text.ts'

export interface Tag {
  readonly key: string
  readonly value: string
}

/** A tagged resource: the row that its ARN names. Users and bots share a table, so they share a kind here. */
export interface TaggedResource {
  readonly kind: 'app-instance' | 'identity' | 'channel' | 'channel-flow'
  readonly id: number
}

const upsert = statement(`
  insert into tags (resource_kind, resource_id, tag_key, tag_value) values ($1, $2, $3, $4)
  on conflict (resource_kind, resource_id, tag_key) do update set tag_value = excluded.tag_value`)
const remove = statement(`delete from tags where resource_kind = $1 and resource_id = $2 and tag_key = $3`)
const selectAll = statement<{ key: string; value: string }>(`
  select tag_key as key, tag_value as value from tags where resource_kind = $1 and resource_id = $2 order by tag_key`)
const removeAll = statement(`delete from tags where resource_kind = $1 and resource_id = $2`)
const selectAppInstance = statement<{ id: number }>(`select id from app_instances where arn = $1 and deleted_at is null`)
const selectIdentity = statement<{ id: number }>(`
  select i.id from app_instances a
  join identities i on i.app_instance_id = a.id and i.kind = $2 and i.external_id = $3 and i.deleted_at is null
  where a.arn = $1 and a.deleted_at is null`)
const selectChannel = statement<{ id: number }>(`
  select c.id from app_instances a
  join channels c on c.app_instance_id = a.id and c.external_id = $2 and c.deleted_at is null
  where a.arn = $1 and a.deleted_at is null`)

const selectUnder = {
  'app-instance': statement<{ key: string; value: string }>(`
    select t.tag_key as key, t.tag_value as value from app_instances a
    join tags t on t.resource_kind = 'app-instance' and t.resource_id = a.id
    where a.arn = $1 and a.deleted_at is null order by t.tag_key`),
  identity: statement<{ key: string; value: string }>(`
    select t.tag_key as key, t.tag_value as value from app_instances a
    join identities i on i.app_instance_id = a.id and i.kind = $2 and i.external_id = $3 and i.deleted_at is null
    join tags t on t.resource_kind = 'identity' and t.resource_id = i.id
    where a.arn = $1 and a.deleted_at is null order by t.tag_key`),
  channel: statement<{ key: string; value: string }>(`
    select t.tag_key as key, t.tag_value as value from app_instances a
    join channels c on c.app_instance_id = a.id and c.external_id = $2 and c.deleted_at is null
    join tags t on t.resource_kind = 'channel' and t.resource_id = c.id
    where a.arn = $1 and a.deleted_at is null order by t.tag_key`),
  'channel-flow': statement<{ key: string; value: string }>(`
    select t.tag_key as key, t.tag_value as value from app_instances a
    join channel_flows f on f.app_instance_id = a.id and f.external_id = $2
    join tags t on t.resource_kind = 'channel-flow' and t.resource_id = f.id
    where a.arn = $1 and a.deleted_at is null order by t.tag_key`),
}

const selectFlow = statement<{ id: number }>(`
  select f.id from app_instances a
  join channel_flows f on f.app_instance_id = a.id and f.external_id = $2
  where a.arn = $1 and a.deleted_at is null`)

/** What can be tagged under that ARN, where it lives. */
export async function taggedResource(
  db: Queries,
  { appInstanceArn, kind, id }: { appInstanceArn: string; kind: string; id: string },
): Promise<TaggedResource | undefined> {
  if (kind === 'app-instance') {
    const row = await db.get(selectAppInstance, appInstanceArn)
    return row && { kind: 'app-instance', id: row.id }
  }
  if (kind === 'channel') {
    const row = await db.get(selectChannel, appInstanceArn, id)
    return row && { kind: 'channel', id: row.id }
  }
  if (kind === 'channel-flow') {
    const row = await db.get(selectFlow, appInstanceArn, id)
    return row && { kind: 'channel-flow', id: row.id }
  }
  const row = await db.get(selectIdentity, appInstanceArn, kind, id)
  return row && { kind: 'identity', id: row.id }
}

const locks = { 'app-instance': lockAppInstance, identity: lockIdentity, channel: lockChannel, 'channel-flow': lockFlow }

/** Until the commit nobody else can tag or delete the resource; false where it is deleted. */
export async function lockResource(tx: Queries, { kind, id }: TaggedResource): Promise<boolean> {
  return locks[kind](tx, id)
}

/** Adds tags; a key that is there already gets the new value. */
export async function putTags(tx: Queries, resource: TaggedResource, tags: readonly Tag[]) {
  for (const { key, value } of tags) await tx.run(upsert, resource.kind, resource.id, kept(key), kept(value))
}

/** Removes the tags of those keys; unknown ones are ignored. */
export async function removeTags(tx: Queries, resource: TaggedResource, keys: readonly string[]) {
  for (const key of keys) await tx.run(remove, resource.kind, resource.id, kept(key))
}

export async function tagsOf(db: Queries, resource: TaggedResource): Promise<Tag[]> {
  const rows = await db.all(selectAll, resource.kind, resource.id)
  return rows.map(({ key, value }) => ({ key: told(key), value: told(value) }))
}

export async function removeAllTags(tx: Queries, resource: TaggedResource) {
  await tx.run(removeAll, resource.kind, resource.id)
}

/** The tags of what an ARN names, by key; none where it names nothing that lives. */
export async function tagsUnder(db: Queries, { appInstanceArn, kind, id }: Arn): Promise<ReadonlyMap<string, string>> {
  const rows =
    kind === 'app-instance'
      ? await db.all(selectUnder[kind], appInstanceArn)
      : kind === 'user' || kind === 'bot'
        ? await db.all(selectUnder.identity, appInstanceArn, kind, id)
        : await db.all(selectUnder[kind], appInstanceArn, id)
  return new Map(rows.map(({ key, value }) => [told(key), told(value)]))
}
