import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RootKey } from '../settings/config.ts'
import { checkedSeed, SeedFault, type Seed } from './seed.ts'

/** The argument of the function of a seed module, with which it can create stock clients. */
interface Served {
  readonly endpoint: string
  readonly region: string
  readonly credentials: RootKey
}

/** Checks one seed or a list of them. Throws a SeedFault. */
export function checkedSeeds(given: unknown): Seed[] {
  if (!Array.isArray(given)) return [checkedSeed(given)]
  return given.map((each, index) => {
    try {
      return checkedSeed(each)
    } catch (error) {
      throw error instanceof SeedFault ? new SeedFault(`[${index}]: ${error.message}`, { cause: error }) : error
    }
  })
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

async function contentOf(file: string, served: Served): Promise<unknown> {
  if (!/\.[cm]?[jt]s$/.test(file)) return JSON.parse(await readFile(file, 'utf8'))
  const { default: exported } = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown }
  return typeof exported === 'function' ? ((await exported(served)) ?? []) : exported
}

/**
 * Creates the seeds of a file. The file is JSON, or a module whose default export is a seed, a list of seeds, or a function; the function
 * returns one of these, or creates what it wants by itself. Rejects with an Error that names the file and the path in it.
 */
export async function sowFile(file: string, served: Served, sow: (seed: Seed) => Promise<unknown>) {
  let content: unknown
  try {
    content = await contentOf(file, served)
  } catch (error) {
    throw new Error(`--seed ${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  try {
    for (const seed of checkedSeeds(content)) await sow(seed)
  } catch (error) {
    throw error instanceof SeedFault ? new Error(`--seed ${file}: ${error.message}`, { cause: error }) : error
  }
}
