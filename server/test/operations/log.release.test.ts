import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { expect, inject, test } from 'vitest'
import { operations, type OperationName } from '../../src/contract/index.ts'
import type { Shape } from '../../src/contract/shapes.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { presignedUrl } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, makersOf, masterKey } from '../support/world.ts'
import { cases } from './cases.ts'
import { call, makeFixture, type AnyInput } from './fixture.ts'

const names = Object.keys(operations) as OperationName[]
const marker = 'mark3r'
/** Sensitive in the models and yet parts of ARNs, which are not; and tokens of the server's own. */
const inArns = new Set(['ChannelId', 'AppInstanceUserId', 'AppInstanceUserArn', 'NextToken'])

/** The input with a mark in each sensitive text, by which the test finds it. */
function marked(value: unknown, shape: Shape | undefined, mark: (text: string) => string, name = ''): unknown {
  if (typeof value === 'string') {
    if (shape?.sensitive !== true || shape.enum || inArns.has(name)) return value
    return name === 'FilterRule' ? `{"${mark(value)}": ["x"]}` : mark(value)
  }
  if (Array.isArray(value)) return value.map(each => marked(each, shape?.items, mark, name))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      shape?.propertyNames?.sensitive ? mark(key) : key,
      marked(each, shape?.properties?.[key] ?? shape?.additionalProperties, mark, key),
    ]),
  )
}

/** The error of each operation on the database that has lost its tables. */
async function dropTables(place: string) {
  if (place.startsWith('postgres')) {
    const client = new Client({ connectionString: place })
    await client.connect()
    await client.query('drop schema public cascade')
    await client.end()
    return
  }
  const database = new DatabaseSync(place)
  for (const { name } of database.prepare(`select name from sqlite_master where type = 'table' and name not like 'sqlite%'`).all())
    database.exec(`drop table ${String(name)}`)
  database.close()
}

test.each(databaseKinds)('no log has user content or a secret, at any level and for any fault: on %s', async kind => {
  const folder = await temporaryFolder()
  const audit = join(folder, 'audit.log')
  const databaseUrl = kind === 'postgres' ? await createPostgresDatabase() : undefined
  const limits = ['--limit-app-instances', '100000', '--limit-elastic-channels-per-app-instance', '100']
  const flags = ['--log-level', 'trace', '--audit-log', audit, ...limits]
  const server = serve(
    [
      '--port',
      '0',
      '--data',
      folder,
      '--kinesis-endpoint',
      inject('kinesisUrl'),
      ...flags,
      ...(databaseUrl === undefined ? [] : ['--database-url', databaseUrl]),
    ],
    {
      env: { ...keyVariables, CARILLON_MASTER_KEY: masterKey },
    },
  )
  const app = { url: await server.url(), rootKey: { ...rootKey } }
  const { identity, ...others } = clientsOf(app)
  const clients = { identity, ...others, ...makersOf(identity) }
  const later: [OperationName, AnyInput][] = []
  let succeeded = 0
  for (const name of names) {
    const fixture = await makeFixture(clients)
    for (const input of await cases[name].inputs(fixture)) {
      const write = (mark: (text: string) => string) => marked(input, operations[name].input, mark) as AnyInput
      // Texts that must be unique, tags and tokens, stay unique.
      const valid = write(text => `${marker}${text}`.slice(0, 40).replaceAll(/[^\w-]/g, '-'))
      // A token that has been used with another input is a conflict.
      for (const each of [write(() => marker.repeat(2000)), valid, valid]) {
        await call(fixture, name, each).then(
          () => succeeded++,
          () => {},
        )
      }
      later.push([name, valid])
    }
    await fetch((await presignedUrl(app, `${fixture.arn}/user/none`)).replace('ws:', 'http:'))
  }
  expect(succeeded).toBeGreaterThan(names.length)
  await dropTables(databaseUrl ?? join(folder, 'carillon.db'))
  for (const [name, input] of later) await call(clients, name, input).catch(() => {})
  server.kill('SIGTERM')
  await server.exit()

  const log = `${server.stdout}${server.stderr}${await readFile(audit, 'utf8')}`
  expect(server.stderr.match(/"type":"ServiceFailureException"/g)?.length ?? 0).toBeGreaterThan(names.length / 2)
  expect(server.stderr.match(/"type":"BadRequestException"/g)?.length ?? 0).toBeGreaterThan(15)
  const found = log.split('\n').filter(line => line.includes(marker) || line.includes(rootKey.secretAccessKey))
  expect(found.slice(0, 5)).toEqual([])
})
