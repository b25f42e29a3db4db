import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { isObject } from '../tools/json.ts'
import { WrongLine } from './lines.ts'

/** The version of the format; an import refuses another one. */
const version = 1

/** A file of lines, as it is listed in the manifest. */
export interface Part {
  readonly lines: number
  /** Of the compressed file. */
  readonly bytes: number
  readonly sha256: string
}

/** manifest.json, which describes the folder of an export. */
export interface Manifest {
  readonly format: 'carillon-export'
  readonly version: number
  /** A UUID, by which an import recognizes its own export. */
  readonly id: string
  /** Where it comes from: the database of a Carillon, or an endpoint of the API. */
  readonly source: string
  readonly startedAt: number
  /** Undefined while the export is unfinished. */
  readonly finishedAt?: number
  readonly appInstance: unknown
  /** Where an unfinished export continues; only the export reads it. */
  readonly resume?: unknown
  readonly counts: Readonly<Record<string, number>>
  readonly parts: readonly Part[]
}

const nameOf = (index: number) => `part-${String(index + 1).padStart(6, '0')}.jsonl.gz`
const manifestName = 'manifest.json'
/** The longest manifest, in bytes; that of ten million parts is shorter. */
const longestManifest = 2 ** 30
/** The longest line, in bytes; that of the longest message is shorter. */
const longestLine = 2 ** 20

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 2000
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value)) return false
  const { format, id, source, startedAt, finishedAt, parts, counts } = value
  const isPart = (part: unknown) => {
    if (!isObject(part)) return false
    const { lines, bytes, sha256 } = part
    return isCount(lines) && isCount(bytes) && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)
  }
  return (
    format === 'carillon-export' &&
    [id, source].every(isText) &&
    isCount(startedAt) &&
    (finishedAt === undefined || isCount(finishedAt)) &&
    Array.isArray(parts) &&
    parts.every(isPart) &&
    isObject(counts) &&
    Object.values(counts).every(isCount)
  )
}

/** The manifest of a folder; undefined if there is none. Throws if it is not that of an export of this version. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const file = join(folder, manifestName)
  let text: string
  try {
    const found = await stat(file)
    if (!found.isFile()) throw new Error(`${file} is not a file.`)
    if (found.size > longestManifest) throw new Error(`${file} is longer than a manifest can be.`)
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`${file} is not JSON, so it is not the manifest of an export.`)
  }
  if (!isManifest(value)) throw new Error(`${file} is not the manifest of an export.`)
  if (value.version !== version)
    throw new Error(`The export in ${folder} has version ${value.version} of the format; this Carillon reads version ${version}.`)
  return value
}

/** Begins an export in a folder, which must be empty or not exist. */
export async function createFolder(folder: string, given: Omit<Manifest, 'format' | 'version' | 'counts' | 'parts'>): Promise<Manifest> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const [stranger] = await readdir(folder)
  if (stranger !== undefined) throw new Error(`The folder ${folder} is not empty, and has no export. Name a new folder.`)
  const manifest: Manifest = { format: 'carillon-export', version, ...given, counts: {}, parts: [] }
  await writeManifest(folder, manifest)
  return manifest
}

/** Replaces the manifest atomically: a crash leaves the old one or the new one. */
export async function writeManifest(folder: string, manifest: Manifest) {
  const file = join(folder, manifestName)
  await writeFile(`${file}.new`, `${JSON.stringify(manifest, undefined, 1)}\n`, { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
}

/** A stream that passes bytes on, and computes their checksum. */
class Checksum extends Transform {
  readonly #hash = createHash('sha256')
  bytes = 0

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void) {
    this.#hash.update(chunk)
    this.bytes += chunk.length
    done(null, chunk)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

/** Writes a part from portions of lines; it counts only once the manifest lists it. */
export async function writePart(folder: string, index: number, portions: AsyncIterable<readonly string[]>): Promise<Part> {
  const file = join(folder, nameOf(index))
  await rm(file, { force: true })
  let lines = 0
  const texts = async function* () {
    for await (const portion of portions) {
      lines += portion.length
      if (portion.length > 0) yield `${portion.join('\n')}\n`
    }
  }
  const checksum = new Checksum()
  await pipeline(texts, createGzip(), checksum, createWriteStream(file, { mode: 0o600, flush: true }))
  return { lines, bytes: checksum.bytes, sha256: checksum.digest() }
}

/** Throws if a part is not the one that the manifest lists. */
export async function verifyPart(folder: string, index: number, { bytes, sha256 }: Part) {
  const name = nameOf(index)
  const missing = (error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? `${name} is missing in ${folder}.` : error.message, { cause: error })
  }
  // Opening a pipe would wait for ever.
  if (!(await stat(join(folder, name)).catch(missing)).isFile()) throw new Error(`${name} is not a file.`)
  const file = await open(join(folder, name)).catch(missing)
  try {
    const isWhole = (await file.stat()).size === bytes
    const hash = createHash('sha256')
    if (isWhole) for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk as Buffer)
    if (!isWhole || hash.digest('hex') !== sha256)
      throw new Error(`${name} is not the file that was exported: its checksum differs from the one in manifest.json. Copy it again.`)
  } finally {
    await file.close()
  }
}

/** The error of a line, with its part and its number. */
export const wrongLine = (index: number, line: number, error: WrongLine) => new Error(`${nameOf(index)}, line ${line}: ${error.message}`)

/** The lines of a part. Throws if one is longer than any line of an export, or if there are more or fewer than the manifest says. */
export async function* readPart(folder: string, index: number, { lines }: Part): AsyncGenerator<string> {
  let count = 0
  let rest: Buffer[] = []
  let length = 0
  const ended = () => {
    count++
    if (count > lines) throw new Error(`${nameOf(index)} has more than the ${lines} lines that manifest.json says.`)
    const line = Buffer.concat(rest).toString('utf8')
    rest = []
    length = 0
    return line
  }
  const bytes = createReadStream(join(folder, nameOf(index))).on('error', error => unzipped.destroy(error))
  const unzipped = bytes.pipe(createGunzip())
  try {
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length;) {
        const end = chunk.indexOf(10, at)
        const piece = chunk.subarray(at, end < 0 ? undefined : end)
        length += piece.length
        if (length > longestLine) throw wrongLine(index, count + 1, new WrongLine('It is longer than any line of an export.'))
        rest.push(piece)
        at += piece.length + 1
        if (end >= 0) yield ended()
      }
    }
  } finally {
    bytes.destroy()
  }
  if (count < lines || length > 0) throw new Error(`${nameOf(index)} has ${count} whole lines; manifest.json says ${lines}.`)
}
