import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './process.ts'
import { until } from './processor.ts'
import { startWorld, type World } from './world.ts'

type Entry = Readonly<Record<string, unknown>>

export interface Watched {
  readonly world: World
  /** The entry of the first call of that operation whose entry was not returned yet. */
  readonly nextEntry: (operation?: string) => Promise<Entry>
}

/** A server whose audit log shows how it has understood a request. */
export async function watched(settings: Record<string, string>): Promise<Watched> {
  const auditLog = join(await temporaryFolder(), 'audit.log')
  const world = await startWorld('sqlite', { auditLog, ...settings })
  onTestFinished(() => world.close())
  const entries = async (): Promise<Entry[]> => {
    const lines = (await readFile(auditLog, 'utf8')).split('\n').slice(0, -1)
    return lines.map(line => JSON.parse(line))
  }
  const returned = new Map<string, number>()
  const nextEntry = async (operation = 'ListAppInstances') => {
    const number = returned.get(operation) ?? 0
    returned.set(operation, number + 1)
    return until(async () => (await entries()).filter(entry => entry['operation'] === operation)[number])
  }
  return { world, nextEntry }
}
