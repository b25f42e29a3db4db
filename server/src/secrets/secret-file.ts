import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createOwned } from '../tools/owned-file.ts'

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
    await writeNew(draft, text, mode)
    await put(draft)
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeNew(file: string, text: string, mode: number) {
  const handle = await createOwned(file, mode)
  try {
    await handle.chmod(mode)
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
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
