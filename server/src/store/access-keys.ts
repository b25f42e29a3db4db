import { statement, type Queries } from '../database/database.ts'
import { pageOf, textCursor, textIn, type Cursor, type Page } from './page.ts'
import { changeRow, countRows } from './queries.ts'
import { dateIfGiven, type RowOf } from './text.ts'

export interface StoredAccessKey {
  /** The access key id. */
  readonly id: string
  /** The name of the IAM user whose key it is. */
  readonly name: string
  /** IAM's JSON, as the caller gave it. */
  readonly policy: string
  /** Encrypted under the master key of that id. */
  readonly sealedSecret: string
  readonly masterKeyId: string
  readonly createdAt: Date
  /** Undefined if the key is enabled. */
  readonly disabledAt: Date | undefined
}

type Row = RowOf<StoredAccessKey>

const columns = `
  id, name, policy, sealed_secret as "sealedSecret", master_key_id as "masterKeyId", created_at as "createdAt", disabled_at as "disabledAt"`

const insert = statement(`
  insert into access_keys (id, name, policy, sealed_secret, master_key_id, created_at) values ($1, $2, $3, $4, $5, $6)
  on conflict do nothing`)
const selectAll = statement<Row>(`select ${columns} from access_keys order by created_at, id`)
const selectAfter = statement<Row>(`select ${columns} from access_keys where name > $1 order by name limit $2`)
const selectById = statement<Row>(`select ${columns} from access_keys where id = $1`)
const selectOne = statement<Row>(`select ${columns} from access_keys where id = $1 or name = $1`)
const update = statement(`update access_keys set policy = $2, disabled_at = $3 where id = $1`)

const record = ({ createdAt, disabledAt, ...row }: Row): StoredAccessKey => ({
  ...row,
  createdAt: new Date(createdAt),
  disabledAt: dateIfGiven(disabledAt),
})

/** False if the name is in use. */
export async function insertAccessKey(tx: Queries, key: Omit<StoredAccessKey, 'disabledAt'>) {
  return (await tx.run(insert, key.id, key.name, key.policy, key.sealedSecret, key.masterKeyId, key.createdAt.getTime())) === 1
}

/** In the order in which they were created. */
export async function accessKeys(db: Queries): Promise<StoredAccessKey[]> {
  return (await db.all(selectAll)).map(record)
}

/** A page of the keys, in the order of their names. */
export async function listAccessKeys(db: Queries, after: Cursor | undefined, limit: number): Promise<Page<StoredAccessKey>> {
  const rows = await db.all(selectAfter, textIn(after), limit + 1)
  return pageOf(rows, limit, ({ name }) => textCursor(name), record)
}

/** The key of that id. */
export async function accessKeyById(db: Queries, id: string): Promise<StoredAccessKey | undefined> {
  const row = await db.get(selectById, id)
  return row && record(row)
}

/** The key of that id or name. */
export async function accessKeyOf(db: Queries, idOrName: string): Promise<StoredAccessKey | undefined> {
  const row = await db.get(selectOne, idOrName)
  return row && record(row)
}

export const countAccessKeys = countRows(`select count(*) as count from access_keys`)

/** Sets the policy of the key, and the time since which it is disabled; undefined for an enabled key. */
export async function updateAccessKey(tx: Queries, id: string, { policy, disabledAt }: { policy: string; disabledAt: number | undefined }) {
  await tx.run(update, id, policy, disabledAt ?? null)
}

/** Stores the same secret, encrypted under another master key. */
export const resealAccessKey = changeRow<[id: string, sealedSecret: string, masterKeyId: string]>(
  `update access_keys set sealed_secret = $2, master_key_id = $3 where id = $1`,
)

export const deleteAccessKey = changeRow<[id: string]>(`delete from access_keys where id = $1`)
