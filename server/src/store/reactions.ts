import { statement, type Queries } from '../database/database.ts'
import { identityArn } from './arns.ts'
import type { Identity } from './identities.ts'
import { keyColumns, keyValues, ofMessage, type MessageKey } from './message-keys.ts'
import { valuesOfSeen, seenMessageOf, type Viewing } from './messages.ts'
import { pageOf, type Cursor, type Page } from './page.ts'
import { json, parsed } from './text.ts'

/** Reactions are listed in the order in which each was first added. */
interface Counted {
  readonly reaction: string
  readonly count: number
  readonly sequence: number
}

/** How many users have added a reaction, and whether the viewer is one of them. */
export interface ReactionCount {
  readonly reaction: string
  readonly count: number
  readonly me: boolean
}

export interface MessageReactions {
  readonly messageId: string
  readonly reactions: readonly ReactionCount[]
}

const selectOwn = statement<{ reaction: string }>(`select reaction from reactions where ${ofMessage()} and identity_id = $5`)
const selectCounts = statement<{ reaction: string; count: number; sequence: number }>(`
  select reaction, count, sequence from reaction_counts where ${ofMessage()}`)
/** Of a message that the viewer may see; nothing of a redacted one. */
const selectSeen = statement<{ counts: string | null; own: string | null }>(`
  select
    (select string_agg('[' || c.reaction || ',' || c.count || ',' || c.sequence || ']', ',')
     from reaction_counts c where ${ofMessage('c.')}) as counts,
    (select string_agg(r.reaction, ',') from reactions r where ${ofMessage('r.')} and r.identity_id = $7) as own
  ${seenMessageOf}`)
const selectMembers = statement<{ sequence: number; id: number; arn: string; name: string }>(`
  select r.sequence, i.id, ${identityArn('i')} as arn, i.name
  from reactions r
  join identities i on i.id = r.identity_id
  join app_instances a on a.id = i.app_instance_id
  where ${ofMessage('r.')} and r.reaction = $5 and r.sequence > $6
  order by r.sequence limit $7`)
const insert = statement(`insert into reactions (${keyColumns}, identity_id, reaction, sequence) values ($1, $2, $3, $4, $5, $6, $7)`)
const remove = statement(`delete from reactions where ${ofMessage()} and identity_id = $5 and reaction = $6`)
const countOne = statement(`
  insert into reaction_counts (${keyColumns}, reaction, count, sequence) values ($1, $2, $3, $4, $5, 1, $6)
  on conflict (${keyColumns}, reaction) do update set count = reaction_counts.count + 1`)
const uncountOne = statement(`update reaction_counts set count = count - 1 where ${ofMessage()} and reaction = $5`)
const removeUncounted = statement(`delete from reaction_counts where ${ofMessage()} and count = 0`)
const removeCounts = statement(`delete from reaction_counts where ${ofMessage()}`)
const insertUnwanted = statement(`insert into unwanted_reactions (${keyColumns}) values ($1, $2, $3, $4) on conflict do nothing`)

const inOrder = (counts: readonly Counted[]) => counts.toSorted((a, b) => a.sequence - b.sequence || (a.reaction < b.reaction ? -1 : 1))

/** The reactions that a user has added to a message. */
export async function reactionsBy(tx: Queries, key: MessageKey, identityId: number) {
  const rows = await tx.all(selectOwn, ...keyValues(key), identityId)
  return new Set(rows.map(({ reaction }) => parsed(reaction)))
}

/** Adds and removes reactions of a user; the channel must be locked. `sequence` is the channel's present number. */
export async function changeReactions(
  tx: Queries,
  key: MessageKey,
  identityId: number,
  { added, removed, sequence }: { added: Iterable<string>; removed: Iterable<string>; sequence: number },
) {
  const row = keyValues(key)
  for (const reaction of removed) {
    await tx.run(remove, ...row, identityId, json(reaction))
    await tx.run(uncountOne, ...row, json(reaction))
  }
  await tx.run(removeUncounted, ...row)
  for (const reaction of added) {
    await tx.run(insert, ...row, identityId, json(reaction), sequence)
    await tx.run(countOne, ...row, json(reaction), sequence)
  }
}

/** How many users have added each reaction of a message. */
export async function countReactions(tx: Queries, key: MessageKey) {
  const rows = await tx.all(selectCounts, ...keyValues(key))
  return inOrder(rows.map(row => ({ ...row, reaction: parsed(row.reaction) })))
}

/** The reactions of a message that the viewer may see; undefined for any other. */
async function findReactions(db: Queries, viewing: Viewing, messageId: string): Promise<MessageReactions | undefined> {
  const row = valuesOfSeen(viewing, messageId)
  const found = row && (await db.get(selectSeen, ...row))
  if (!found) return undefined
  const own = new Set(parsed<string[]>(`[${found.own ?? ''}]`))
  const counts = parsed<[string, number, number][]>(`[${found.counts ?? ''}]`)
  const counted = inOrder(counts.map(([reaction, count, sequence]) => ({ reaction, count, sequence })))
  return { messageId, reactions: counted.map(({ reaction, count }) => ({ reaction, count, me: own.has(reaction) })) }
}

/** The reactions of those of the messages that the viewer may see. */
export async function reactionsOfMessages(db: Queries, viewing: Viewing, messageIds: readonly string[]): Promise<MessageReactions[]> {
  const found = await Promise.all(messageIds.map(async id => findReactions(db, viewing, id)))
  return found.filter(each => each !== undefined)
}

/** A page of the users who have added the reaction to a message, in the order in which they did. */
export async function listReactionMembers(
  db: Queries,
  key: MessageKey,
  reaction: string,
  after: Cursor | undefined,
  limit: number,
): Promise<Page<Identity>> {
  const row = keyValues(key)
  const rows = await db.all(selectMembers, ...row, json(reaction), after?.[0] ?? 0, limit + 1)
  return pageOf(
    rows,
    limit,
    ({ sequence }) => [sequence],
    ({ id, arn, name }) => ({ id, arn, name: parsed(name) }),
  )
}

/** Removes the counts of a message that is redacted or deleted; the purge removes the reactions. */
export async function dropReactions(tx: Queries, key: MessageKey) {
  const row = keyValues(key)
  if ((await tx.run(removeCounts, ...row)) > 0) await tx.run(insertUnwanted, ...row)
}
