import { statement, type Database } from '../../server/src/database/database.ts'
import { Chance } from './chance.ts'
import { textOf } from './texts.ts'

export interface Shape {
  readonly channels: number
  readonly users: number
  /** Memberships of each user. */
  readonly each: number
  /** Memberships of the one user who is in very many channels. */
  readonly large: number
  /** Messages in each channel. */
  readonly messages?: number
  /** Messages of random words, more in some channels than in others. */
  readonly texts?: number
  /** Further messages in the first channel. */
  readonly crowded?: number
  /** How many of them each member has not read. */
  readonly unread?: number
}

/** What is filled. */
type Filled = Pick<Database, 'kind' | 'run'>

export const appInstanceArn = 'arn:aws:chime:us-east-1:000000000000:app-instance/5b2f5d2e-6a0e-4ac6-9e7b-1d1c1f1a2b3c'

const channelPrefix = '0b5d8a52-6f5e-4a0c-9d3e-'
export const userArn = (number: number) => `${appInstanceArn}/user/user-${number}`
export const channelArn = (number: number) => `${appInstanceArn}/channel/${channelPrefix}${String(number).padStart(12, '0')}`

/** The number of the channel of a user's `index`-th membership; the first user of those who have `each` is user-2. */
const channelOf = (user: number, index: number, { channels, each }: Shape) =>
  1 + (((user - 2) * 7919 + index * Math.floor(channels / each)) % channels)

/** The members of each channel who are in no other, in the order of the channels. */
export function membersByChannel(shape: Shape): number[][] {
  const channels: number[][] = Array.from({ length: shape.channels }, () => [])
  for (let user = 2; user < 2 + shape.users; user++) channels[channelOf(user, 0, shape) - 1]!.push(user)
  return channels
}

/** How many rows one transaction makes. */
const step = 20_000

const numbers = `with recursive n(i) as (select $1 + 0 union all select i + 1 from n where i < $2)`
const digits = (length: number) => `substr(cast(${10 ** length} + n.i as text), 2)`
const insertAppInstance = statement(`
  insert into app_instances (arn, name, created_at, updated_at) values ($1, '"bench"', 1700000000000, 1700000000000)`)
const insertUsers = statement(`
  ${numbers} insert into identities (app_instance_id, kind, external_id, name, created_at, updated_at)
  select 1, 'user', 'user-' || n.i, '"User number ' || n.i || '"', 1700000000000, 1700000000000 from n`)
const insertChannels = statement(`
  ${numbers} insert into channels
    (app_instance_id, external_id, name, metadata, mode, privacy, created_by, created_at, updated_at, last_message_at, last_event_at)
  select 1, '${channelPrefix}' || ${digits(12)}, '"Team channel ' || n.i || '"',
    '"{\\"ChannelType\\":\\"PRIVATE_STANDARD\\",\\"topic\\":' || n.i || '}"', 'RESTRICTED', 'PRIVATE', 1,
    1700000000000, 1700000000000, 1700000000000 + n.i, 1700000000000 + n.i from n`)
/** The message number n of the store is the message 1 + n / channels of its channel. */
const insertReadPositions = statement(`
  insert into read_positions (member_id, channel_id, sub_channel_id, ordinal, arrival, read_at)
  select m.member_id, m.channel_id, 0, cast($3 as bigint), cast($3 as bigint) * $4 - 1, 1690000000000 + cast($3 as bigint) * $4 - 1
  from memberships m where m.id >= $1 and m.id <= $2`)
/** User u's k-th channel is spread over all, so that neighbours in a page are not neighbours in the table. */
const insertMemberships = statement(`
  ${numbers} insert into memberships (channel_id, member_id, type, invited_by, created_at, updated_at, read_at)
  select 1 + ((n.i % $3) * 7919 + (n.i / $3) * $5) % $4, 2 + n.i % $3, 'DEFAULT', 1,
    1700000000000, 1700000000000, 1700000000000 + n.i from n where true on conflict do nothing`)
const insertLarge = statement(`
  ${numbers} insert into memberships (channel_id, member_id, type, invited_by, created_at, updated_at, read_at)
  select n.i, 1, 'DEFAULT', 1, 1700000000000, 1700000000000, 1700000000000 + n.i from n`)
const insertMessages = statement(`
  ${numbers} insert into messages (channel_id, private, created_at, sequence, nonce, sender_id, type, content, ordinal, updated_at)
  select 1 + n.i % $3, 0, 1690000000000 + n.i, n.i, '${'0'.repeat(28)}' || ${digits(12)}, 1, 'STANDARD', '"Message number ' || n.i || ' of no great length"',
    1 + n.i / $3, 1690000000000 + n.i from n`)
const countMessages = statement(`update channels set counted = $1, sequence = $2`)

const countCrowded = statement(`
  update channels set counted = $1, sequence = $1, last_message_at = 1690000000000 + $1 where id = 1`)

const textColumns = `channel_id, private, created_at, sequence, nonce, sender_id, type, content, updated_at`
const insertTexts = {
  sqlite: statement(`
    insert into messages (${textColumns})
    select json_extract(value, '$[0]'), 0, json_extract(value, '$[1]'), json_extract(value, '$[2]'), '${'0'.repeat(40)}',
      json_extract(value, '$[3]'), 'STANDARD', json_extract(value, '$[4]'), json_extract(value, '$[1]') from json_each($1)`),
  postgres: statement(`
    insert into messages (${textColumns})
    select (value->>0)::bigint, 0, (value->>1)::bigint, (value->>2)::bigint, '${'0'.repeat(40)}',
      (value->>3)::bigint, 'STANDARD', value->>4, (value->>1)::bigint from json_array_elements($1::json)`),
}

async function fillTexts(db: Filled, { channels, users, texts = 0 }: Shape) {
  const chance = new Chance(1)
  await inSteps(texts, async (from, to) => {
    const rows = Array.from({ length: to - from + 1 }, (_, index) => {
      const number = from + index
      const channel = 1 + Math.floor(channels * chance.next() ** 2)
      return [channel, 1690000000000 + number * 1000, number, 2 + chance.below(users), JSON.stringify(textOf(chance))]
    })
    return db.run(insertTexts[db.kind], JSON.stringify(rows))
  })
}

const hex = (value: number) => value.toString(16).padStart(12, '0')

/** The MessageId of that message, counted from 0, and the number of its channel; its sender is user-1. */
export const filledMessage = (number: number, { channels }: Pick<Shape, 'channels'>) => {
  const messageId = hex(1690000000000 + number) + hex(number) + '0'.repeat(28) + String(number).padStart(12, '0')
  return { messageId, channel: 1 + (number % channels) }
}

const analyze = statement('analyze')

async function inSteps(last: number, work: (from: number, to: number) => Promise<number>) {
  for (let from = 1; from <= last; from += step) await work(from, Math.min(from + step - 1, last))
}

export const membershipsOf = ({ users, each, large }: Shape) => users * each + large

/** Fills an empty store: user-1 is in very many channels, the others in `each`. */
export async function fill(db: Filled, shape: Shape): Promise<void> {
  const { channels, users, each, large, messages = 0, crowded = 0, unread = 0 } = shape
  await db.run(insertAppInstance, appInstanceArn)
  await inSteps(users + 1, (from, to) => db.run(insertUsers, from, to))
  await inSteps(channels, (from, to) => db.run(insertChannels, from, to))
  // Round by round over the users, so that a user's rows are spread over the table as if people had joined over time.
  await inSteps(users * each, (from, to) => db.run(insertMemberships, from - 1, to - 1, users, channels, Math.floor(channels / each)))
  await inSteps(large, (from, to) => db.run(insertLarge, from, to))
  await inSteps(channels * messages, (from, to) => db.run(insertMessages, from - 1, to - 1, channels))
  await db.run(countMessages, messages, channels * messages)
  const before = channels * messages
  await inSteps(crowded, (from, to) => db.run(insertMessages, before + from - 1, before + to - 1, 1))
  if (crowded > 0) await db.run(countCrowded, before + crowded)
  await inSteps(membershipsOf(shape), (from, to) => db.run(insertReadPositions, from, to, messages - unread, channels))
  await fillTexts(db, shape)
  await db.run(analyze)
}
