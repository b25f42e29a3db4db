import { statement, type Database } from '../../database/database.ts'
import { numbersOfExisting, unreadOfExisting } from '../../database/migrations/013-unread.ts'

/** The next rows that are finished together, with the number of their messages. */
const rangeOf = (table: string, weight: string) =>
  statement<{ id: number; weight: number }>(`
  select id, ${weight} as weight from ${table} where app_instance_id = $1 and deleted_at is null and id > $2 order by id limit $3`)
const inRange = `app_instance_id = $1 and deleted_at is null and id > $2 and id <= $3`
const newestPublic = (channel: string, subChannel: string) => `(
  select m.created_at from messages m where m.channel_id = ${channel} and m.sub_channel_id = ${subChannel} and m.private = 0
  order by m.created_at desc, m.sequence desc limit 1)`
const membersOf = (condition: string) => `(select count(*) from memberships m where ${condition})`
const millisecondsOfDays = (days: string) => `${days} * ${24 * 60 * 60 * 1000}`
const finishSubChannels = statement(`
  update sub_channels set
    member_count = ${membersOf('m.channel_id = sub_channels.channel_id and m.sub_channel_id = sub_channels.id and m.placed = 1')},
    moderator_count = ${membersOf('m.channel_id = sub_channels.channel_id and m.sub_channel_id = sub_channels.id and m.placed = 0')},
    last_message_at = ${newestPublic('sub_channels.channel_id', 'sub_channels.id')}
  where channel_id in (select id from channels where ${inRange} and elastic is not null)`)
const finishChannels = statement(`
  update channels set
    member_count = ${membersOf('m.channel_id = channels.id')},
    last_message_at = coalesce(${newestPublic('channels.id', '0')}, (select max(s.last_message_at) from sub_channels s where s.channel_id = channels.id)),
    expires_at = created_at + ${millisecondsOfDays('expiration_days')},
    bots = (select string_agg(cast(found.id as text), ' ') from (
      select distinct i.id from memberships m join identities i on i.id = m.member_id and i.kind = 'bot' where m.channel_id = channels.id) found)
  where ${inRange}`)
const finishIdentities = statement(`
  update identities set membership_count = ${membersOf('m.member_id = identities.id')},
    expires_at = created_at + ${millisecondsOfDays('expiration_days')}
  where ${inRange}`)
const inChannels = (column: string) => `${column} in (select id from channels where ${inRange})`

/** A position has the ordinal of the newest message that has arrived up to there. */
const setOrdinals = `
  update read_positions set ordinal = found.ordinal from (
    select member_id, channel_id, sub_channel_id, ordinal from (
      select member_id, channel_id, sub_channel_id,
        max(ordinal) over (partition by channel_id, sub_channel_id order by arrival, member_id rows between unbounded preceding and current row)
          as ordinal
      from (
        select 0 as member_id, channel_id, sub_channel_id, coalesce(released, sequence) as arrival, ordinal from messages
        where private = 0 and ${inChannels('channel_id')}
        union all
        select member_id, channel_id, sub_channel_id, arrival, 0 from read_positions where ${inChannels('channel_id')}) placed) counted
    where member_id > 0) found
  where found.member_id = read_positions.member_id and found.channel_id = read_positions.channel_id
    and found.sub_channel_id = read_positions.sub_channel_id`
/** Own messages that follow a position which was set back do not count (store/read-positions.ts). */
const countOwnAfter = `
  update read_positions set own_after = (
    select count(*) from messages m
    where m.channel_id = read_positions.channel_id and m.sub_channel_id = read_positions.sub_channel_id and m.private = 0
      and m.created_at >= read_positions.read_at and m.sequence > read_positions.arrival
      and m.sender_id = read_positions.member_id and m.type = 'STANDARD' and m.released is null)
  from (
    select channel_id, sub_channel_id, sender_id, max(sequence) as sequence from messages
    where private = 0 and type = 'STANDARD' and released is null and ${inChannels('channel_id')}
    group by channel_id, sub_channel_id, sender_id) own
  where own.channel_id = read_positions.channel_id and own.sub_channel_id = read_positions.sub_channel_id
    and own.sender_id = read_positions.member_id and own.sequence > read_positions.arrival`
const findCorrections = `
  update read_positions set corrected = coalesce((
    select max(u.arrival) from unread_corrections u where u.channel_id = read_positions.channel_id
      and u.sub_channel_id = read_positions.sub_channel_id and u.viewer_id = read_positions.member_id), 0)
  where ${inChannels('channel_id')}`
const findReleases = `
  update channels set last_release = coalesce((
    select max(released) from messages where channel_id = channels.id and released is not null), 0)
  where ${inRange}`
/** The messages of other channels have arrived in the order in which an export has them, and were numbered as they were stored. */
const numberReleased = numbersOfExisting(
  column => `${column} in (select c.id from channels c where c.id in (select id from channels where ${inRange})
    and exists (select 1 from messages r where r.channel_id = c.id and r.released is not null))`,
)
const countUnread = [...numberReleased, ...unreadOfExisting(inChannels), setOrdinals, countOwnAfter, findCorrections, findReleases].map(
  text => statement(text),
)
const countReplies = statement(`
  insert into threads (channel_id, sub_channel_id, message_at, message_sequence, replies, last_reply_at)
  select t.channel_id, t.sub_channel_id, t.root_at, t.root_sequence, count(*), max(t.message_at) from thread_messages t
  join messages m on m.channel_id = t.channel_id and m.sub_channel_id = t.sub_channel_id and m.private = 0
    and m.created_at = t.root_at and m.sequence = t.root_sequence
  where ${inChannels('t.channel_id')}
  group by t.channel_id, t.sub_channel_id, t.root_at, t.root_sequence
  on conflict do nothing`)
/**
 * How many rows are finished together, and the most messages of their channels. A channel with more messages is finished statement by
 * statement: SQLite has one writer, and a server that uses the database would wait for all of them.
 */
const finishing = [
  { range: rangeOf('channels', '0'), rows: 500, updates: [finishSubChannels, finishChannels] },
  { range: rangeOf('channels', 'sequence'), rows: 100, updates: [...countUnread, countReplies] },
  { range: rangeOf('identities', '0'), rows: 500, updates: [finishIdentities] },
]
const heaviest = 20_000
const overfull = statement<{ channel: string; subChannel: string }>(`
  select c.external_id as channel, s.external_id as "subChannel" from channels c
  join sub_channels s on s.channel_id = c.id and s.member_count > s.capacity
  where c.app_instance_id = $1 and c.elastic is not null limit 1`)

/** Runs a transaction, and pauses after it where others need the database. */
export type Paced = (transaction: () => Promise<void>) => Promise<void>

/**
 * Computes the counts and times that an export does not have, in short transactions. It can be repeated. Throws nothing; returns the
 * sub-channel that has more members than its capacity, if there is one.
 */
export async function finishImport(
  db: Database,
  appInstanceId: number,
  paced: Paced,
): Promise<{ channel: string; subChannel: string } | undefined> {
  for (const { range, rows, updates } of finishing) {
    for (let after = 0; ;) {
      const found = await db.all(range, appInstanceId, after, rows)
      let [last, weight] = [found[0]?.id, 0]
      for (const row of found) {
        if ((weight += row.weight) > heaviest) break
        last = row.id
      }
      if (last === undefined) break
      const [from, to] = [after, last]
      const run = async (some: typeof updates) =>
        db.transaction(async tx => {
          for (const update of some) await tx.run(update, appInstanceId, from, to)
        })
      if (found[0]!.weight <= heaviest) await paced(() => run(updates))
      else for (const update of updates) await paced(() => run([update]))
      after = last
    }
  }
  return db.get(overfull, appInstanceId)
}
