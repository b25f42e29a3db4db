import { statement, type Database, type Queries, type Transaction } from '../database/database.ts'

/** A key by its id, or a role by its name. */
export interface AccessChange {
  readonly kind: 'key' | 'role'
  readonly name: string
}

/** How many changes are stored. A node that has missed more reads everything. */
const mostChanges = 1000

const selectVersion = statement<{ version: number }>(`select version from access_version where id = 1`)
const countUp = statement<{ version: number }>(`update access_version set version = version + 1 where id = 1 returning version`)
const insertChange = statement(`insert into access_changes (version, kind, name) values ($1, $2, $3)`)
const deleteChanges = statement(`delete from access_changes where version <= $1`)
const selectChanges = statement<AccessChange & { version: number }>(`
  select version, kind, name from access_changes where version > $1 order by version`)

/** A number that changes with every change of keys, roles and the master key. */
export async function accessVersion(db: Queries): Promise<number> {
  return (await db.get(selectVersion))!.version
}

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
    const { version } = (await tx.get(countUp))!
    const result = await work(tx)
    if (changedBy) {
      const { kind, name } = changedBy(result)
      await tx.run(insertChange, version, kind, name)
      await tx.run(deleteChanges, version - mostChanges)
    }
    return result
  })
}

/**
 * The changes that follow a version, up to the present one, and the version that they lead to. Undefined if it is not known of each what it
 * has changed.
 */
export async function accessChangesAfter(
  db: Queries,
  known: number,
): Promise<{ version: number; changes: readonly AccessChange[] } | undefined> {
  const present = await accessVersion(db)
  const changes = await db.all(selectChanges, known)
  const version = known + changes.length
  const isWhole = version >= present && changes.every((change, index) => change.version === known + 1 + index)
  return isWhole ? { version, changes } : undefined
}
