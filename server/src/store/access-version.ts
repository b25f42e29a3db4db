import { statement, type Database, type Queries, type Transaction } from '../database/database.ts'

const selectVersion = statement<{ version: number }>(`select version from access_version where id = 1`)
const countUp = statement(`update access_version set version = version + 1 where id = 1`)

/** A number that changes with every change of keys, roles and the master key. */
export async function accessVersion(db: Queries): Promise<number> {
  return (await db.get(selectVersion))!.version
}

/** Runs a change of keys or roles. Until the commit no other transaction can change them, so what the work reads stays valid. */
export async function changeAccess<Result>(db: Database, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  return db.transaction(async tx => {
    await tx.run(countUp)
    return work(tx)
  })
}
