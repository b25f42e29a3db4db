import { randomBytes } from 'node:crypto'
import { chmod, chown, link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** The text of a file; undefined if it does not exist. */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  }
}

/** Files belong to the owner of their folder, so that a server can read what root has created by a command. */
async function giveToOwner(file: string) {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(dirname(file))
  await chown(file, uid, gid)
}

async function putFile(file: string, text: string, mode: number, put: (draft: string) => Promise<void>) {
  const draft = join(dirname(file), `.${basename(file)}-${randomBytes(6).toString('hex')}`)
  try {
    await writeFile(draft, text, { mode, flush: true })
    await chmod(draft, mode)
    await giveToOwner(draft)
    await put(draft)
  } finally {
    await rm(draft, { force: true })
  }
}

/** Creates a file atomically. An existing file is not replaced: of concurrent processes the first one wins. */
export async function makeFile(file: string, text: string, mode: number) {
  await putFile(file, text, mode, async draft => {
    try {
      await link(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  })
}

/** Creates or replaces a file: readers see the old text or the new one. */
export async function replaceFile(file: string, text: string, mode: number) {
  await putFile(file, text, mode, draft => rename(draft, file))
}
