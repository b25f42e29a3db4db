import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Linux has a file system in memory here; in some containers it is small, or programs cannot be started from it. */
const place = '/dev/shm'

/** More than all tests write at a time. */
const roomy = 4 * 1024 ** 3

/** A new folder in memory, where a commit of SQLite waits for no disk; undefined where there is none that can be used. */
export async function folderInMemory(): Promise<string | undefined> {
  const found = await statfs(place).catch(() => undefined)
  if (!found || found.bsize * found.bavail < roomy) return undefined
  const folder = await mkdtemp(join(place, 'carillon-')).catch(() => undefined)
  if (folder === undefined) return undefined
  try {
    // PostgreSQL runs as another user where the tests run as root.
    await chmod(folder, 0o755)
    const program = join(folder, 'program')
    await writeFile(program, '#!/bin/sh\n', { mode: 0o755 })
    await promisify(execFile)(program)
    return folder
  } catch {
    await rm(folder, { recursive: true, force: true })
    return undefined
  }
}
