import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from '../settings/config.ts'

/** The path of the embedded database in a data folder. */
export const databaseFile = (folder: string) => join(folder, 'carillon.db')

/** The path of its search index. */
export const searchFile = (folder: string) => join(folder, 'carillon-search.db')

/** The absolute path of the data folder, which is created if it is missing. */
export async function dataFolder(data: string): Promise<string> {
  const folder = resolve(data)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`The data folder ${folder} cannot be created: ${String(error)}.`, { cause: error })
  }
  return folder
}

/** SQLite's code for a file that another process has locked. */
const busy = 5

/** Whether a server has the data folder with its embedded database. */
export function isClaimed({ databaseUrl, data }: Pick<Config, 'databaseUrl' | 'data'>): boolean {
  if (databaseUrl !== undefined || data === ':memory:') return false
  let claim: DatabaseSync | undefined
  try {
    claim = new DatabaseSync(`${databaseFile(resolve(data))}-lock`, { readOnly: true })
    claim.exec('select 1 from sqlite_schema')
    return false
  } catch (error) {
    return (error as { errcode?: number }).errcode === busy
  } finally {
    claim?.close()
  }
}

/**
 * Claims the data folder for a server with an embedded database, until the returned function is called or the process ends. Throws an Error
 * if another server has it, since clients of one server would not get the events of the other. Commands do not claim the folder.
 *
 * The claim is SQLite's lock on an empty file beside the database. The operating system releases it with the process, however the process
 * ends, so nothing has to be cleaned up. The file stays: removing it could remove the claim of the next server.
 */
export async function claimDataFolder({ databaseUrl, data }: Pick<Config, 'databaseUrl' | 'data'>): Promise<() => void> {
  if (databaseUrl !== undefined || data === ':memory:') return () => {}
  const folder = await dataFolder(data)
  const file = `${databaseFile(folder)}-lock`
  let claim: DatabaseSync | undefined
  try {
    claim = new DatabaseSync(file)
    // With the journal in memory no second file is written.
    claim.exec('pragma journal_mode = memory; begin exclusive')
  } catch (error) {
    claim?.close()
    const { errcode, message } = error as Error & { errcode?: number }
    if (errcode !== busy) throw new Error(`The database ${databaseFile(folder)} cannot be opened: ${message} (${file}).`, { cause: error })
    throw new Error(
      `The data folder ${folder} is in use by another server. Stop that one, or give this one a folder of its own by --data. ` +
        'Several servers share their data on PostgreSQL only, by --database-url.',
      { cause: error },
    )
  }
  return () => claim.close()
}
