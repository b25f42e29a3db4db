import { statement, type Queries } from '../database/database.ts'
import { jsonOfObject, parsedIfGiven } from './text.ts'

/** Which messages of a channel are pushed to a member; stored with its membership and deleted with it. */
export interface Preferences {
  readonly PushNotifications?: { readonly AllowNotifications: 'ALL' | 'NONE' | 'FILTERED'; readonly FilterRule?: string }
}

const update = statement(`
  update memberships set preferences = $3 where channel_id = $1 and member_id = $2 and sub_channel_id = 0`)
const select = statement<{ preferences: string | null }>(`
  select preferences from memberships where channel_id = $1 and member_id = $2 and sub_channel_id = 0`)

/** Replaces them; false if there is no such membership. */
export async function putPreferences(tx: Queries, channelId: number, memberId: number, preferences: Preferences) {
  return (await tx.run(update, channelId, memberId, jsonOfObject(preferences))) === 1
}

/** The preferences; undefined if none were set. */
export async function findPreferences(db: Queries, channelId: number, memberId: number): Promise<Preferences | undefined> {
  const row = await db.get(select, channelId, memberId)
  return row && parsedIfGiven<Preferences>(row.preferences)
}
