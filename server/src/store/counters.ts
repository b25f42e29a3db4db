import { statement, type Queries } from './database.ts'

/** What is too many to be counted each time: a number kept in the row of the parent, which the change locks. */
const columns = {
  users: ['app_instances', 'user_count'],
  channels: ['app_instances', 'channel_count'],
  membersOfChannel: ['channels', 'member_count'],
  membershipsOfIdentity: ['identities', 'membership_count'],
} as const

export type Counter = keyof typeof columns

const made = (counter: Counter) => {
  const [table, column] = columns[counter]
  return {
    take: statement(`update ${table} set ${column} = ${column} + 1 where id = $1 and ${column} < $2`),
    give: statement(`update ${table} set ${column} = ${column} - 1 where id = $1`),
  }
}

const statements = {
  users: made('users'),
  channels: made('channels'),
  membersOfChannel: made('membersOfChannel'),
  membershipsOfIdentity: made('membershipsOfIdentity'),
} satisfies Record<Counter, ReturnType<typeof made>>

/** Counts one more; false where that would be more than `most`. Until the commit nobody else can count in that parent. */
export async function take(tx: Queries, counter: Counter, parentId: number, most: number) {
  return (await tx.run(statements[counter].take, parentId, most)) === 1
}

/** Counts one less. */
export async function give(tx: Queries, counter: Counter, parentId: number) {
  await tx.run(statements[counter].give, parentId)
}
