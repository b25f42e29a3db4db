import { migratePostgres } from '../../server/src/database/migrate.ts'
import { PostgresDatabase } from '../../server/src/database/postgres.ts'
import { fill, type Shape } from './fill.ts'
import { onPostgres } from './postgres-client.ts'

/** Makes the schema in an empty database of PostgreSQL, and fills it. */
export async function fillPostgres(url: string, shape: Shape): Promise<void> {
  const store = await PostgresDatabase.open(url, {
    prepare: client => migratePostgres(client, 'the database'),
    follow: () => {},
    onError: () => {},
    connections: 2,
    storesEvents: false,
  })
  await store.close()
  await onPostgres(url, client =>
    fill({ kind: 'postgres', run: async ({ text }, ...values) => (await client.query(text, values)).rowCount ?? 0 }, shape),
  )
}
