import { statement, type Database, type Queries } from '../database/database.ts'
import { changeRow, changeRows } from './queries.ts'

const acquire = statement(`
  insert into job_leases (name, until, held_by) values ($1, $2, $4)
  on conflict (name) do update set until = excluded.until, held_by = excluded.held_by where job_leases.until <= $3`)

/** Takes the lease of a job until that time; false if it is held. With a node, the lease ends when that node dies. */
export async function holdJob(db: Database, name: string, now: number, until: number, nodeId?: string) {
  return (await db.transaction(tx => tx.run(acquire, name, until, now, nodeId ?? null))) === 1
}

/** Ends the lease of a job that was taken until that time. */
export const releaseJob = changeRow<[name: string, until: number]>(
  `update job_leases set until = 0, held_by = null where name = $1 and until = $2`,
)

/** Ends the leases of a node. */
export const releaseJobsOf = changeRows<[nodeId: string]>(`update job_leases set until = 0, held_by = null where held_by = $1`)

const touch = statement(`
  insert into job_leases (name, until) values ($1, 0) on conflict (name) do update set until = job_leases.until`)

/** Locks the creation of something without a parent row that could be locked: until the commit nobody else creates one. */
export async function lockCreation(tx: Queries, what: string) {
  await tx.run(touch, `create ${what}`)
}
