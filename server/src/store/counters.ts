import { statement, type Queries } from '../database/database.ts'

/** A count that is too large to be computed each time: it is stored in the row of the parent, which a change locks. */
const counterOf = (table: string, column: string) => ({
  take: statement(`update ${table} set ${column} = ${column} + 1 where id = $1 and ${column} < $2 and deleted_at is null`),
  give: statement(`update ${table} set ${column} = ${column} - $2 where id = $1`),
  isLiving: statement<{ one: number }>(`select 1 as one from ${table} where id = $1 and deleted_at is null`),
})

const counters = {
  users: counterOf('app_instances', 'user_count'),
  channels: counterOf('app_instances', 'channel_count'),
  membersOfChannel: counterOf('channels', 'member_count'),
  membershipsOfIdentity: counterOf('identities', 'membership_count'),
}

export type Counter = keyof typeof counters

/**
 * Counts one more, unless that exceeds `most` or the parent was deleted meanwhile. Until the commit nobody else can count in that
 * parent or delete it.
 */
export async function take(tx: Queries, counter: Counter, parentId: number, most: number): Promise<'taken' | 'full' | 'gone'> {
  if ((await tx.run(counters[counter].take, parentId, most)) === 1) return 'taken'
  return (await tx.get(counters[counter].isLiving, parentId)) ? 'full' : 'gone'
}

const selectMemberships = statement<{ count: number }>(`select membership_count as count from identities where id = $1`)

/** How many channels an identity is a member of. */
export async function membershipsOf(db: Queries, identityId: number): Promise<number> {
  return (await db.get(selectMemberships, identityId))?.count ?? 0
}

/** Counts one less. */
export async function give(tx: Queries, counter: Counter, parentId: number) {
  await tx.run(counters[counter].give, parentId, 1)
}

/** Counts one less for each time that a parent is listed, in the order of the parents, so that transactions do not deadlock. */
export async function giveEach(tx: Queries, counter: Counter, parentIds: readonly number[]) {
  const counts = new Map<number, number>()
  for (const id of parentIds) counts.set(id, (counts.get(id) ?? 0) + 1)
  for (const [id, count] of [...counts].toSorted(([a], [b]) => a - b)) await tx.run(counters[counter].give, id, count)
}
