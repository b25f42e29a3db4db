import type { Queries } from '../database/database.ts'
import { currentOf } from '../keys/master-keys.ts'
import { masterKeySource } from '../secrets/master-key.ts'
import type { Config } from '../settings/config.ts'
import { masterKeys } from '../store/master-keys.ts'
import { messageOf } from '../tools/error-text.ts'
import { fault, good, type Finding } from './finding.ts'

/** Whether these settings have the master key of the database, without which no server starts on it. Nothing if none has been needed yet. */
export async function keyFindings(config: Config, db: Queries): Promise<Finding[]> {
  try {
    const current = currentOf(await masterKeys(db), await masterKeySource(config).read())
    return current ? [good('The master key of the database is here')] : []
  } catch (error) {
    return [fault('The master key cannot be used, and a server does not start without it', messageOf(error))]
  }
}
