import { hash, randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { putConsoleCode, takeConsoleCode } from '../store/console-codes.ts'

/** How long a code is valid. */
export const codeMinutes = 10

const stored = (code: string) => hash('sha256', code)

/** Returns a new code that signs in to the console once. Its hash is in the database, so a command can make it while a server runs. */
export async function issueCode(db: Database, now: number): Promise<string> {
  const code = randomBytes(20).toString('base64url')
  await db.transaction(async tx => putConsoleCode(tx, stored(code), now, now + codeMinutes * 60_000))
  return code
}

/** Whether the code is valid. After this call it is not valid any more, on any node. */
export const takeCode = async (db: Database, code: string, now: number): Promise<boolean> => takeConsoleCode(db, stored(code), now)
