import type { DatabaseSync } from 'node:sqlite'
import type { ClientBase } from 'pg'
import { first } from './migrations/001-first.ts'
import { rates } from './migrations/002-rates.ts'
import { access } from './migrations/003-access.ts'
import { statusDetail } from './migrations/004-status-detail.ts'
import { nodes } from './migrations/005-nodes.ts'
import { lanes } from './migrations/006-lanes.ts'
import { streams } from './migrations/007-streams.ts'
import { resume } from './migrations/008-resume.ts'
import { bots } from './migrations/009-bots.ts'
import { prefetch } from './migrations/010-prefetch.ts'
import { push } from './migrations/011-push.ts'
import { buriedChannels } from './migrations/012-buried-channels.ts'
import { unread } from './migrations/013-unread.ts'
import { reactions } from './migrations/014-reactions.ts'
import { imports } from './migrations/015-imports.ts'
import { search } from './migrations/016-search.ts'
import { presence } from './migrations/017-presence.ts'
import { consoleCodes } from './migrations/018-console-codes.ts'
import { connected } from './migrations/019-connected.ts'
import { smallTokens } from './migrations/020-small-tokens.ts'
import { previousTokens } from './migrations/021-previous-tokens.ts'
import { accessChanges } from './migrations/022-access-changes.ts'
import { laneOwners } from './migrations/023-lane-owners.ts'
import { accessMarks } from './migrations/024-access-marks.ts'
import { formerIdentities } from './migrations/025-former-identities.ts'
import { otherWords } from './migrations/026-other-words.ts'
import { jobNodes } from './migrations/027-job-nodes.ts'
import { postgresDialect, sqliteDialect, type Dialect } from './migrations/dialect.ts'

/**
 * In order; the version of a database is the number of migrations it has. A released migration never changes. `found` is the version that
 * the database had before the first migration of this start.
 */
export const migrations: readonly ((dialect: Dialect, found: number) => string)[] = [
  first,
  rates,
  access,
  statusDetail,
  nodes,
  lanes,
  streams,
  resume,
  bots,
  prefetch,
  push,
  buriedChannels,
  unread,
  reactions,
  imports,
  search,
  presence,
  consoleCodes,
  connected,
  smallTokens,
  previousTokens,
  accessChanges,
  laneOwners,
  accessMarks,
  formerIdentities,
  otherWords,
  jobNodes,
]

/** The version of the schema that this Carillon works on. */
export const schemaVersion = migrations.length

/** The version of a database that no server has set up yet. */
export class NotSetUp extends Error {}

const createVersions = 'create table if not exists schema_versions (version integer primary key, applied_at bigint not null)'
const selectVersion = 'select coalesce(max(version), 0) as version from schema_versions'

/** Throws for a database that a newer Carillon has migrated: this version does not understand it. */
function pending(found: number, where: string): { version: number; sql: (dialect: Dialect) => string }[] {
  if (found > schemaVersion) {
    throw new Error(
      `${where} was written by a newer Carillon (schema version ${found}; this one supports versions up to ${schemaVersion}). ` +
        'Start the newer Carillon, or restore a backup that was made before the upgrade.',
    )
  }
  return migrations.slice(found).map((sql, index) => ({ version: found + index + 1, sql: dialect => sql(dialect, found) }))
}

/** Throws for a database that no server has set up, or whose schema version is another one. */
function requireVersion(version: number, where: string) {
  if (version === 0) {
    throw new NotSetUp(
      `${where} is not a database of Carillon. The first start of a server creates one: start the server, or name the database that it uses ` +
        'by --data or --database-url.',
    )
  }
  if (pending(version, where).length > 0) {
    throw new Error(
      `${where} was written by an older Carillon (schema version ${version}; this one has version ${schemaVersion}). ` +
        'Start the server of this version first, which brings it up to date.',
    )
  }
}

/** Throws an Error if an SQLite file has another schema version than this Carillon. Changes nothing. */
export function requireSqliteSchema(database: DatabaseSync, where: string) {
  const isThere = database.prepare(`select 1 from sqlite_schema where name = 'schema_versions'`).get() !== undefined
  const { version } = isThere ? (database.prepare(selectVersion).get() as { version: number }) : { version: 0 }
  requireVersion(version, where)
}

/** The same for PostgreSQL. */
export async function requirePostgresSchema(client: ClientBase, where: string) {
  const { rows: found } = await client.query<{ is_there: boolean }>(`select to_regclass('schema_versions') is not null as is_there`)
  const version = found[0]!.is_there ? await postgresVersion(client) : 0
  requireVersion(version, where)
}

async function postgresVersion(client: ClientBase): Promise<number> {
  try {
    return (await client.query<{ version: number }>(selectVersion)).rows[0]!.version
  } catch (error) {
    throw await explained(client, error, 0)
  }
}

/** Migrates an SQLite file. Of two processes that start at once, one waits for the other. */
export function migrateSqlite(database: DatabaseSync, where: string) {
  database.exec('begin immediate')
  try {
    database.exec(createVersions)
    const { version } = database.prepare(selectVersion).get() as { version: number }
    for (const step of pending(version, where)) {
      database.exec(step.sql(sqliteDialect))
      database.prepare('insert into schema_versions values (?, ?)').run(step.version, Date.now())
    }
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}

/**
 * Changing a large table may take longer than the role's time-outs allow, so they are lifted here; the wait for a lock stays
 * bounded. PostgreSQL has transaction_timeout since version 17. What the starter sees after its wait for another one must be new, whatever
 * the default of the role is.
 */
const beginMigration = `
  begin isolation level read committed; set local statement_timeout = 0; set local lock_timeout = '5min';
  select set_config(name, '0', true) from pg_settings where name = 'transaction_timeout'`

/** Migrates a PostgreSQL database. An advisory lock makes concurrent starters wait until the first one has committed. */
export async function migratePostgres(client: ClientBase, where: string) {
  let found = 0
  try {
    await client.query(beginMigration)
    await client.query(`select pg_advisory_xact_lock(hashtext('carillon schema'))`)
    await client.query(createVersions)
    const { rows } = await client.query<{ version: number }>(selectVersion)
    found = rows[0]!.version
    if (found === 0) await requireUnicode(client)
    for (const step of pending(found, where)) {
      await client.query(step.sql(postgresDialect))
      await client.query('insert into schema_versions values ($1, $2)', [step.version, Date.now()])
    }
    await client.query('commit')
  } catch (error) {
    // If the connection is gone, so is the transaction, and the first error is the one to report.
    await client.query('rollback').catch(() => {})
    throw await explained(client, error, found)
  }
}

/** Throws for a new database that cannot store every character. */
async function requireUnicode(client: ClientBase) {
  const asked = `select current_setting('server_encoding') as encoding, quote_ident(current_database()) as name`
  const { encoding, name } = (await client.query<{ encoding: string; name: string }>(asked)).rows[0]!
  if (encoding === 'UTF8') return
  throw new Error(
    `The database ${name} has the encoding ${encoding}, and Carillon needs UTF8: create it with encoding 'UTF8' template template0, ` +
      'as docs/postgresql.md describes.',
  )
}

const insufficientPrivilege = '42501'
const noSchema = '3F000'
/** A table exists already, or has other columns. */
const otherTables = new Set(['42P07', '42703'])

/** Why PostgreSQL, with that version of our schema, cannot be used; if the role lacks a right, the sentence says which one to grant. */
async function explained(client: ClientBase, error: unknown, found: number): Promise<unknown> {
  const { code = '', message } = error as { code?: string; message: string }
  if (found === 0 && otherTables.has(code)) {
    const { rows } = await client.query<{ schema: string }>('select quote_ident(current_schema()) as schema')
    return new Error(
      `The schema ${rows[0]!.schema} has tables of another program: ${message}. Give Carillon a database or a schema of its own, ` +
        'as docs/postgresql.md describes.',
      { cause: error },
    )
  }
  if (code !== insufficientPrivilege && code !== noSchema) return error
  const { rows } = await client.query<{ role: string; database: string }>(
    'select quote_ident(current_user) as role, quote_ident(current_database()) as database',
  )
  const { role, database } = rows[0]!
  return new Error(
    `PostgreSQL denies the role ${role} a right that it needs in the database ${database}: ${message}. ` +
      `As a superuser, in that database: grant usage, create on schema public to ${role}; ` +
      `if another role owns the tables: reassign owned by OTHER to ${role}.` +
      (code === noSchema ? ` Where the search_path of the role names another schema, that one must exist.` : ''),
    { cause: error },
  )
}
