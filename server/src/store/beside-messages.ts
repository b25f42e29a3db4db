import { statement } from '../database/database.ts'
import { keyColumns } from './message-keys.ts'

/** The tables about messages other than `messages`, with their primary keys. Each key begins with the key of a message. */
const tables = {
  reactions: `${keyColumns}, identity_id, reaction`,
  reaction_counts: `${keyColumns}, reaction`,
  unwanted_reactions: keyColumns,
  threads: keyColumns,
  thread_messages: keyColumns,
  pins: keyColumns,
}

/** A statement for each table, which deletes at most `limit` of the rows that the condition selects. */
export const deletionsBesideMessages = (where: string, limit: '$2' | '$3') =>
  Object.entries(tables).map(([table, key]) =>
    statement(`delete from ${table} where (${key}) in (select ${key} from ${table} where ${where} limit ${limit})`),
  )
