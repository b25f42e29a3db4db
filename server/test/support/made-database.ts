import { readConfig } from '../../src/settings/config.ts'
import { createLog } from '../../src/observe/log.ts'
import { openDatabase } from '../../src/database/open.ts'

/** Creates the database of these settings, as the first start of a server does. */
export async function makeDatabase(settings: { readonly data: string } | { readonly databaseUrl: string }) {
  const db = await openDatabase(readConfig(settings, {}), { log: createLog('fatal'), follow: () => {} })
  await db.close()
}
