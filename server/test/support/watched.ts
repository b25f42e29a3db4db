import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './process.ts'
import { startWorld, type World } from './world.ts'

type Entry = Readonly<Record<string, unknown>>

export interface Watched {
  readonly world: World
  readonly lastEntry: () => Promise<Entry>
}

/** A server whose audit log shows how it has understood a request. */
export async function watched(settings: Record<string, string>): Promise<Watched> {
  const auditLog = join(await temporaryFolder(), 'audit.log')
  const world = await startWorld('sqlite', { auditLog, ...settings })
  onTestFinished(() => world.close())
  const entries = async (): Promise<Entry[]> => {
    await setTimeout(50)
    return (await readFile(auditLog, 'utf8'))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
  }
  return { world, lastEntry: async () => (await entries()).at(-1)! }
}
