import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Creates a file and opens it for writing; rejects if it exists. A file that root creates belongs to the owner of its folder, so that a
 * server can use what a command has created.
 */
export async function createOwned(file: string, mode: number): Promise<FileHandle> {
  const handle = await open(file, 'wx', mode)
  if (process.getuid?.() !== 0) return handle
  try {
    const { uid, gid } = await stat(dirname(file))
    // By the handle: the owner of the folder may have put a link in the place of the file.
    await handle.chown(uid, gid)
    return handle
  } catch (error) {
    await handle.close()
    await rm(file, { force: true })
    throw error
  }
}
