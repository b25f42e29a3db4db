import { statement, type Database } from './database.ts'

const insertSetting = statement(`insert into settings (name, value) values ($1, $2) on conflict (name) do nothing`)
const selectSetting = statement<{ value: string }>(`select value from settings where name = $1`)

/** A value that is made once and shared by all nodes: the first one to offer it wins. */
export async function settledOnce(db: Database, name: string, make: () => string): Promise<string> {
  return db.transaction(async tx => {
    await tx.run(insertSetting, name, make())
    return (await tx.get(selectSetting, name))!.value
  })
}

const selectOne = statement<{ one: number }>(`select 1 as one`)

/** Whether the database answers, and takes writes. */
export async function isAnswering(db: Database): Promise<boolean> {
  try {
    return (await db.transaction(tx => tx.get(selectOne)))?.one === 1
  } catch {
    return false
  }
}
