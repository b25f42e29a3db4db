import { statement, type Database, type Queries } from '../database/database.ts'

const acquire = statement(`
  insert into job_leases (name, until) values ($1, $2)
  on conflict (name) do update set until = excluded.until where job_leases.until <= $3`)

/** Takes the lease of a job until that time; false if another node holds it. */
export async function holdJob(db: Database, name: string, now: number, until: number) {
  return (await db.transaction(tx => tx.run(acquire, name, until, now))) === 1
}

const touch = statement(`
  insert into job_leases (name, until) values ($1, 0) on conflict (name) do update set until = job_leases.until`)

/** Locks the creation of something without a parent row that could be locked: until the commit nobody else creates one. */
export async function lockCreation(tx: Queries, what: string) {
  await tx.run(touch, `create ${what}`)
}
