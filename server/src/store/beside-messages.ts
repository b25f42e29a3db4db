import { keyColumns } from './message-keys.ts'
import { deleteSome } from './queries.ts'

/** The tables about messages other than `messages`, with their primary keys. Each key begins with the key of a message. */
const tables = {
  reactions: `${keyColumns}, identity_id, reaction`,
  reaction_counts: `${keyColumns}, reaction`,
  unwanted_reactions: keyColumns,
  threads: keyColumns,
  thread_messages: keyColumns,
  pins: keyColumns,
}

/** A deletion in each table, of at most `limit` of the rows that the condition selects. */
export const deletionsBesideMessages = (where: string, limit?: '$3') =>
  Object.entries(tables).map(([table, key]) => deleteSome(table, key, where, limit))

/** The primary keys of `messages`, and of the tables about them that do not use its key. */
export const messageKey = 'channel_id, sub_channel_id, private, created_at, sequence'
export const viewerKey = 'channel_id, sub_channel_id, viewer_id, created_at, sequence'
export const correctionKey = 'channel_id, sub_channel_id, viewer_id, arrival'
