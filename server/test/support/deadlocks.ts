import { Client } from 'pg'
import { inject } from 'vitest'

/** New connections to the database get the error of a deadlock before the server stops waiting for the lock. */
export async function findDeadlocksAtOnce(databaseUrl: string) {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`alter database ${new URL(databaseUrl).pathname.slice(1)} set deadlock_timeout = '20ms'`)
  await client.end()
}

/**
 * The number of deadlocks that PostgreSQL has found in a database. All connections to it must be closed: only then are their counts
 * complete.
 */
export async function deadlocksOf(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  const name = new URL(databaseUrl).pathname.slice(1)
  try {
    for (;;) {
      const { rows } = await client.query<{ numbackends: number; deadlocks: string }>(
        'select numbackends, deadlocks from pg_stat_database where datname = $1',
        [name],
      )
      if (rows[0]!.numbackends === 0) return Number(rows[0]!.deadlocks)
    }
  } finally {
    await client.end()
  }
}
