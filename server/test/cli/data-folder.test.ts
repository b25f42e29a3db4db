import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { claimDataFolder, isClaimed } from '../../src/database/data-folder.ts'
import { makeDatabase } from '../support/made-database.ts'
import { keyVariables, main, type Program, run, serve, serveFails, temporaryFolder } from '../support/process.ts'
import { clientsOf, createPostgresDatabase } from '../support/world.ts'

const refused = (sentence: string) => ({
  code: 1,
  stdout: '',
  stderr: expect.stringMatching(new RegExp(`^carillon: ${sentence}[^\n]*\n$`)),
})
const inUse = (folder: string) => `The data folder ${folder} is in use by another server\\. Stop that one, or give this one a folder`

/** Resolves to whether a server that starts prints that it is ready, or to how it ends. */
async function outcome(server: Program): Promise<string> {
  return server.url().then(
    () => 'ready',
    () => server.stderr,
  )
}

test('of four servers that start at once on one new data folder one runs, and the others are refused', async () => {
  const data = join(await temporaryFolder(), 'data')
  const servers = Array.from({ length: 4 }, () => serve(['--port', '0', '--data', data]))
  const outcomes = await Promise.all(servers.map(outcome))
  expect(outcomes.toSorted((a, b) => a.length - b.length)).toEqual([
    'ready',
    ...Array.from({ length: 3 }, () => expect.stringMatching(new RegExp(`^carillon: ${inUse(data)}[^\n]*\n$`))),
  ])
  const winner = servers[outcomes.indexOf('ready')]!
  const text = await readFile(join(data, 'credentials'), 'utf8')
  const [, accessKeyId = '', secretAccessKey = ''] = /key_id = (\S+)\naws_secret_access_key = (\S+)\n/.exec(text) ?? []
  const { identity } = clientsOf({ url: await winner.url(), rootKey: { accessKeyId, secretAccessKey } })
  await identity.createAppInstance({ Name: 'of the one' })
  identity.destroy()
})

test('whether a server has a data folder is seen without a claim', async () => {
  const given = { databaseUrl: undefined, data: await temporaryFolder() }
  expect(isClaimed(given)).toBe(false)
  const release = await claimDataFolder(given)
  expect(isClaimed(given)).toBe(true)
  release()
  expect(isClaimed(given)).toBe(false)
  const again = await claimDataFolder(given)
  again()
})

test('a folder in use is refused under each of its names, and nothing in it changes', async () => {
  const folder = await temporaryFolder()
  const data = join(folder, 'data')
  const first = serve(['--port', '0', '--data', data], { env: keyVariables })
  const url = await first.url()
  await symlink(data, join(folder, 'alias'))
  const before = await readdir(data)
  // With TLS the second server would create a certificate, and a root key of its own without one in the environment.
  const results = await Promise.all([
    serveFails(['--port', '0', '--tls-port', '0', '--data', data], { env: { CARILLON_TLS: 'on' } }),
    serveFails(['--port', '0', '--data', join(folder, 'alias')]),
    serveFails(['--port', new URL(url).port], { cwd: folder }),
  ])
  expect(results).toEqual([refused(inUse(data)), refused(inUse(join(folder, 'alias'))), refused(inUse(data))])
  expect(await readdir(data)).toEqual(before)
  expect((await fetch(`${url}/health`)).status).toBe(200)
})

test.each(['SIGKILL', 'SIGTERM'] as const)('after %s the next server gets the folder at once', async signal => {
  const data = await temporaryFolder()
  const start = () => serve(['--port', '0', '--data', data], { env: keyVariables })
  const first = start()
  await first.url()
  first.kill(signal)
  expect(await first.exit()).toBe(signal === 'SIGKILL' ? signal : 0)
  await start().url()
})

test('servers in memory do not conflict', async () => {
  const servers = [1, 2].map(() => serve(['--port', '0', '--data', ':memory:'], { env: keyVariables }))
  expect(await Promise.all(servers.map(outcome))).toEqual(['ready', 'ready'])
})

const user = 'arn:aws:chime:us-east-1:000000000000:app-instance/x/user/alice'
const commands = [
  ['keys', 'create', '--user', user],
  ['keys', 'rotate-master-key', '--lost'],
  ['roles', 'create', 'x', '--user', user],
  ['roles', 'list'],
  ['jobs', 'run', 'purge'],
  ['backup', 'copy'],
]

test("a command in another folder than the server's says where it has looked, and creates nothing", async () => {
  const folder = await temporaryFolder()
  const elsewhere = join(folder, 'elsewhere')
  const results = await Promise.all(commands.map(args => run(process.execPath, [main, ...args], { cwd: folder })))
  const sentence = `There is no database ${folder}/data/carillon\\.db\\. Run the command in the folder where the server was started, or name`
  expect(results).toEqual(commands.map(() => refused(sentence)))
  expect(await run(process.execPath, [main, 'keys', 'list'], { cwd: folder, env: { CARILLON_DATA: elsewhere } })).toEqual(
    refused(`There is no database ${elsewhere}/carillon\\.db\\.`),
  )
  expect(await readdir(folder)).toEqual([])
})

const keys = (...flags: string[]) => run(process.execPath, [main, 'keys', 'list', ...flags])

test('a command changes neither a foreign database nor that of an older Carillon, which can be backed up', async () => {
  const data = await temporaryFolder()
  const databaseUrl = await createPostgresDatabase()
  const nothing = 'is not a database of Carillon\\. The first start of a server creates one'
  await writeFile(join(data, 'carillon.db'), '')
  expect(await keys('--data', data)).toEqual(refused(`${data}/carillon\\.db ${nothing}`))
  expect(await keys('--database-url', databaseUrl)).toEqual(refused(`The PostgreSQL database ${nothing}`))

  await makeDatabase({ data })
  await makeDatabase({ databaseUrl })
  const client = new Client(databaseUrl)
  await client.connect()
  const file = new DatabaseSync(join(data, 'carillon.db'))
  const old = 'delete from schema_versions where version > 1'
  const versions = 'select version from schema_versions'
  file.exec(old)
  await client.query(old)
  const older = 'was written by an older Carillon \\(schema version 1; this one has version \\d+\\)\\. Start the server'
  expect(await keys('--data', data)).toEqual(refused(`${data}/carillon\\.db ${older}`))
  expect(await keys('--database-url', databaseUrl)).toEqual(refused(`The PostgreSQL database ${older}`))
  expect(file.prepare(versions).all()).toHaveLength(1)
  expect((await client.query(versions)).rows).toHaveLength(1)

  const backup = join(data, 'backup.db')
  const { code, stderr } = await run(process.execPath, [main, 'backup', backup, '--data', data])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const copy = new DatabaseSync(backup)
  expect(copy.prepare(versions).all()).toEqual(file.prepare(versions).all())
  copy.close()
  file.close()
  await client.end()
})
