import { randomBytes } from 'node:crypto'
import { chmod, link, readFile, rename, rm, writeFile } from 'node:fs/promises'
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

async function putFile(file: string, text: string, mode: number, put: (draft: string) => Promise<void>) {
  const draft = join(dirname(file), `.${basename(file)}-${randomBytes(6).toString('hex')}`)
  try {
    await writeFile(draft, text, { mode, flush: true })
    await chmod(draft, mode)
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
