import { open, rename, rm, stat } from 'node:fs/promises'
import type { FileDestination } from '../settings/destinations.ts'
import type { StreamSink } from './sink.ts'

/** A batch is one write. */
const batch = { entries: 500, bytes: 4 * 1024 * 1024, isOneOfEachSubLane: false }
const newline = 10

/** Adds lines, and returns once they are on disk. After a write that was broken off they begin on a line of their own. */
async function append(path: string, lines: string) {
  const file = await open(path, 'a+', 0o600)
  try {
    const { size } = await file.stat()
    const last = Buffer.alloc(1, newline)
    if (size > 0) await file.read(last, 0, 1, size - 1)
    await file.write(last[0] === newline ? lines : `\n${lines}`)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** The file becomes FILE.1, that one FILE.2, and so on; the oldest is gone. */
async function rotate({ path, keep }: FileDestination) {
  await rm(`${path}.${keep}`, { force: true })
  for (let number = keep - 1; number >= 0; number--) {
    const from = number === 0 ? path : `${path}.${number}`
    await rename(from, `${path}.${number + 1}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
}

/** Records of a stream in a file: each is a line, as a consumer of the stream would find it. */
export function fileSink(destination: FileDestination): StreamSink {
  const { path, maximumBytes } = destination
  return {
    batch,

    async check() {
      const file = await open(path, 'a', 0o600).catch((error: unknown) => {
        throw new Error(`The file ${path} cannot be written: ${(error as Error).message}`, { cause: error })
      })
      await file.close()
    },

    async put(_, entries) {
      const present = await stat(path).catch(() => undefined)
      if (present && present.size >= maximumBytes) await rotate(destination)
      await append(path, entries.map(({ payload }) => `${payload}\n`).join(''))
      return entries.map(() => undefined)
    },
  }
}
