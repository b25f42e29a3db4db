import { randomBytes } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { createOwned } from '../tools/owned-file.ts'
import { pageSize } from './sqlite.ts'

/** More pages than a file can have: so the copy is made in one step, and no writer can make it restart. */
const allPages = 2 ** 31 - 1

/**
 * Makes the copy one file without a write-ahead log, and checks its integrity. The page size of a database never changes; a copy of one
 * with smaller pages gets the present size.
 */
function checked(file: string) {
  const copy = new DatabaseSync(file)
  try {
    copy.exec('pragma journal_mode = delete')
    const { page_size: size } = copy.prepare('pragma page_size').get() as { page_size: number }
    if (size < pageSize) copy.exec(`pragma page_size = ${pageSize}; vacuum`)
    const { quick_check: verdict } = copy.prepare('pragma quick_check(1)').get() as { quick_check: string }
    if (verdict !== 'ok') throw new Error(`The copy is damaged: ${verdict}.`)
  } finally {
    copy.close()
  }
}

async function synchronize(path: string) {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Copies a database in use, as it is at one moment, with everything that was acknowledged before. Writers do not wait. `target`
 * appears as a whole or not at all, readable by its owner only; an existing file is not overwritten.
 */
export async function backUp(source: string, target: string): Promise<void> {
  const draft = join(dirname(target), `.${basename(target)}-${randomBytes(6).toString('hex')}`)
  const database = new DatabaseSync(source, { readOnly: true })
  try {
    // A backup beside the database is for the user of the server; one elsewhere is for whoever makes it.
    const isBeside = dirname(resolve(target)) === dirname(resolve(source))
    const empty = await (isBeside ? createOwned(draft, 0o600) : open(draft, 'wx', 0o600))
    await empty.chmod(0o600)
    await empty.close()
    await backup(database, draft, { rate: allPages })
    checked(draft)
    await synchronize(draft)
    await link(draft, target)
    await synchronize(dirname(target))
  } finally {
    database.close()
    await rm(draft, { force: true })
  }
}
