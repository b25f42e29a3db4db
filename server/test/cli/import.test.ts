import { chown, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { keyVariables, main, rootKey, run, serve, temporaryFolder } from '../support/process.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, startWorld } from '../support/world.ts'

const carillon = async (...args: string[]) => run(process.execPath, [main, ...args])

/** The folder of an export with a message. */
async function exported() {
  const data = await temporaryFolder()
  const world = await startWorld('sqlite', { data })
  const { arn, user } = await world.appInstance(['a'])
  const ChannelArn = await open(world, user('a'))
  const MessageId = await say(world, user('a'), ChannelArn)
  await world.close()
  const folder = join(data, 'export')
  expect(await carillon('export', arn, folder, '--data', data)).toMatchObject({ code: 0 })
  return { folder, named: { ChannelArn, MessageId, ChimeBearer: user('a') } }
}

test.each(databaseKinds)(
  'an import before the first start of the server creates the database, and the server then has what was imported: on %s',
  async kind => {
    const { folder, named } = await exported()
    const place =
      kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : ['--data', join(await temporaryFolder(), 'not there yet')]
    expect(await carillon('import', folder, ...place)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is imported from') as string,
      stderr: expect.stringMatching(/^There was no database of these settings; it is created\.\n/) as string,
    })
    const server = serve(['--port', '0', ...place], { env: keyVariables })
    const { messaging, identity } = clientsOf({ url: await server.url(), rootKey })
    onTestFinished(() => {
      messaging.destroy()
      identity.destroy()
    })
    expect((await messaging.getChannelMessage(named)).ChannelMessage!.Content).toBe('hello')
  },
)

test.skipIf(process.getuid?.() !== 0)(
  'a database and a backup that root creates in a data folder belong to the owner of the folder',
  async () => {
    const { folder } = await exported()
    const data = await temporaryFolder()
    await chown(data, 12_345, 12_345)
    expect(await carillon('import', folder, '--data', data)).toMatchObject({ code: 0 })
    expect(await carillon('backup', join(data, 'backup.db'), '--data', data)).toMatchObject({ code: 0 })
    const owners = await Promise.all((await readdir(data)).map(async name => [name, (await stat(join(data, name))).uid]))
    expect(Object.fromEntries(owners)).toMatchObject({ 'carillon.db': 12_345, 'backup.db': 12_345 })
    expect(new Set(owners.map(([, uid]) => uid))).toEqual(new Set([12_345]))
  },
)

test('an import from a folder without an export creates no database', async () => {
  const folder = await temporaryFolder()
  const { code, stderr } = await carillon('import', join(folder, 'nothing'), '--data', join(folder, 'data'))
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^carillon: There is no export in \S+nothing: it has no manifest\.json\.\n$/)])
  expect(await readdir(folder)).toEqual([])
})
