import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const source = join(import.meta.dirname, '../src')

/** Who may import whom (ARCHITECTURE.md). The root files are open to all; app.ts and cli see everything. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  bus: [],
  store: [],
  present: ['store'],
  events: ['bus', 'present', 'store'],
  auth: ['contract', 'store'],
  keys: ['auth', 'contract', 'store'],
  sts: ['auth', 'domain', 'http', 'keys', 'store'],
  domain: ['bus', 'contract', 'events', 'present', 'store'],
  api: ['contract', 'domain', 'present', 'store'],
  http: ['api', 'auth', 'contract'],
  integrations: ['domain', 'events', 'store'],
  jobs: ['domain', 'events', 'store'],
  gateway: ['auth', 'bus', 'domain', 'present', 'store'],
}

/** Of a root file only what carries no code of a room may be imported: the types of call.ts, of page-token.ts and so on. */
const wiring = new Set(['app.ts', 'main.ts'])

interface Import {
  readonly file: string
  readonly target: string
}

const files = globSync('**/*.ts', { cwd: source })

const imports: Import[] = files.flatMap(file =>
  [...readFileSync(join(source, file), 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, path]) => ({
    file,
    target: normalize(join(dirname(file), path!)),
  })),
)

const roomOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : undefined)

test('a room imports only from itself, from the root files and from the rooms that it may know', () => {
  const strays = imports.filter(({ file, target }) => {
    const from = roomOf(file)
    const to = roomOf(target)
    if (from === undefined || from === 'cli' || to === undefined || to === from) return false
    return !allowed[from]?.includes(to)
  })
  expect(imports.length).toBeGreaterThan(100)
  expect(strays).toEqual([])
})

test('nothing but the command line imports the wiring', () => {
  const strays = imports.filter(({ file, target }) => wiring.has(target) && roomOf(file) !== 'cli' && file !== 'main.ts')
  expect(strays).toEqual([])
})

test('every folder of the sources is a room with a rule', () => {
  const rooms = new Set(files.map(roomOf).filter(room => room !== undefined))
  expect([...rooms].toSorted()).toEqual([...Object.keys(allowed), 'cli'].toSorted())
})
