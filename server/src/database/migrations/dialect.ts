/** How the two databases spell a table differently. */
export interface Dialect {
  /** A primary key that the database numbers in rising order; a number is never used again, even after a deletion. */
  readonly identity: string
  /** Rows stored in the order of their primary key, if the database can do that. */
  readonly clustered: string
  /** The type of bytes. */
  readonly bytes: string
  /** A table that a crash may empty, if the database has such tables. */
  readonly unlogged: string
  /** What only PostgreSQL has. */
  readonly onPostgres: (sql: string) => string
}

export const sqliteDialect: Dialect = {
  identity: 'integer primary key autoincrement',
  clustered: 'without rowid',
  bytes: 'blob',
  unlogged: '',
  onPostgres: () => '',
}
export const postgresDialect: Dialect = {
  identity: 'bigint generated always as identity primary key',
  clustered: '',
  bytes: 'bytea',
  unlogged: 'unlogged',
  onPostgres: sql => sql,
}
