import { chmod, copyFile, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { keyVariables, main, rootKey, run, serve, temporaryFolder } from '../support/process.ts'
import { repeatedly } from '../support/repeatedly.ts'
import { clientsOf } from '../support/world.ts'

const backup = async (file: string, data: string, env: Record<string, string> = {}) =>
  run(process.execPath, [main, 'backup', file, '--data', data], { env })

async function contentsOf(
  messaging: ReturnType<typeof clientsOf>['messaging'],
  ids: { ChannelArn: string | undefined; ChimeBearer: string | undefined },
) {
  const contents: string[] = []
  for (let NextToken: string | undefined, isLast = false; !isLast; isLast = NextToken === undefined) {
    const page = await messaging.listChannelMessages({ ...ids, MaxResults: 50, ...(NextToken && { NextToken }) })
    contents.push(...(page.ChannelMessages ?? []).map(({ Content = '' }) => Content))
    NextToken = page.NextToken
  }
  return contents
}

const pageSizeOf = (file: string) => {
  const database = new DatabaseSync(file)
  try {
    return (database.prepare('pragma page_size').get() as { page_size: number }).page_size
  } finally {
    database.close()
  }
}

test('a backup beside a busy server has everything that was acknowledged before, and is restored by a copy', async () => {
  const data = await temporaryFolder()
  const file = join(await temporaryFolder(), 'carillon.backup')
  const server = serve(['--port', '0', '--data', data], { env: keyVariables })
  const { identity, messaging } = clientsOf({ url: await server.url(), rootKey: { ...rootKey } })
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'x' })
  const { AppInstanceUserArn: ChimeBearer } = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'a', Name: 'a' })
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'x', ChimeBearer })

  const acknowledged: string[] = []
  let index = 0
  const writers = repeatedly(async () => {
    const Content = `${index++}-`.padEnd(2000, 'x')
    await messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
    acknowledged.push(Content)
  }, 3)
  await expect.poll(() => acknowledged.length).toBeGreaterThan(100)
  const before = [...acknowledged]
  expect(await backup(file, data)).toEqual({ code: 0, stdout: `The database is backed up to ${file}\n`, stderr: '' })
  const during = acknowledged.length - before.length
  await writers.stop()
  expect(during).toBeGreaterThan(0)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  server.kill('SIGTERM')
  expect(await server.exit()).toBe(0)

  const restored = join(await temporaryFolder(), 'data')
  await mkdir(restored)
  await copyFile(file, join(restored, 'carillon.db'))
  const second = serve(['--port', '0', '--data', restored], { env: keyVariables })
  const clients = clientsOf({ url: await second.url(), rootKey: { ...rootKey } })
  const kept = new Set(await contentsOf(clients.messaging, { ChannelArn, ChimeBearer }))
  expect(before.filter(content => !kept.has(content))).toEqual([])
  await clients.messaging.sendChannelMessage({ ChannelArn, Content: 'on', Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
  for (const client of [identity, messaging, clients.identity, clients.messaging]) client.destroy()
})

test('a backup of a database with smaller pages has the pages of a new database, and everything else as it was', async () => {
  const data = await temporaryFolder()
  const server = serve(['--port', '0', '--data', data], { env: keyVariables })
  const { identity } = clientsOf({ url: await server.url(), rootKey: { ...rootKey } })
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'x' })
  server.kill('SIGTERM')
  await server.exit()
  const source = join(data, 'carillon.db')
  const current = pageSizeOf(source)
  const database = new DatabaseSync(source)
  database.exec('pragma journal_mode = delete; pragma page_size = 4096; vacuum; pragma journal_mode = wal')
  database.close()
  expect(pageSizeOf(source)).toBe(4096)

  const restored = await temporaryFolder()
  expect((await backup(join(restored, 'carillon.db'), data)).code).toBe(0)
  expect(pageSizeOf(join(restored, 'carillon.db'))).toBe(current)
  const again = serve(['--port', '0', '--data', restored], { env: keyVariables })
  const { AppInstances } = await clientsOf({ url: await again.url(), rootKey: { ...rootKey } }).identity.listAppInstances({})
  expect(AppInstances!.map(each => each.AppInstanceArn)).toEqual([AppInstanceArn])
})

test('an existing file is not overwritten, and a failed backup leaves nothing behind', async () => {
  const data = await temporaryFolder()
  const folder = await temporaryFolder()
  const server = serve(['--port', '0', '--data', data], { env: keyVariables })
  await server.url()
  server.kill('SIGTERM')
  await server.exit()
  const file = join(folder, 'kept')
  await writeFile(file, 'kept')
  await chmod(folder, 0o700)
  expect(await backup(file, data)).toMatchObject({
    code: 1,
    stderr: `carillon: ${file} cannot be written: it exists already, and is never overwritten.\n`,
  })
  expect(await backup(join(folder, 'no/such'), data)).toMatchObject({ code: 1, stderr: expect.stringMatching(/cannot be written: ENOENT/) })
  expect(await readdir(folder)).toEqual(['kept'])
  expect(await backup(join(folder, 'good'), data)).toMatchObject({ code: 0 })
  expect(await readdir(folder)).toEqual(['good', 'kept'])
  const copy = new DatabaseSync(join(folder, 'good'), { readOnly: true })
  expect({ ...copy.prepare('pragma integrity_check').get() }).toEqual({ integrity_check: 'ok' })
  copy.close()
})

test('a database that cannot be backed up by a copy is refused, with what to do instead', async () => {
  const folder = await temporaryFolder()
  expect(await backup(join(folder, 'x'), folder, { CARILLON_DATABASE_URL: 'postgresql://u:secret@localhost/x' })).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'carillon: With --database-url the database is PostgreSQL: back it up with pg_dump --format=custom, and restore with pg_restore.\n',
  })
  expect(await backup(join(folder, 'x'), ':memory:')).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing is stored') })
  expect(await backup(join(folder, 'x'), folder)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(`^carillon: There is no database ${folder}/carillon.db\\. Run the command in the folder [^\n]*\n$`),
  })
})
