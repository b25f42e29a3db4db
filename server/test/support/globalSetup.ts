import { rm } from 'node:fs/promises'
import type { TestProject } from 'vitest/node'
import { Client } from 'pg'
import { buildServer } from './built-server.ts'
import { startKinesis } from './kinesis.ts'
import { folderInMemory } from './folder-in-memory.ts'
import { installedClients } from './installed-clients.ts'
import { makeDatabase } from './made-database.ts'
import type { DatabaseKind } from './world.ts'
import { hasNats, runNats } from './nats-program.ts'
import { startPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a PostgreSQL whose user may create databases. */
    postgresUrl: string
    /** The name of a database in it that has the tables of a server, from which others are copied. */
    postgresTemplate: string
    /** A Kinesis-compatible API that has every stream, and accepts every record. */
    kinesisUrl: string
    /** Of a nats-server, where there is one. */
    natsUrl: string
    /** How many nodes a world on PostgreSQL has; the project sets it. */
    nodes: number
    /** The databases on which the project's tests run. */
    databases: readonly DatabaseKind[]
    /** The file of the server that tests start as a process. */
    main: string
    /** The commands of the machine that are Pythons with boto3, and AWS CLIs. */
    pythons: readonly string[]
    awsCommands: readonly string[]
  }
}

async function makeTemplate(postgresUrl: string): Promise<string> {
  const name = 'made'
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  await makeDatabase({ databaseUrl: url.href })
  return name
}

/**
 * One real PostgreSQL for the whole run, from the project's own dependencies, in which each world has a database of its own; and one
 * build of the server. Neither PostgreSQL nor SQLite waits for the disk: no test stops the machine.
 */
export default async function setup(project: TestProject) {
  const folder = await folderInMemory()
  // The folder of everything that the tests create, also in the programs that they start.
  if (folder !== undefined) process.env['TMPDIR'] = folder
  const [postgres, built, kinesis, nats, { pythons, awsCommands }] = await Promise.all([
    startPostgres(['-c', 'max_connections=500', '-c', 'fsync=off', '-c', 'full_page_writes=off']),
    buildServer(),
    startKinesis({ hasAll: true }),
    hasNats ? runNats() : undefined,
    installedClients(),
  ])
  if (nats) project.provide('natsUrl', nats.url)
  project.provide('kinesisUrl', kinesis.url)
  project.provide('postgresTemplate', await makeTemplate(postgres.url))
  project.provide('postgresUrl', postgres.url)
  project.provide('main', built.main)
  project.provide('pythons', pythons)
  project.provide('awsCommands', awsCommands)
  return async () => {
    await Promise.all([postgres.remove(), built.remove(), kinesis.close(), nats?.stop()])
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}
