import type { TestProject } from 'vitest/node'
import { buildServer } from './built-server.ts'
import { startPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a PostgreSQL whose user may create databases. */
    postgresUrl: string
    /** The file of the server that tests start as a process. */
    main: string
  }
}

/**
 * One real PostgreSQL for the whole run, from the project's own dependencies, in which each world makes a database; and one build of
 * the server. PostgreSQL does not wait for the disk: no test stops the machine.
 */
export default async function setup(project: TestProject) {
  const [postgres, built] = await Promise.all([
    startPostgres(['-c', 'max_connections=300', '-c', 'fsync=off', '-c', 'full_page_writes=off']),
    buildServer(),
  ])
  project.provide('postgresUrl', postgres.url)
  project.provide('main', built.main)
  return async () => {
    await Promise.all([postgres.remove(), built.remove()])
  }
}
