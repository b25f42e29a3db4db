import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const source = join(import.meta.dirname, '../src')

/** Who imports whom, types included (ARCHITECTURE.md). Every arrow of this list is used, and no circle leads through it. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  tools: [],
  contract: [],
  client: ['contract'],
  models: ['contract'],
  observe: ['tools'],
  settings: ['contract', 'observe', 'tools'],
  bus: ['observe', 'settings', 'tools'],
  database: ['observe', 'settings', 'tools'],
  search: ['database', 'observe', 'store', 'tools'],
  secrets: ['database', 'observe', 'settings', 'tools'],
  store: ['database', 'tools'],
  present: ['store'],
  events: ['auth', 'bus', 'database', 'present', 'store'],
  auth: ['contract', 'database', 'store', 'tools'],
  keys: ['auth', 'contract', 'database', 'observe', 'secrets', 'settings', 'store', 'tools'],
  domain: ['bus', 'contract', 'database', 'events', 'search', 'settings', 'store', 'tools'],
  api: ['auth', 'bus', 'contract', 'database', 'domain', 'keys', 'observe', 'present', 'search', 'settings', 'store', 'tools'],
  rates: ['api', 'contract', 'database', 'observe', 'settings', 'store', 'tools'],
  http: ['api', 'auth', 'contract', 'observe', 'rates', 'settings', 'store', 'tools'],
  sts: ['auth', 'database', 'domain', 'http', 'keys', 'rates', 'settings', 'store', 'tools'],
  console: ['auth', 'database', 'http', 'secrets', 'settings', 'store', 'sts', 'tools'],
  outbox: ['bus', 'database', 'domain', 'events', 'observe', 'settings', 'store', 'tools'],
  jobs: ['database', 'domain', 'events', 'observe', 'store', 'tools'],
  moving: ['contract', 'database', 'domain', 'settings', 'store', 'tools'],
  nodes: ['bus', 'database', 'events', 'observe', 'settings', 'store', 'tools'],
  testing: ['api', 'auth', 'contract', 'domain', 'http', 'settings', 'store', 'tools'],
  gateway: ['auth', 'bus', 'database', 'http', 'nodes', 'observe', 'present', 'rates', 'settings', 'store', 'tools'],
}

/** The files outside the rooms: two that every room may import, and the wiring, which only the command line and the test kit import. */
const open = ['arn.ts', 'errors.ts']
const wiring = ['app.ts', 'main.ts']
/** The rooms that start a server. They import whatever they need, and no room imports them. */
const starting = ['cli', 'kit']

interface Import {
  readonly file: string
  readonly target: string
}

const files = globSync('**/*.ts', { cwd: source })

const imports: Import[] = files.flatMap(file =>
  [...readFileSync(join(source, file), 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+\.ts)'/g)].map(([, path]) => ({
    file,
    target: normalize(join(dirname(file), path!)),
  })),
)

const roomOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : undefined)

/** The arrows between the rooms that `of` forms, and a circle of them if there is one. */
function circle(of: (file: string) => string | undefined): readonly string[] | undefined {
  const arrows = new Map<string, Set<string>>()
  for (const { file, target } of imports) {
    const [from, to] = [of(file), of(target)]
    if (from !== undefined && to !== undefined && from !== to) arrows.set(from, (arrows.get(from) ?? new Set()).add(to))
  }
  const done = new Set<string>()
  const walk = (at: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(at)) return [...path.slice(path.indexOf(at)), at]
    if (done.has(at)) return undefined
    for (const next of arrows.get(at) ?? []) {
      const found = walk(next, [...path, at])
      if (found) return found
    }
    done.add(at)
    return undefined
  }
  return [...arrows.keys()].map(start => walk(start, [])).find(found => found !== undefined)
}

test('a room imports only from itself, from the two open files and from its allowed rooms', () => {
  expect(imports.length).toBeGreaterThan(500)
  const strays = imports.filter(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(target)]
    if (from === undefined || starting.includes(from) || from === to) return false
    return to === undefined ? !open.includes(target) : !allowed[from]?.includes(to)
  })
  expect(strays).toEqual([])
})

test('every allowed arrow between rooms is used', () => {
  const used = new Set(imports.map(({ file, target }) => `${roomOf(file)} → ${roomOf(target)}`))
  const arrows = Object.entries(allowed).flatMap(([from, known]) => known.map(to => `${from} → ${to}`))
  expect(arrows.filter(arrow => !used.has(arrow))).toEqual([])
})

test('no file and no room imports itself through others, not even for a type', () => {
  expect(circle(file => file)).toBeUndefined()
  expect(circle(roomOf)).toBeUndefined()
})

test('every file is in a room, except the wiring and the files that every room may import', () => {
  expect(files.filter(file => roomOf(file) === undefined).toSorted()).toEqual([...open, ...wiring].toSorted())
  const rooms = new Set(files.map(roomOf).filter(room => room !== undefined))
  expect([...rooms].toSorted()).toEqual([...Object.keys(allowed), ...starting].toSorted())
})

test('only the command line and the test kit import the wiring', () => {
  const strays = imports.filter(
    ({ file, target }) => wiring.includes(target) && !starting.includes(roomOf(file) ?? '') && file !== 'main.ts',
  )
  expect(strays).toEqual([])
})

test('carillon/client imports no package but those that sign', () => {
  const reached = new Set(['client/carillon.ts'])
  for (const file of reached) for (const each of imports) if (each.file === file) reached.add(each.target)
  const packages = [...reached].flatMap(file =>
    [...readFileSync(join(source, file), 'utf8').matchAll(/^(?:import|export) .*'([^.'][^']*)'$/gm)].map(([, name]) => name),
  )
  expect(new Set(packages)).toEqual(new Set(['@aws-crypto/sha256-js', '@smithy/signature-v4']))
})

test('no file imports node:http or node:http2 but for their types: an import loads undici, or HTTP/2, at every start (tools/node-http.ts)', () => {
  const importing = files.filter(file => /^import (?!type )[^']*'node:http2?'/m.test(readFileSync(join(source, file), 'utf8')))
  expect(importing).toEqual([])
})
