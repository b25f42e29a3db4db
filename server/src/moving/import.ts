import { setTimeout } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import type { Limits } from '../settings/limits.ts'
import { finishImport } from '../store/moving/imported-counts.ts'
import { abandonImport, beginImport, foundUnder, moveImport, openImported, type ImportProgress } from '../store/moving/imports.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import { Batch, OneIsTwice, WrongLineOf, type Known } from './batch.ts'
import { readManifest, readPart, verifyPart, wrongLine, type Manifest } from './folder.ts'
import { appInstanceOf, lineOf, WrongLine, type Line } from './lines.ts'
import { Pace } from './pace.ts'

export interface Importing {
  readonly now: () => number
  /** Lines a second. */
  readonly rate: number
  readonly limits: Limits
  readonly linesOfBatch?: number
  /** Whether a server writes to the same file of SQLite, which has one writer: then the server gets as much time as the import. */
  readonly isBesideServer?: boolean
  /** Called after each batch, with the number of stored lines and that of all lines. */
  readonly progress?: (stored: number, all: number) => void
}

/** The most lines of one transaction. */
const usualLinesOfBatch = 500
/** The length of a transaction beside a server on SQLite, which has fewer lines then. */
const briefMilliseconds = 25
const fewestLines = 10

/** Times further in the future than this are refused as errors. */
const tolerance = 24 * 60 * 60 * 1000

/** How many users, channels and sub-channels that lines refer to are cached. */
const mostCached = 10_000

/** Another process has continued the same import. */
const movedByAnother = () => new Error('Another process imports the same export at this time, or has given the import up.')

interface Stored {
  readonly appInstanceId: number
  readonly from: ImportProgress
  readonly to: ImportProgress
  readonly lines: readonly Line[]
}

export class Import {
  readonly #db: Database
  readonly #given: Importing
  readonly #known: Known = {
    identities: new BoundedMap(mostCached),
    channels: new BoundedMap(mostCached),
    subChannels: new BoundedMap(mostCached),
    messages: new BoundedMap(mostCached),
  }

  constructor(db: Database, given: Importing) {
    this.#db = db
    this.#given = given
  }

  /** Imports the export of a folder, or continues an unfinished import of it. The app instance is invisible until all of it is stored. */
  async run(folder: string): Promise<Manifest> {
    const { linesOfBatch = usualLinesOfBatch } = this.#given
    const manifest = await wholeManifest(folder)
    const appInstance = appInstanceOf(manifest.appInstance)
    for (const [index, part] of manifest.parts.entries()) await verifyPart(folder, index, part)
    const { appInstanceId, ...began } = await this.#begun(appInstance, manifest.id)
    const all = manifest.parts.reduce((sum, { lines }) => sum + lines, 0)
    let stored = manifest.parts.slice(0, began.part).reduce((sum, { lines }) => sum + lines, began.line)
    const pace = new Pace(this.#given.rate)
    let progress: ImportProgress = began
    let size = linesOfBatch
    for (const [index, part] of manifest.parts.entries()) {
      if (index < began.part) continue
      const skipped = index === began.part ? began.line : 0
      let line = skipped
      for await (const texts of batchesOf(readPart(folder, index, part), skipped, () => size)) {
        const first = line + 1
        const lines = texts.map((text, at) => parsedLine(text, index, first + at))
        line += lines.length
        const to = { part: index, line }
        try {
          const took = await this.#paced(() => this.#store({ appInstanceId, from: progress, to, lines }))
          if (this.#given.isBesideServer)
            size = Math.max(fewestLines, Math.min(linesOfBatch, Math.round((lines.length * briefMilliseconds) / took)))
        } catch (error) {
          throw error instanceof WrongLineOf ? wrongLine(index, first + error.index, error.wrong) : error
        }
        progress = to
        stored += lines.length
        this.#given.progress?.(stored, all)
        await pace.spend(lines.length)
      }
    }
    const overfull = await finishImport(this.#db, appInstanceId, async transaction => void (await this.#paced(transaction)))
    if (overfull)
      throw new Error(
        `The sub-channel ${overfull.subChannel} of the channel ${overfull.channel} has more members than its capacity. The export cannot be imported; remove what is stored with --abandon.`,
      )
    if (!(await openImported(this.#db, appInstanceId))) throw movedByAnother()
    return manifest
  }

  async #begun(
    appInstance: ReturnType<typeof appInstanceOf>,
    exportId: string,
  ): Promise<ImportProgress & { readonly appInstanceId: number }> {
    const { arn } = appInstance
    const found = await foundUnder(this.#db, arn)
    if (found === 'app instance')
      throw new Error(`The app instance ${arn} exists already in this database. An import never changes an existing one.`)
    if (found === 'purge')
      throw new Error(
        `An app instance ${arn} was deleted here, and is still being purged. Run carillon jobs run purge, and then the import again.`,
      )
    if (found === 'nothing') {
      const latest = this.#given.now() + tolerance
      if (appInstance.createdAt > latest || appInstance.updatedAt > latest) throw new Error('The app instance was created in the future.')
      const appInstanceId = await this.#db.transaction(async tx => beginImport(tx, appInstance, exportId, this.#given.now()))
      if (appInstanceId === undefined) throw movedByAnother()
      return { appInstanceId, part: 0, line: 0 }
    }
    if (found.exportId !== exportId)
      throw new Error(`Another export of ${arn} has an unfinished import here. Continue that one, or remove it with --abandon.`)
    return found
  }

  /** Resolves to how long the transaction took, after a pause of that length where a server waits for the writer. */
  async #paced(transaction: () => Promise<void>): Promise<number> {
    const start = performance.now()
    await transaction()
    const took = performance.now() - start
    if (this.#given.isBesideServer) await setTimeout(took)
    return took
  }

  async #store(stored: Stored) {
    try {
      await this.#storeTogether(stored, true)
    } catch (error) {
      if (!(error instanceof OneIsTwice)) throw error
      await this.#storeTogether(stored, false)
    }
  }

  async #storeTogether({ appInstanceId, from, to, lines }: Stored, together: boolean) {
    const { limits, now } = this.#given
    const given = { limits, latest: now() + tolerance, known: this.#known, together }
    const found = await this.#db.transaction(async tx => {
      if (!(await moveImport(tx, appInstanceId, from, to))) throw movedByAnother()
      const batch = new Batch(tx, appInstanceId, given)
      for (const [index, line] of lines.entries()) {
        try {
          await batch.store(line)
        } catch (error) {
          throw error instanceof WrongLine ? new WrongLineOf(index, error) : error
        }
      }
      await batch.flush()
      return batch.found
    })
    for (const kind of ['identities', 'channels', 'subChannels', 'messages'] as const)
      for (const [name, value] of found[kind] as Map<string, never>) this.#known[kind].set(name, value)
  }
}

function parsedLine(text: string, part: number, line: number): Line {
  try {
    return lineOf(text)
  } catch (error) {
    throw error instanceof WrongLine ? wrongLine(part, line, error) : error
  }
}

/** `size` is read again for each batch. */
async function* batchesOf(lines: AsyncIterable<string>, skipped: number, size: () => number): AsyncGenerator<string[]> {
  let batch: string[] = []
  let index = 0
  for await (const line of lines) {
    if (index++ < skipped) continue
    batch.push(line)
    if (batch.length < size()) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function requireManifest(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder)
  if (!manifest) throw new Error(`There is no export in ${folder}: it has no manifest.json.`)
  return manifest
}

/** The manifest of a finished export. Throws if there is none in the folder. */
export async function wholeManifest(folder: string): Promise<Manifest> {
  const manifest = await requireManifest(folder)
  if (manifest.finishedAt === undefined)
    throw new Error(`The export in ${folder} is unfinished. Run the same carillon export again: it continues where it was interrupted.`)
  return manifest
}

/** Leaves what an unfinished import of this folder has stored to the purge; false if there is none. */
export async function abandon(db: Database, folder: string): Promise<boolean> {
  const manifest = await requireManifest(folder)
  const found = await foundUnder(db, appInstanceOf(manifest.appInstance).arn)
  if (typeof found === 'string') return false
  return db.transaction(async tx => abandonImport(tx, found.appInstanceId))
}
