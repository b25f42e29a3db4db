import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { migratePostgres, migrateSqlite } from '../server/src/store/migrate.ts'
import { PostgresDatabase } from '../server/src/store/postgres.ts'
import { SqliteDatabase } from '../server/src/store/sqlite.ts'
import { fill, userArn, type Shape } from './support/fill.ts'
import { load, type Load } from './support/load.ts'
import { cpuSeconds, machine, residentMebibytes, start, type Started } from './support/process.ts'
import { median } from './support/rounds.ts'
import { rootKey, signedGet } from './support/signed.ts'

const main = new URL('../server/src/main.ts', import.meta.url).pathname
const hello = new URL('./support/hello.ts', import.meta.url).pathname
const path = '/channels'
const scope = { scope: 'app-instance-user-memberships' }

interface Figures extends Load {
  readonly microseconds: number
}

async function measured(server: Started, next: () => Buffer, seconds: number): Promise<Figures> {
  const before = cpuSeconds(server.pid)
  const result = await load(server.url, next, { seconds, connections: 32 })
  return { ...result, microseconds: ((cpuSeconds(server.pid) - before) * 1e6) / result.requests }
}

async function openStore(databaseUrl: string | undefined, folder: string) {
  if (databaseUrl === undefined) {
    const file = join(folder, 'carillon.db')
    return SqliteDatabase.open(file, { prepare: database => migrateSqlite(database, file), tell: () => {} })
  }
  return PostgresDatabase.open(databaseUrl, {
    prepare: client => migratePostgres(client, 'the database'),
    tell: () => {},
    onError: () => {},
    connections: 2,
  })
}

async function serve(databaseUrl: string | undefined, folder: string) {
  const flags = databaseUrl === undefined ? ['--data', folder] : ['--database-url', databaseUrl]
  const environment = { CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId, CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey }
  return start([main, 'serve', '--port', '0', '--no-tls', ...flags], environment, /ready on (http:\S+)/)
}

async function tokenOfLastPage(url: string): Promise<string> {
  const get = async (query: Record<string, string>) => {
    const request = (await signedGet(url, path, query, userArn(1))).toString()
    const headers = request
      .split('\r\n')
      .slice(1)
      .filter(Boolean)
      .map(line => line.split(/: (.*)/s).slice(0, 2) as [string, string])
    const target = `${url}${path}?${new URLSearchParams(query).toString().replaceAll('+', '%20')}`
    const answer = await fetch(target, { headers: headers.filter(([name]) => name !== 'host') })
    if (answer.status !== 200) throw new Error(await answer.text())
    return (await answer.json()) as { NextToken?: string }
  }
  let last = ''
  for (let page = await get(scope); page.NextToken; page = await get({ ...scope, 'next-token': page.NextToken })) last = page.NextToken
  return last
}

/** One store, one server: the pages of many users, the first and the deepest page of the user of very many channels. */
async function run(shape: Shape, databaseUrl: string | undefined, yardstick: Started, seconds: number, rounds: number) {
  const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  const store = await openStore(databaseUrl, folder)
  const filling = performance.now()
  const memberships = await fill(store, shape)
  await store.close()
  const fillSeconds = Math.round((performance.now() - filling) / 1000)
  const bytes = databaseUrl === undefined ? (await stat(join(folder, 'carillon.db'))).size : undefined
  const server = await serve(databaseUrl, folder)
  try {
    const many = await Promise.all(
      Array.from({ length: Math.min(shape.users, 4000) }, (_, index) =>
        signedGet(server.url, path, scope, userArn(2 + ((index * 4999) % shape.users))),
      ),
    )
    let turn = 0
    const nextOfMany = () => many[turn++ % many.length]!
    const first = await signedGet(server.url, path, scope, userArn(1))
    const deepest = await signedGet(server.url, path, { 'next-token': await tokenOfLastPage(server.url), ...scope }, userArn(1))
    const greeting = Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    const kinds = {
      hello: () => measured(yardstick, () => greeting, seconds),
      'many users': () => measured(server, nextOfMany, seconds),
      'first page of the large user': () => measured(server, () => first, seconds),
      'last page of the large user': () => measured(server, () => deepest, seconds),
    }
    for (const measure of Object.values(kinds)) await measure()
    const figures = new Map<string, Figures[]>()
    for (let round = 0; round < rounds; round++) {
      for (const [kind, measure] of Object.entries(kinds)) figures.set(kind, [...(figures.get(kind) ?? []), await measure()])
    }
    const result = [...figures].map(([kind, all]) => ({
      kind,
      'CPU µs': Math.round(median(all.map(one => one.microseconds)) * 10) / 10,
      spread: `${Math.round(Math.min(...all.map(one => one.microseconds)))}–${Math.round(Math.max(...all.map(one => one.microseconds)))}`,
      '× hello':
        Math.round((median(all.map(one => one.microseconds)) / median(figures.get('hello')!.map(one => one.microseconds))) * 10) / 10,
      'requests/s': Math.round(median(all.map(one => one.requests / one.seconds))),
      'p50 ms': Math.round(median(all.map(one => one.p50)) * 100) / 100,
      'p99 ms': Math.round(median(all.map(one => one.p99)) * 100) / 100,
      'body bytes': all[0]!.bodyBytes,
    }))
    return { memberships, fillSeconds, bytesOnDisk: bytes, residentMebibytes: residentMebibytes(server.pid), result }
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The main job: server CPU a page against a bare node:http server in the same run, in a large store and in a small one. */
export async function list(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      users: { type: 'string', default: '20000' },
      memberships: { type: 'string', default: '50' },
      channels: { type: 'string', default: '50000' },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '5' },
      'database-url': { type: 'string' },
      'small-database-url': { type: 'string' },
    },
  })
  const large: Shape = { users: Number(values.users), each: Number(values.memberships), channels: Number(values.channels), large: 20_000 }
  const small: Shape = { users: 20, each: 50, channels: 1000, large: 1000 }
  const yardstick = await start([hello], {}, /ready on (http:\S+)/)
  process.stdout.write(`${JSON.stringify(machine())}\n`)
  try {
    for (const [shape, url] of [
      [large, values['database-url']],
      [small, values['small-database-url'] ?? values['database-url']],
    ] as const) {
      if (shape === small && values['database-url'] && !values['small-database-url']) continue
      const { result, ...about } = await run(shape, url, yardstick, Number(values.seconds), Number(values.rounds))
      process.stdout.write(`${JSON.stringify(about)}\n`)
      console.table(result)
    }
  } finally {
    await yardstick.stop()
  }
}
