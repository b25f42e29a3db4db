import { lockAppInstance } from './app-instances.ts'
import { lockChannel } from './channels.ts'
import { statement, type Queries } from '../database/database.ts'
import { idOf, rowKindOf, selectNamed, valuesOf, type Named, type RowKind } from './arns.ts'
import { lockFlow } from './flows.ts'
import { lockIdentity } from './identities.ts'
import { json, parsed } from './text.ts'

export interface Tag {
  readonly key: string
  readonly value: string
}

/** A tagged resource: the row of its ARN. */
export interface TaggedResource {
  readonly kind: RowKind
  readonly id: number
}

const upsert = statement(`
  insert into tags (resource_kind, resource_id, tag_key, tag_value) values ($1, $2, $3, $4)
  on conflict (resource_kind, resource_id, tag_key) do update set tag_value = excluded.tag_value`)
const remove = statement(`delete from tags where resource_kind = $1 and resource_id = $2 and tag_key = $3`)
const selectAll = statement<{ key: string; value: string }>(`
  select tag_key as key, tag_value as value from tags where resource_kind = $1 and resource_id = $2 order by tag_key`)
const removeAll = statement(`delete from tags where resource_kind = $1 and resource_id = $2`)

const statementsOf = (kind: RowKind) => ({
  selectId: statement<{ id: number }>(selectNamed(kind)),
  selectTags: statement<{ key: string; value: string }>(
    `${selectNamed(kind, 't.tag_key as key, t.tag_value as value', `join tags t on t.resource_kind = '${kind}' and t.resource_id = ${idOf(kind)}`)} order by t.tag_key`,
  ),
})
const named: Readonly<Record<RowKind, ReturnType<typeof statementsOf>>> = {
  'app-instance': statementsOf('app-instance'),
  identity: statementsOf('identity'),
  channel: statementsOf('channel'),
  'channel-flow': statementsOf('channel-flow'),
}

/** The resource of an ARN that can be tagged, if it exists. */
export async function taggedResource(db: Queries, arn: Named): Promise<TaggedResource | undefined> {
  const kind = rowKindOf(arn)
  const row = await db.get(named[kind].selectId, ...valuesOf(arn))
  return row && { kind, id: row.id }
}

const locks = { 'app-instance': lockAppInstance, identity: lockIdentity, channel: lockChannel, 'channel-flow': lockFlow }

/** Locks the resource: until the commit nobody else can tag or delete it; false if it is deleted. */
export async function lockResource(tx: Queries, { kind, id }: TaggedResource): Promise<boolean> {
  return locks[kind](tx, id)
}

/** Adds tags; an existing key gets the new value. */
export async function putTags(tx: Queries, resource: TaggedResource, tags: readonly Tag[]) {
  for (const { key, value } of tags) await tx.run(upsert, resource.kind, resource.id, json(key), json(value))
}

/** Removes the tags with those keys; unknown ones are ignored. */
export async function removeTags(tx: Queries, resource: TaggedResource, keys: readonly string[]) {
  for (const key of keys) await tx.run(remove, resource.kind, resource.id, json(key))
}

export async function tagsOf(db: Queries, resource: TaggedResource): Promise<Tag[]> {
  const rows = await db.all(selectAll, resource.kind, resource.id)
  return rows.map(({ key, value }) => ({ key: parsed(key), value: parsed(value) }))
}

export async function removeAllTags(tx: Queries, resource: TaggedResource) {
  await tx.run(removeAll, resource.kind, resource.id)
}

/** The tags of the resource of an ARN, by key; none if it does not exist. */
export async function tagsUnder(db: Queries, arn: Named): Promise<ReadonlyMap<string, string>> {
  const rows = await db.all(named[rowKindOf(arn)].selectTags, ...valuesOf(arn))
  return new Map(rows.map(({ key, value }) => [parsed(key), parsed(value)]))
}
