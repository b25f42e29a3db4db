import { randomUUID } from 'node:crypto'
import { createFolder, readManifest, writeManifest, writePart, type Manifest } from './folder.ts'
import { Pace } from './pace.ts'

/** Some lines, and where the next ones begin. */
interface SourcePage {
  /** Each is an object with the member `type`, which `lines.ts` describes. */
  readonly lines: readonly { readonly type: string }[]
  /** Where the next lines begin; undefined at the end. The manifest has it as JSON. */
  readonly next: unknown
}

/** Where an app instance is exported from. */
export interface Source {
  /** The name of the source in the manifest. */
  readonly name: string
  /** The app instance, and where its first lines are. */
  begin(): Promise<{ readonly appInstance: object; readonly first: unknown }>
  page(at: unknown): Promise<SourcePage>
}

export interface Exporting {
  readonly now: () => number
  /** Lines a second. */
  readonly rate: number
  readonly linesOfPart?: number
  /** Called after each part. */
  readonly progress?: (manifest: Manifest) => void
}

const usualLinesOfPart = 100_000
/**
 * A part ends after so long, so that an interruption loses at most what was read in that time. Pages of the API may be without lines for
 * hours, as where retention has deleted the messages of thousands of channels.
 */
const longestPartMilliseconds = 5 * 60_000

/**
 * Exports to a folder, or continues an unfinished export in it. Each part is listed in the manifest once it is on disk, together with where
 * the next one begins.
 */
export async function exportTo(
  folder: string,
  source: Source,
  { now, rate, linesOfPart = usualLinesOfPart, progress = () => {} }: Exporting,
): Promise<Manifest> {
  let manifest = (await readManifest(folder)) ?? (await begun(folder, source, now()))
  if (manifest.source !== source.name)
    throw new Error(`The export in ${folder} is one of ${manifest.source}, not of ${source.name}. Name another folder.`)
  const pace = new Pace(rate)
  let at = manifest.resume
  while (manifest.finishedAt === undefined) {
    const counts: Record<string, number> = { ...manifest.counts }
    const begunAt = now()
    const portions = async function* () {
      for (let lines = 0; lines < linesOfPart && at !== undefined && now() - begunAt < longestPartMilliseconds;) {
        const page = await source.page(at)
        for (const { type } of page.lines) counts[type] = (counts[type] ?? 0) + 1
        lines += page.lines.length
        at = page.next
        yield page.lines.map(line => JSON.stringify(line))
        await pace.spend(page.lines.length)
      }
    }
    const part = await writePart(folder, manifest.parts.length, portions())
    const { resume: _, ...rest } = manifest
    const end = at === undefined ? { finishedAt: now() } : { resume: at }
    manifest = { ...rest, ...end, counts, parts: [...manifest.parts, part] }
    await writeManifest(folder, manifest)
    progress(manifest)
  }
  return manifest
}

async function begun(folder: string, source: Source, startedAt: number): Promise<Manifest> {
  const { appInstance, first } = await source.begin()
  return createFolder(folder, { id: randomUUID(), source: source.name, startedAt, appInstance, resume: first })
}
