import { constants } from 'node:fs'
import { access, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FileDestination } from '../settings/destinations.ts'
import { messageOf } from '../tools/error-text.ts'
import { NotReached } from './delivery.ts'
import type { StreamSink } from './sink.ts'

/** A batch is one write. */
const batch = { entries: 500, bytes: 4 * 1024 * 1024, isOneOfEachSubLane: false }
const newline = 10

/** The size of the file in bytes; undefined if it does not exist yet. */
async function sizeOf(path: string): Promise<number | undefined> {
  const present = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (present && !present.isFile()) throw new Error(`${path} is not a regular file`)
  return present?.size
}

/** Appends lines, and returns once they are on disk. After an incomplete write they begin on a new line. */
async function append(path: string, lines: string) {
  const file = await open(path, 'a+', 0o600)
  try {
    const { size } = await file.stat()
    const last = Buffer.alloc(1, newline)
    if (size > 0) await file.read(last, 0, 1, size - 1)
    // Unlike `write`, this continues if a disk that fills up has taken only a part, and then fails.
    await file.appendFile(last[0] === newline ? lines : `\n${lines}`)
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

/**
 * Records of a stream in a file: each is a line, as a consumer of the stream would find it. One batch at a time is written, since a write
 * cannot be broken off: if one is late, the next ones are refused until it has ended.
 */
export function fileSink(destination: FileDestination): StreamSink {
  const { path, maximumBytes } = destination
  let isWriting = false
  const notWritten = (error: unknown) => new Error(`The file ${path} cannot be written: ${messageOf(error)}`, { cause: error })

  async function write(lines: string) {
    isWriting = true
    try {
      if (((await sizeOf(path)) ?? 0) >= maximumBytes) await rotate(destination)
      await append(path, lines)
    } finally {
      isWriting = false
    }
  }

  return {
    batch,

    // The file is not opened: doctor, run as another user, would create it.
    async check() {
      try {
        const isThere = (await sizeOf(path)) !== undefined
        await access(isThere ? path : dirname(path), isThere ? constants.W_OK : constants.W_OK | constants.X_OK)
      } catch (error) {
        throw notWritten(error)
      }
    },

    async put(_, entries) {
      if (isWriting) throw new NotReached(`The disk of ${path} has not written the previous records yet`)
      await write(entries.map(({ payload }) => `${payload}\n`).join('')).catch((error: unknown) => {
        throw notWritten(error)
      })
      return entries.map(() => undefined)
    },
  }
}
