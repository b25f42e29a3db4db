import { statement, type Queries } from './database.ts'

const selectOne = statement<{ createdAt: number }>(`
  select created_at as "createdAt" from bans where channel_id = $1 and identity_id = $2`)

/** Whether the identity is banned from the channel. */
export async function findBan(db: Queries, channelId: number, identityId: number): Promise<boolean> {
  return (await db.get(selectOne, channelId, identityId)) !== undefined
}
