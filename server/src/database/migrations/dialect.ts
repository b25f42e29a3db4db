/** Where the two databases spell a table differently. */
export interface Dialect {
  /** A primary key that the database numbers, rising; a number is never given twice, whatever has been deleted. */
  readonly identity: string
  /** Rows kept in the order of their primary key, where the database can. */
  readonly clustered: string
  /** A table that a crash may empty, where the database has such. */
  readonly unlogged: string
}

export const sqliteDialect: Dialect = { identity: 'integer primary key autoincrement', clustered: 'without rowid', unlogged: '' }
export const postgresDialect: Dialect = { identity: 'bigint generated always as identity primary key', clustered: '', unlogged: 'unlogged' }
