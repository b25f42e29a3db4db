import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { Chance } from '../../../bench/support/chance.ts'
import { migrateSqlite } from '../../src/database/migrate.ts'
import { SearchFile } from '../../src/store/search-file.ts'
import { indexedText } from '../../src/store/search-words.ts'

interface Sent {
  readonly channelId: number
  readonly at: number
  readonly sequence: number
  /** Null for one that is redacted or deleted. */
  content: string | null
}

const channels = [1, 2, 3]
const senderId = 7
const start = Date.UTC(2026, 0, 1)
const milliseconds = 80
/** How many of the first milliseconds have more messages than rowids (store/search-file.ts), so that these use rowids of the next ones. */
const crowded = 2
/** Without a word. A build stores those messages at once that have 16 Mi characters together. */
const long = '-'.repeat(2 ** 20)

/** A database whose messages change at random. */
class Changing {
  readonly #database: DatabaseSync
  readonly #chance: Chance
  readonly messages: Sent[] = []
  #texts = 0

  constructor(path: string, chance: Chance) {
    this.#chance = chance
    this.#database = new DatabaseSync(path)
    this.#database.exec('pragma journal_mode = wal; pragma synchronous = off')
    migrateSqlite(this.#database, path)
    this.#database.exec(`insert into settings (name, value) values ('search generation', 'first')`)
  }

  #run(text: string, ...values: (string | number | null)[]) {
    this.#database.prepare(text).run(...values)
  }

  together(work: () => void) {
    this.#database.exec('begin')
    work()
    this.#database.exec('commit')
  }

  #text = () => `word${++this.#texts} ${this.#chance.of(['alpha', 'beta', 'gamma'])}`

  #note({ channelId, at, sequence }: Sent, old: string | null) {
    this.#run(
      `insert into search_changes (channel_id, sub_channel_id, created_at, sequence, sender_id, old_content, noted_at)
      values (?, 0, ?, ?, ?, ?, 0)`,
      channelId,
      at,
      sequence,
      senderId,
      old === null ? null : JSON.stringify(old),
    )
  }

  #send(content: string): Sent {
    const at = start + this.#chance.below(this.#chance.is(0.25) ? crowded : milliseconds)
    const sent = { channelId: this.#chance.of(channels), at, sequence: this.messages.length + 1, content }
    this.messages.push(sent)
    this.#run(
      `insert into messages (channel_id, private, created_at, sequence, nonce, sender_id, type, content, updated_at)
      values (?, 0, ?, ?, '', ?, 'STANDARD', ?, 0)`,
      sent.channelId,
      at,
      sent.sequence,
      senderId,
      JSON.stringify(content),
    )
    return sent
  }

  /** Sends messages while no changes are noted. */
  fill(count: number) {
    for (let index = 0; index < count; index++) this.#send(index % 20 === 0 ? long + this.#text() : this.#text())
  }

  /** Sends a message, or edits, redacts or deletes one. */
  change() {
    const which = this.#chance.next()
    if (which < 0.3) return this.#note(this.#send(this.#text()), null)
    const message = this.#chance.of(this.messages)
    const { content: old } = message
    if (old === null) return
    message.content = which < 0.6 ? this.#text() : null
    const where = `where channel_id = ${message.channelId} and created_at = ${message.at} and sequence = ${message.sequence}`
    if (which < 0.8)
      this.#run(`update messages set content = ? ${where}`, message.content === null ? null : JSON.stringify(message.content))
    else this.#run(`delete from messages ${where}`)
    this.#note(message, old)
  }

  /** The server does the same with changes that are in the index. */
  removeChanges(position: number) {
    this.#run('delete from search_changes where id <= ?', position)
  }

  close() {
    this.#database.close()
  }
}

const line = ({ channelId, at, sequence }: Omit<Sent, 'content'>, word: string) => `${channelId} ${sequence} ${at} ${word}`

/** A line for each word of each message that is to be found. */
const wanted = (messages: readonly Sent[]) =>
  messages.flatMap(({ content, ...sent }) => {
    if (content === null) return []
    const text = indexedText({ ...sent, subChannelId: 0, senderId, targetId: null, content })
    return text.split(' ').map(word => line(sent, word))
  })

/** A line for each word of each message in the index, and how many messages it has. */
function indexed(path: string) {
  const reader = new DatabaseSync(path)
  reader.exec(`create virtual table temp.terms using fts5vocab(main, words, 'instance')`)
  const rows = reader
    .prepare(
      `select channel_id as "channelId", sequence, place / 64 + ${Date.UTC(2020, 0, 1)} - late as at, term as word
      from temp.terms left join messages on place = doc`,
    )
    .all() as { channelId: number; sequence: number; at: number; word: string }[]
  const { count } = reader.prepare('select count(*) as count from messages where channel_id > 0').get()!
  reader.close()
  return { lines: rows.map(({ word, ...sent }) => line(sent, word)), count }
}

// This seed has two messages in one millisecond of which the first is deleted while the index is built.
test('The index file of SQLite has each message once, with its present words and no others, whatever happens to messages', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'carillon-search-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const [path, databasePath] = [join(folder, 'index.db'), join(folder, 'carillon.db')]
  const chance = new Chance(4)
  const database = new Changing(databasePath, chance)
  onTestFinished(() => database.close())
  database.together(() => database.fill(600))
  let index = new SearchFile(path, databasePath)
  onTestFinished(() => index.close())
  // While it is built, and then once it is complete.
  for (const mostChanged of [60, 30]) {
    for (let steps = 0, hasMore = true; hasMore || steps < mostChanged; steps++) {
      if (steps < mostChanged && chance.is(0.4)) {
        database.together(() => {
          for (let changes = chance.below(100); changes >= 0; changes--) database.change()
        })
      }
      if (chance.is(0.3)) database.removeChanges(index.state.position)
      if (chance.is(0.1)) {
        index.close()
        index = new SearchFile(path, databasePath)
      }
      hasMore = index.step()
      expect(steps).toBeLessThan(1000)
    }
    expect(index.state.isComplete).toBe(true)
  }
  const { messages } = database
  const { lines, count } = indexed(path)
  expect(lines.toSorted()).toEqual(wanted(messages).toSorted())
  const present = messages.filter(({ content }) => content !== null)
  expect(count).toBe(present.length)
  const scopes = channels.map(channelId => ({ channelId, subChannelId: 0, viewerId: undefined }))
  for (let at = start; at <= start + crowded; at++) {
    const period = { notBefore: at, notAfter: at }
    const hits = index.search({ ...period, scopes, phrases: [], senderIds: [senderId], before: undefined, limit: 1000 })
    const numbers = (sent: readonly { at: number; sequence: number }[]) =>
      sent.flatMap(each => (each.at === at ? [each.sequence] : [])).toSorted((a, b) => a - b)
    expect(numbers(hits)).toEqual(numbers(present))
  }
})
