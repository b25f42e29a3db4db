import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a PostgreSQL whose user may create databases. */
    postgresUrl: string
  }
}

/** One real PostgreSQL for the whole run, from the project's own dependencies; each world makes a database in it. */
export default async function setup(project: TestProject) {
  const postgres = await startPostgres(['-c', 'max_connections=300'])
  project.provide('postgresUrl', postgres.url)
  return () => postgres.remove()
}
