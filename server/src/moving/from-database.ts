import type { Database } from '../database/database.ts'
import type { After } from '../store/moving/exported-messages.ts'
import { exportedAppInstance, exportedParts, exportPage, scopeOf, type ExportedPart, type Scope } from '../store/moving/exports.ts'
import type { Source } from './export.ts'

interface ExportProgress {
  readonly scope: Scope
  readonly part: ExportedPart
  readonly after: After
}

const typeOf = (part: ExportedPart) => (part.startsWith('tag') ? 'tag' : part)

/** An app instance in the database of a server, which may be running. What is created after the export began is left out. */
export function fromDatabase(db: Database, arn: string): Source {
  return {
    name: `Carillon: ${arn}`,
    async begin() {
      const scope = await scopeOf(db, arn)
      const appInstance = scope && (await exportedAppInstance(db, scope))
      if (!appInstance) throw new Error(`There is no app instance ${arn} in the database.`)
      const first: ExportProgress = { scope, part: exportedParts[0]!, after: [] }
      return { appInstance, first }
    },
    async page(at) {
      const { scope, part, after } = at as ExportProgress
      const { rows, next } = await exportPage(db, part, scope, after)
      const nextPart: ExportedPart | undefined = exportedParts[exportedParts.indexOf(part) + 1]
      const progress: ExportProgress | undefined =
        next !== undefined ? { scope, part, after: next } : nextPart === undefined ? undefined : { scope, part: nextPart, after: [] }
      return { lines: rows.map(row => ({ type: typeOf(part), ...row })), next: progress }
    },
  }
}
