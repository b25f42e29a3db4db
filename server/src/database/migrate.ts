import type { DatabaseSync } from 'node:sqlite'
import type { ClientBase } from 'pg'
import { first } from './migrations/001-first.ts'
import { rates } from './migrations/002-rates.ts'
import { access } from './migrations/003-access.ts'
import { statusDetail } from './migrations/004-status-detail.ts'
import { nodes } from './migrations/005-nodes.ts'
import { postgresDialect, sqliteDialect, type Dialect } from './migrations/dialect.ts'

/** In order; the version of a database is how many of them it has. A released one is never changed. */
const migrations: ((dialect: Dialect) => string)[] = [first, rates, access, statusDetail, nodes]

const createVersions = 'create table if not exists schema_versions (version integer primary key, applied_at bigint not null)'
const selectVersion = 'select coalesce(max(version), 0) as version from schema_versions'

/** Refuses what a newer Carillon has written: this one does not know what it means. */
function pending(version: number, where: string): { version: number; sql: (dialect: Dialect) => string }[] {
  if (version > migrations.length) {
    throw new Error(
      `${where} was written by a newer Carillon (schema version ${version}; this one knows versions up to ${migrations.length}). ` +
        'Start the newer Carillon, or restore a backup that was made before the upgrade.',
    )
  }
  return migrations.slice(version).map((sql, index) => ({ version: version + index + 1, sql }))
}

/** Refuses a database that no server has set up, or whose schema is not the one of this Carillon. */
function requireVersion(version: number, where: string) {
  if (version === 0) {
    throw new Error(
      `${where} holds no data of Carillon. The first start of a server makes them: start it, or name the database that it uses ` +
        'by --data or --database-url.',
    )
  }
  if (pending(version, where).length > 0) {
    throw new Error(
      `${where} was written by an older Carillon (schema version ${version}; this one has version ${migrations.length}). ` +
        'Start the server of this version first, which brings it up to date.',
    )
  }
}

/** Throws an Error where an SQLite file has another schema than this Carillon. Changes nothing. */
export function requireSqliteSchema(database: DatabaseSync, where: string) {
  const isThere = database.prepare(`select 1 from sqlite_schema where name = 'schema_versions'`).get() !== undefined
  const { version } = isThere ? (database.prepare(selectVersion).get() as { version: number }) : { version: 0 }
  requireVersion(version, where)
}

/** The same for PostgreSQL. */
export async function requirePostgresSchema(client: ClientBase, where: string) {
  const { rows: found } = await client.query<{ is_there: boolean }>(`select to_regclass('schema_versions') is not null as is_there`)
  const { rows } = found[0]!.is_there ? await client.query<{ version: number }>(selectVersion) : { rows: [{ version: 0 }] }
  requireVersion(rows[0]!.version, where)
}

/** Brings an SQLite file up to date. Of two processes that start at once, one waits for the other. */
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

/** What the change of a large table takes is no fault, whatever the role has as its limit; a lock that nobody lets go of is one. */
const beginMigration = `begin; set local statement_timeout = 0; set local lock_timeout = '5min'`

/** The same for PostgreSQL: an advisory lock holds concurrent starters until the first one has committed. */
export async function migratePostgres(client: ClientBase, where: string) {
  try {
    await client.query(beginMigration)
    await client.query(`select pg_advisory_xact_lock(hashtext('carillon schema'))`)
    await client.query(createVersions)
    const { rows } = await client.query<{ version: number }>(selectVersion)
    for (const step of pending(rows[0]!.version, where)) {
      await client.query(step.sql(postgresDialect))
      await client.query('insert into schema_versions values ($1, $2)', [step.version, Date.now()])
    }
    await client.query('commit')
  } catch (error) {
    // Where the connection is gone, so is the transaction, and the first error is the one to tell.
    await client.query('rollback').catch(() => {})
    throw await explained(client, error)
  }
}

const insufficientPrivilege = '42501'
const noSchema = '3F000'

/** What keeps PostgreSQL from being used, in a sentence that says what to do about it where the role lacks a right. */
async function explained(client: ClientBase, error: unknown): Promise<unknown> {
  const { code, message } = error as { code?: string; message: string }
  if (code !== insufficientPrivilege && code !== noSchema) return error
  const { rows } = await client.query<{ role: string; database: string }>(
    'select quote_ident(current_user) as role, quote_ident(current_database()) as database',
  )
  const { role, database } = rows[0]!
  return new Error(
    `PostgreSQL refuses the role ${role} what it needs in the database ${database}: ${message}. ` +
      `As a superuser, in that database: grant usage, create on schema public to ${role}; ` +
      `tables that another role has made are this one's after: reassign owned by OTHER to ${role}.` +
      (code === noSchema ? ` Where the search_path of the role names another schema, that one must exist.` : ''),
    { cause: error },
  )
}
