import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { statement } from '../database/database.ts'
import { Connection } from '../database/sqlite-connection.ts'
import type { Place } from './places.ts'
import { SearchBatch } from './search-batch.ts'
import {
  buildStart,
  endOfPortion,
  indexedText,
  messagesAfter,
  scopeCharacters,
  searchable,
  searchedIn,
  type IndexedMessage,
  type BuildCursor,
  type MessageRow,
  type ScopedSearch,
} from './search-words.ts'
import { parsed } from './text.ts'

/*
 * The search index of SQLite: a file beside the database, used by one thread. It follows search_changes by a position that is stored in the
 * file itself. So whatever happens to the process, the index has exactly the changes up to that position. The layout and what was measured:
 * docs/decisions/0017.
 */

/** The version of the layout. A file with another version is rebuilt. */
const layout = 2

/** The rowid of a message in the file is its time, and one of this many numbers within the millisecond. */
const rowidsOfMillisecond = 64
const epoch = Date.UTC(2020, 0, 1)
const firstRowid = (at: number) => (at - epoch) * rowidsOfMillisecond

const schema = `
  pragma page_size = 8192;
  pragma journal_mode = wal;
  pragma synchronous = normal;
  pragma secure_delete = on;
  pragma cache_size = -65536;
  pragma temp_store = memory;
  create table if not exists state (name text primary key, value text not null) without rowid;
  create table if not exists messages (
    place integer primary key, channel_id integer not null, sub_channel_id integer not null, sequence integer not null, late integer not null);
  create virtual table if not exists words using fts5 (text, content = '', columnsize = 0, tokenize = "ascii tokenchars '${scopeCharacters}'");
  insert into words (words, rank) values ('secure-delete', 1);
`

const selectState = statement<{ value: string }>(`select value from state where name = $1`)
const setState = statement(`insert into state (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`)
const selectMillisecond = statement<{ rowid: number; channelId: number; sequence: number }>(`
  select place as rowid, channel_id as "channelId", sequence from messages where place between $1 and $2 order by place`)
const selectPlace = statement<unknown>(`select 1 as found from messages where place = $1`)
const inserted = `insert into messages (place, channel_id, sub_channel_id, sequence, late) values ($1, $2, $3, $4, $5)`
const insertIfFree = statement(`${inserted} on conflict do nothing`)
const insertMessage = statement(`
  ${inserted} on conflict (place) do update set channel_id = excluded.channel_id, sub_channel_id = excluded.sub_channel_id,
    sequence = excluded.sequence, late = excluded.late`)
const removeMessage = statement(`delete from messages where place = $1`)
/**
 * Empties a row that must not be removed. One with the last rowid of a millisecond stays, since messages after it may use rowids of the next
 * millisecond. While the index is built every row stays, so that a message whose first rowid has no row is certainly not in the index yet.
 */
const emptyMessage = statement(`update messages set channel_id = 0, sequence = 0 where place = $1`)
const insertWords = statement(`insert into words (rowid, text) values ($1, $2)`)
const removeWords = statement(`insert into words (words, rowid, text) values ('delete', $1, $2)`)
const selectHits = statement<{ rowid: number; channelId: number; subChannelId: number; sequence: number; late: number }>(`
  select m.place as rowid, m.channel_id as "channelId", m.sub_channel_id as "subChannelId", m.sequence, m.late
  from words cross join messages m on m.place = words.rowid
  where words match $1 and words.rowid < $2 and words.rowid >= $3 order by words.rowid desc limit $4`)

/** A command of FTS5, such as a setting, with its number. */
const command = statement(`insert into words (words, rank) values ($1, $2)`)
/** How many segments FTS5 merges at a time: while an index is built, more of them, so that each word is merged less often; then its defaults. */
const mergedWhile = {
  building: { automerge: 12, crisismerge: 32 },
  following: { automerge: 4, crisismerge: 16 },
}
const totalChanges = statement<{ changes: number }>(`select total_changes() as changes`)

type AddedMessage = IndexedMessage & Pick<MessageRow, 'at' | 'sequence'>

/** In the database of the server. */
interface ChangeRow extends Omit<MessageRow, 'isPrivate'> {
  readonly id: number
  readonly old: string | null
}

/**
 * The content of the message `m` at a position in the changes: the old content of the next change after it, or else the present one. So the
 * content in the index is known exactly, which deletions from it need. `row` has the channel and the number of the message.
 */
const contentAfter = (position: string, row: 's' | 'm') => `
  coalesce((
    select n.old_content from search_changes n
    where n.channel_id = ${row}.channel_id and n.sequence = ${row}.sequence and n.id > ${position} and n.old_content is not null
    order by n.id limit 1
  ), m.content)`

const selectChanges = statement<ChangeRow>(`
  select s.id, s.channel_id as "channelId", s.sub_channel_id as "subChannelId", s.created_at as at, s.sequence, s.sender_id as "senderId",
    s.target_id as "targetId", s.old_content as old, ${contentAfter('s.id', 's')} as content
  from search_changes s
  left join messages m on m.channel_id = s.channel_id and m.sub_channel_id = s.sub_channel_id and m.private in (0, 1)
    and m.created_at = s.created_at and m.sequence = s.sequence and ${searchable}
  where s.id > $1 order by s.id limit $2`)

const selectMessages = statement<MessageRow>(messagesAfter(contentAfter('$6', 'm'), '$7'))
const selectEnds = statement<{ first: number | null; last: number | null }>(`
  select (select min(id) from search_changes) as first, (select seq from sqlite_sequence where name = 'search_changes') as last`)
const selectGeneration = statement<{ value: string }>(`select value from settings where name = 'search generation'`)

/** A message that a search has found. Its rowid is also the cursor of the search. */
export interface FileHit extends Place {
  readonly rowid: number
  readonly at: number
  readonly sequence: number
}

export interface FileSearch extends ScopedSearch {
  /** Only hits with a smaller rowid. */
  readonly before: number | undefined
  readonly limit: number
}

/** How far the index is. */
export interface FileState {
  /** The last change that is in the index. */
  readonly position: number
  readonly isComplete: boolean
}

const text = (phrase: { words: readonly string[]; isPrefix: boolean }) =>
  `${phrase.words.map(word => `"${word}"`).join(' + ')}${phrase.isPrefix ? ' *' : ''}`

/** The FTS5 expression of a search in all its scopes. */
const expressionOf = (search: FileSearch) =>
  search.scopes
    .map(scope => {
      const { phrases, senders } = searchedIn(scope, search)
      const ofSender = senders ? [senders.map(word => `"${word}"`).join(' OR ')] : []
      return `(${[...ofSender, ...phrases.map(text)].map(part => `(${part})`).join(' AND ')})`
    })
    .join(' OR ')

/** How many changes are read at once. */
const mostChanges = 200
/** How many characters one transaction indexes (`endOfPortion`), in some tenths of a second: searches wait for it (search/file-index.ts). */
const mostIndexed = 2 ** 20
/**
 * The messages that are read at once when an index is built. They fit the memory of the thread (file-index.ts) with the longest messages
 * that --limit-content-bytes allows.
 */
const mostRead = 500
/** The pages that one step writes when the segments of a new index are merged. */
const mostMerged = 100

function setMerging(index: Connection, during: keyof typeof mergedWhile) {
  for (const [name, segments] of Object.entries(mergedWhile[during])) index.run(command, [name, segments])
}

export class SearchFile {
  readonly #path: string
  readonly #main: Connection
  #index: Connection
  /** While a new index is built. */
  #batch: SearchBatch | undefined
  #removed = false

  /** Opens the index, or begins a new one if there is none, or if it does not fit the database. Throws if the database cannot be read. */
  constructor(path: string, databasePath: string) {
    this.#path = path
    const main = new DatabaseSync(databasePath, { readOnly: true })
    main.exec('pragma busy_timeout = 10000; pragma temp_store = memory;')
    this.#main = new Connection(main)
    this.#index = this.#opened()
  }

  /** Why the index is rebuilt; undefined if it is not. */
  renewal: string | undefined

  #opened(): Connection {
    try {
      const index = this.#open()
      const why = this.#misfit(index)
      if (why === undefined) return index
      index.database.close()
      return this.#begun(why)
    } catch (error) {
      return this.#begun(`its file cannot be used: ${(error as Error).message}`)
    }
  }

  #open(): Connection {
    const database = new DatabaseSync(this.#path)
    try {
      database.exec(schema)
    } catch (error) {
      database.close()
      throw error
    }
    return new Connection(database)
  }

  /** Removes the file and begins a new one, with the present position. */
  #begun(why: string): Connection {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(this.#path + suffix, { force: true })
    const index = this.#open()
    const { last } = this.#main.get(selectEnds, [])!
    const { value } = this.#main.get(selectGeneration, [])!
    index.database.exec('begin')
    index.run(setState, ['layout', String(layout)])
    index.run(setState, ['generation', value])
    index.run(setState, ['position', String(last ?? 0)])
    index.run(setState, ['cursor', JSON.stringify(buildStart)])
    setMerging(index, 'building')
    index.database.exec('commit')
    this.renewal = why
    return index
  }

  /** Why the index cannot follow this database; undefined if it can. */
  #misfit(index: Connection): string | undefined {
    const state = (name: string) => index.get(selectState, [name])?.value
    if (state('layout') === undefined) return 'there is no index yet'
    if (state('layout') !== String(layout)) return 'it was made by another version of Carillon'
    if (state('generation') !== this.#main.get(selectGeneration, [])?.value) return 'an operator has requested it, or the search was off'
    const position = Number(state('position'))
    const { first, last } = this.#main.get(selectEnds, [])!
    const next = first ?? (last ?? 0) + 1
    return next > position + 1 || position > (last ?? 0) ? 'it is not the index of this database as it is now' : undefined
  }

  get state(): FileState {
    const position = Number(this.#index.get(selectState, ['position'])!.value)
    return { position, isComplete: this.#cursor() === undefined }
  }

  #cursor(): BuildCursor | undefined {
    const text = this.#index.get(selectState, ['cursor'])!.value
    return text === '' ? undefined : parsed<BuildCursor>(text)
  }

  /** Begins a new index if an operator has requested it. */
  renewIfAsked() {
    if (this.#index.get(selectState, ['generation'])?.value === this.#main.get(selectGeneration, [])?.value) return
    this.renew('an operator has requested it')
  }

  /** Begins a new index in place of this one, for that reason. */
  renew(why: string) {
    this.#index.database.close()
    this.#batch = undefined
    this.#index = this.#begun(why)
  }

  /**
   * Does a step: indexes some changes, or a part of the messages while the index is not complete, or merges a part of its segments after it
   * was built. True if there is more to do.
   */
  step(): boolean {
    const read = this.#main.all(selectChanges, [this.state.position, mostChanges])
    if (read.length > 0) {
      const end = endOfPortion(read, 0, ({ old, content }) => (old?.length ?? 0) + (content?.length ?? 0), mostIndexed)
      const changes = read.slice(0, end)
      this.#inTransaction(() => {
        for (const change of changes) this.#takeOver(change)
        this.#index.run(setState, ['position', String(changes.at(-1)!.id)])
      })
      return true
    }
    const cursor = this.#cursor()
    if (cursor) this.#build(cursor)
    return cursor !== undefined || this.#merge()
  }

  /**
   * Merges segments: a search reads each segment for each word, and building an index leaves many. True until one is left. A merge with a
   * negative number of pages begins to merge all segments into one; with a positive number it continues.
   */
  #merge(): boolean {
    const state = this.#index.get(selectState, ['segments'])?.value
    if (state === 'merged') return false
    this.#inTransaction(() => {
      const before = this.#index.get(totalChanges, [])!.changes
      this.#index.run(command, ['merge', state === undefined ? -mostMerged : mostMerged])
      // The command itself counts as a change.
      const isDone = this.#index.get(totalChanges, [])!.changes - before < 2
      if (isDone) setMerging(this.#index, 'following')
      if (state === undefined || isDone) this.#index.run(setState, ['segments', isDone ? 'merged' : 'merging'])
    })
    return true
  }

  /** Overwrites removed words that the write-ahead log still has. */
  tidy() {
    if (!this.#removed) return
    this.#index.database.exec('pragma wal_checkpoint(truncate)')
    this.#removed = false
  }

  search(search: FileSearch): FileHit[] {
    const { notBefore, notAfter, before, limit } = search
    const below = Math.min(before ?? Number.MAX_SAFE_INTEGER, this.#endOf(notAfter))
    return this.#index
      .all(selectHits, [expressionOf(search), below, firstRowid(notBefore), limit])
      .map(({ rowid, late, ...hit }) => ({ ...hit, rowid, at: Math.floor(rowid / rowidsOfMillisecond) + epoch - late }))
  }

  /** The first rowid behind those of the messages of a millisecond, which may use rowids of the next ones. */
  #endOf(at: number): number {
    let end = firstRowid(at + 1)
    while (this.#index.get(selectPlace, [end - 1])) end += rowidsOfMillisecond
    return end
  }

  close() {
    this.#index.database.close()
    this.#main.database.close()
  }

  #inTransaction(work: () => void) {
    const { database } = this.#index
    database.exec('begin')
    try {
      work()
      database.exec('commit')
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      throw error
    }
  }

  #takeOver({ old, content, ...message }: ChangeRow) {
    if (old !== null && this.#batch?.hasChanged(message) === false) this.#batch = undefined
    let { rowid, free } = this.#find(message)
    if (old !== null && rowid !== undefined) {
      this.#remove(rowid, { ...message, content: parsed(old) })
      free = rowid
      rowid = undefined
    }
    if (content !== null && rowid === undefined) this.#add(free, { ...message, content: parsed(content) })
  }

  /**
   * Reads or stores a part of a batch of messages. After an interruption the batch is read again; messages that are stored already are
   * found.
   */
  #build(from: BuildCursor) {
    const batch = this.#batch ?? new SearchBatch(from)
    // If the transaction fails, the batch is read again.
    this.#batch = undefined
    if (!batch.isRead) batch.add(this.#main.all(selectMessages, [...batch.cursor!, this.state.position, mostRead]))
    else if (this.#store(batch)) return
    this.#batch = batch
  }

  /** Stores a part of a batch; true if it was the last. */
  #store(batch: SearchBatch): boolean {
    this.#inTransaction(() => {
      // FTS5 writes a segment whenever a rowid is less than the last one.
      for (const { content, isPrivate: _, ...message } of batch.take(mostIndexed)) this.#addNew({ ...message, content: parsed(content!) })
      if (batch.isStored) this.#index.run(setState, ['cursor', batch.cursor ? JSON.stringify(batch.cursor) : ''])
    })
    return batch.isStored
  }

  /** The rowid of a message, if it is in the index, and a free one. */
  #find({ channelId, at, sequence }: Pick<ChangeRow, 'channelId' | 'at' | 'sequence'>): { rowid: number | undefined; free: number } {
    let free: number | undefined
    for (let start = firstRowid(at); ; start += rowidsOfMillisecond) {
      const end = start + rowidsOfMillisecond - 1
      const taken = this.#index.all(selectMillisecond, [start, end])
      const found = taken.find(each => each.channelId === channelId && each.sequence === sequence)
      if (found) return { rowid: found.rowid, free: found.rowid }
      const occupied = new Set(taken.filter(each => each.channelId !== 0).map(({ rowid }) => rowid))
      for (let rowid = start; free === undefined && rowid <= end; rowid++) if (!occupied.has(rowid)) free = rowid
      if (taken.at(-1)?.rowid !== end) return { rowid: undefined, free: free! }
    }
  }

  /** Adds a message unless it is in the index. It is looked for only if its first rowid is taken. */
  #addNew(message: AddedMessage) {
    if (this.#add(firstRowid(message.at), message, insertIfFree)) return
    const { rowid, free } = this.#find(message)
    if (rowid === undefined) this.#add(free, message)
  }

  /** False if the rowid is taken and `insert` does not replace its row. */
  #add(rowid: number, message: AddedMessage, insert = insertMessage): boolean {
    const { channelId, subChannelId, sequence, at } = message
    const late = Math.floor((rowid - firstRowid(at)) / rowidsOfMillisecond)
    if (this.#index.run(insert, [rowid, channelId, subChannelId, sequence, late]) === 0) return false
    this.#index.run(insertWords, [rowid, indexedText(message)])
    return true
  }

  #remove(rowid: number, message: IndexedMessage) {
    this.#index.run(removeWords, [rowid, indexedText(message)])
    const isEmptied = (rowid + 1) % rowidsOfMillisecond === 0 || this.#cursor() !== undefined
    this.#index.run(isEmptied ? emptyMessage : removeMessage, [rowid])
    this.#removed = true
  }
}
