import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { openDatabase } from '../../src/store/open.ts'

/** Makes the database of these settings, as the first start of a server does. */
export async function makeDatabase(settings: { readonly data: string } | { readonly databaseUrl: string }) {
  const db = await openDatabase(readConfig(settings, {}), { log: createLog('fatal'), follow: () => {} })
  await db.close()
}
