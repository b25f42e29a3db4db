import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrateSqlite } from '../../server/src/store/migrate.ts'
import { SqliteDatabase } from '../../server/src/store/sqlite.ts'
import { fill, type Shape } from './fill.ts'
import { start, type Started } from './process.ts'
import { rootKey } from './signed.ts'

const main = new URL('../../server/src/main.ts', import.meta.url).pathname

/** A data folder with a store of that shape. */
export async function filledFolder(shape: Shape): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  const file = join(folder, 'carillon.db')
  const store = await SqliteDatabase.open(file, { prepare: database => migrateSqlite(database, file), tell: () => {} })
  await fill(store, shape)
  await store.close()
  return folder
}

export const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true })

/** The server as a user starts it, with the address of its plain listener, or of the one over TLS. */
export function serve(folder: string, { tls = false, flags = [] }: { tls?: boolean; flags?: readonly string[] } = {}): Promise<Started> {
  const environment = {
    CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId,
    CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
    CARILLON_LOG_LEVEL: 'warn',
    ...(tls ? { CARILLON_TLS_PORT: '0' } : { CARILLON_TLS: 'off' }),
  }
  // As `npm start` does.
  const args = ['--max-semi-space-size=4', main, 'serve', '--port', '0', '--data', folder, ...flags]
  return start(args, environment, tls ? /ready on http:\S+ and (https:\S+)/ : /ready on (http:\S+)/)
}
