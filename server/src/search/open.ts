import { databaseFile, searchFile } from '../database/data-folder.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../observe/log.ts'
import { measureSearch, type Metrics } from '../observe/metrics.ts'
import { searchFigures } from '../store/search-changes.ts'
import { beginSearch, endSearch } from '../store/search-generation.ts'
import { resolve } from 'node:path'
import { BoundedIndex } from './bounded-index.ts'
import { FileIndex } from './file-index.ts'
import type { SearchIndex } from './search-index.ts'
import { TableIndex } from './table-index.ts'

/** The index of the messages; undefined if the search is off. */
export async function openSearch(
  { search, data }: { search: 'on' | 'off'; data: string },
  tools: { db: Database; now: () => number; log: Log; metrics: Metrics },
): Promise<SearchIndex | undefined> {
  const { db } = tools
  if (search === 'off') {
    await endSearch(db)
    return undefined
  }
  await beginSearch(db)
  measureSearch(tools.metrics, async () => {
    const { waiting, oldest } = await searchFigures(db)
    return { waiting, seconds: oldest === undefined ? 0 : Math.max(0, tools.now() - oldest) / 1000 }
  })
  const folder = resolve(data)
  const index =
    db.kind === 'postgres' ? new TableIndex(tools) : new FileIndex({ index: searchFile(folder), database: databaseFile(folder) }, tools)
  return new BoundedIndex(index, tools)
}
