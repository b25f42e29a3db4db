import { statement, type Queries } from '../database/database.ts'

export interface StoredAccessKey {
  /** The access key id. */
  readonly id: string
  /** The name of the IAM user whose key it is. */
  readonly name: string
  /** IAM's JSON, as it was given. */
  readonly policy: string
  /** Encrypted under the master key of that id. */
  readonly sealedSecret: string
  readonly masterKeyId: string
  readonly createdAt: Date
  readonly isDisabled: boolean
}

interface Row {
  id: string
  name: string
  policy: string
  sealedSecret: string
  masterKeyId: string
  createdAt: number
  disabledAt: number | null
}

const columns = `
  id, name, policy, sealed_secret as "sealedSecret", master_key_id as "masterKeyId", created_at as "createdAt", disabled_at as "disabledAt"`

const insert = statement(`
  insert into access_keys (id, name, policy, sealed_secret, master_key_id, created_at) values ($1, $2, $3, $4, $5, $6)
  on conflict do nothing`)
const selectAll = statement<Row>(`select ${columns} from access_keys order by created_at, id`)
const selectOne = statement<Row>(`select ${columns} from access_keys where id = $1 or name = $1`)
const count = statement<{ count: number }>(`select count(*) as count from access_keys`)
const updateDisabled = statement(`update access_keys set disabled_at = $2 where id = $1`)
const updateSealed = statement(`update access_keys set sealed_secret = $2, master_key_id = $3 where id = $1`)
const remove = statement(`delete from access_keys where id = $1`)

const record = ({ createdAt, disabledAt, ...row }: Row): StoredAccessKey => ({
  ...row,
  createdAt: new Date(createdAt),
  isDisabled: disabledAt !== null,
})

/** False if the name is in use. */
export async function insertAccessKey(tx: Queries, key: Omit<StoredAccessKey, 'isDisabled'>) {
  return (await tx.run(insert, key.id, key.name, key.policy, key.sealedSecret, key.masterKeyId, key.createdAt.getTime())) === 1
}

/** In the order in which they were created. */
export async function accessKeys(db: Queries): Promise<StoredAccessKey[]> {
  return (await db.all(selectAll)).map(record)
}

/** The key of that id or name. */
export async function accessKeyOf(db: Queries, idOrName: string): Promise<StoredAccessKey | undefined> {
  const row = await db.get(selectOne, idOrName)
  return row && record(row)
}

export async function countAccessKeys(tx: Queries) {
  return (await tx.get(count))!.count
}

/** Disables the key, or enables it if the time is undefined. */
export async function disableAccessKey(tx: Queries, id: string, at: number | undefined) {
  await tx.run(updateDisabled, id, at ?? null)
}

/** Stores the same secret, encrypted under another master key. */
export async function resealAccessKey(tx: Queries, id: string, sealedSecret: string, masterKeyId: string) {
  await tx.run(updateSealed, id, sealedSecret, masterKeyId)
}

export async function deleteAccessKey(tx: Queries, id: string) {
  await tx.run(remove, id)
}
