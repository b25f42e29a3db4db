import { randomBytes } from 'node:crypto'
import { statement, type Database, type Queries, type Transaction } from '../database/database.ts'

/** A key by its id, or a role by its name. */
export interface AccessChange {
  readonly kind: 'key' | 'role'
  readonly name: string
}

/**
 * Counts every change of keys, roles and the master key. A database that has lost changes, as by a failover, may have another change with
 * the same number; the random mark of the change tells them apart.
 */
export interface AccessVersion {
  readonly version: number
  readonly mark: string
}

/** How many changes are stored. A node that has missed more reads everything. */
const mostChanges = 1000

const selectVersion = statement<AccessVersion>(`select version, mark from access_version where id = 1`)
const countUp = statement<{ version: number }>(`
  update access_version set version = version + 1, mark = $1 where id = 1 returning version`)
const insertChange = statement(`insert into access_changes (version, kind, name, mark) values ($1, $2, $3, $4)`)
const deleteChanges = statement(`delete from access_changes where version <= $1`)
const selectChanges = statement<AccessChange & AccessVersion>(`
  select version, mark, kind, name from access_changes where version >= $1 order by version`)

/** The version that the last change has led to. */
export async function accessVersion(db: Queries): Promise<AccessVersion> {
  return (await db.get(selectVersion))!
}

export const isSameVersion = (one: AccessVersion, other: AccessVersion) => one.version === other.version && one.mark === other.mark

/**
 * Runs a change of keys or roles. Until the commit no other transaction can change them, so what the work reads stays valid. `changedBy`
 * names what the work has changed, by its result; without it every node reads all keys and roles again.
 */
export async function changeAccess<Result>(
  db: Database,
  work: (tx: Transaction) => Promise<Result>,
  changedBy?: (result: Result) => AccessChange,
): Promise<Result> {
  return db.transaction(async tx => {
    const mark = randomBytes(8).toString('hex')
    const { version } = (await tx.get(countUp, mark))!
    const result = await work(tx)
    if (changedBy) {
      const { kind, name } = changedBy(result)
      await tx.run(insertChange, version, kind, name, mark)
      await tx.run(deleteChanges, version - mostChanges)
    }
    return result
  })
}

/**
 * The changes that follow a version, up to the present one, and the version that they lead to. Undefined if it is not known of each what it
 * has changed, or if the database does not have the change that led to the known version.
 */
export async function accessChangesAfter(
  db: Queries,
  known: AccessVersion,
): Promise<(AccessVersion & { changes: readonly AccessChange[] }) | undefined> {
  const present = await accessVersion(db)
  if (isSameVersion(present, known)) return { ...known, changes: [] }
  const [first, ...changes] = await db.all(selectChanges, known.version)
  const last = changes.at(-1)
  if (!first || !isSameVersion(first, known) || !last || last.version < present.version) return undefined
  const isWhole = changes.every((change, index) => change.version === known.version + 1 + index)
  return isWhole ? { version: last.version, mark: last.mark, changes } : undefined
}
