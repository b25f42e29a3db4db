import { resolve } from 'node:path'
import type { Command } from 'commander'
import { backUp } from '../database/backup.ts'
import { existingFile } from '../database/open.ts'
import { quoted } from './quoted.ts'
import { addSettings, configOf, type Flags } from './settings.ts'

async function backupTo(file: string, flags: Flags) {
  const { data, databaseUrl } = configOf(flags)
  if (databaseUrl !== undefined) {
    throw new Error('With --database-url the database is PostgreSQL: back it up with pg_dump --format=custom, and restore with pg_restore.')
  }
  const source = existingFile(data)
  const target = resolve(file)
  try {
    await backUp(source, target)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'it exists already, and is never overwritten' : message
    throw new Error(`${target} cannot be written: ${why}.`, { cause: error })
  }
  process.stdout.write(`The database is backed up to ${quoted(target)}\n`)
}

/** Adds `carillon backup FILE`. */
export function addBackup(program: Command) {
  addSettings(program.command('backup <file>').description('copy the embedded database to a file, also while a server is using it')).action(
    backupTo,
  )
}
