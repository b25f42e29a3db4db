import { randomBytes, randomUUID } from 'node:crypto'
import { statement, type Database, type Queries } from '../database/database.ts'
import { changeRow, firstValue } from './queries.ts'

const insertValue = statement(`insert into settings (name, value) values ($1, $2) on conflict (name) do nothing`)

export const findValue = firstValue<string, [name: string]>(`select value from settings where name = $1`)

export const putValue = changeRow<[name: string, value: string]>(`
  insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`)

/** A value that is created once and shared by all nodes: the first node that offers one wins. */
export async function sharedValue(tx: Queries, name: string, offered: string): Promise<string> {
  await tx.run(insertValue, name, offered)
  return (await findValue(tx, name))!
}

/** A key of 32 bytes that all nodes share, created at the first start. */
export async function sharedKey(db: Database, name: string): Promise<Buffer> {
  const offered = randomBytes(32).toString('hex')
  return Buffer.from(await db.transaction(tx => sharedValue(tx, name, offered)), 'hex')
}

const removeValue = statement(`delete from settings where name = $1`)

/**
 * Whether the database answers and accepts writes. Only a write proves that: a full disk can still be read. The write leaves no row, and no
 * other node waits for it.
 */
export async function isAnswering(db: Database): Promise<boolean> {
  const name = `health ${randomUUID()}`
  try {
    return await db.transaction(async tx => {
      await tx.run(insertValue, name, '')
      return (await tx.run(removeValue, name)) === 1
    })
  } catch {
    return false
  }
}
