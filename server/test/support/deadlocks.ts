import { Client } from 'pg'
import { inject } from 'vitest'

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
