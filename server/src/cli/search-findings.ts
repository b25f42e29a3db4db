import type { Database } from '../database/database.ts'
import { searchFigures } from '../store/search-changes.ts'
import { isSearchOn } from '../store/search-generation.ts'
import { fault, good, type Finding } from './finding.ts'

/** A running server indexes a change within a second or two, unless it rebuilds the index. */
const lateMilliseconds = 60_000

/** The finding about the search index, if there is one: how far it is behind the messages. */
export async function searchFindings(db: Database, now: number): Promise<Finding[]> {
  if (!(await isSearchOn(db))) return []
  const { waiting, oldest } = await searchFigures(db)
  if (oldest === undefined || now - oldest <= lateMilliseconds)
    return [good(`The search index is up to date with the messages; waiting: ${waiting}`)]
  return [
    fault(
      `The search index is ${Math.round((now - oldest) / 1000)} seconds behind the messages; waiting: ${waiting}`,
      'Check that a server with --search on is running on this database, and look for errors of the search index in its log.',
    ),
  ]
}
