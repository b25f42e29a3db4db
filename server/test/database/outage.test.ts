import { spawnSync } from 'node:child_process'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startPostgres } from '../support/postgres.ts'
import { canMount, keyVariables, rootKey, serve, serveFails, temporaryFolder } from '../support/process.ts'
import { repeatedly } from '../support/repeatedly.ts'
import { clientsOf, refusal } from '../support/world.ts'
import { expectHealth, unavailable } from './unavailable.ts'

test('while PostgreSQL is unavailable calls answer 503 with a reason, and they work again once it is back', async () => {
  const postgres = await startPostgres()
  onTestFinished(() => postgres.remove())
  const server = serve(['--port', '0', '--database-url', postgres.url], { env: keyVariables })
  const url = await server.url()
  const { identity, messaging } = clientsOf({ url, rootKey: { ...rootKey } })
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'kept' })
  await expectHealth(url, 200)

  const outcomes = new Set<string>()
  const streams = repeatedly(async () => {
    try {
      await identity.updateAppInstance({ AppInstanceArn, Name: 'kept', Metadata: '' })
      outcomes.add('fulfilled')
    } catch (error) {
      outcomes.add(String(error))
      await setTimeout(20)
    }
  }, 8)
  await expect.poll(() => [...outcomes]).toEqual(['fulfilled'])
  await postgres.stop()
  expect(await refusal(identity.listAppInstances({}))).toEqual(unavailable)
  expect(await refusal(identity.createAppInstance({ Name: 'lost' }))).toEqual(unavailable)
  await expectHealth(url, 503)

  await postgres.start()
  while (
    await identity.listAppInstances({}).then(
      () => false,
      () => true,
    )
  )
    await setTimeout(50)
  await expectHealth(url, 200)
  const { AppInstances } = await identity.listAppInstances({})
  expect(AppInstances?.map(({ Name }) => Name)).toEqual(['kept'])
  await identity.createAppInstance({ Name: 'new' })
  await streams.stop()
  expect([...outcomes].toSorted()).toEqual(['ServiceUnavailableException: The service is temporarily unavailable', 'fulfilled'])
  identity.destroy()
  messaging.destroy()
  server.kill('SIGTERM')
  expect(await server.exit()).toBe(0)
})

test.each(['file', 'folder'])(
  'while its %s is missing, writes answer 503 and nothing is lost; they work again once it is back',
  async what => {
    const data = join(await temporaryFolder(), 'data')
    const server = serve(['--port', '0', '--data', data], { env: keyVariables })
    const url = await server.url()
    const { identity, messaging } = clientsOf({ url, rootKey: { ...rootKey } })
    await identity.createAppInstance({ Name: 'kept' })
    const place = what === 'file' ? join(data, 'carillon.db') : data
    await rename(place, `${place}-away`)
    expect(await refusal(identity.createAppInstance({ Name: 'lost' }))).toEqual(unavailable)
    await expectHealth(url, 503)
    await mkdir(data, { recursive: true })
    expect(await refusal(identity.createAppInstance({ Name: 'lost' }))).toEqual(unavailable)
    if (what === 'folder') await rm(place, { recursive: true })
    await rename(`${place}-away`, place)
    await identity.createAppInstance({ Name: 'new' })
    await expectHealth(url, 200)
    expect((await identity.listAppInstances({})).AppInstances?.map(({ Name }) => Name).toSorted()).toEqual(['kept', 'new'])
    server.kill('SIGTERM')
    expect(await server.exit()).toBe(0)
    identity.destroy()
    messaging.destroy()
  },
)

test('after its folder has been removed for good the server answers 503, and ends in good order', async () => {
  const data = join(await temporaryFolder(), 'data')
  const server = serve(['--port', '0', '--data', data], { env: keyVariables })
  const { identity, messaging } = clientsOf({ url: await server.url(), rootKey: { ...rootKey } })
  await rm(data, { recursive: true })
  expect(await refusal(identity.createAppInstance({ Name: 'lost' }))).toEqual(unavailable)
  server.kill('SIGTERM')
  expect(await server.exit()).toBe(0)
  identity.destroy()
  messaging.destroy()
})

test.skipIf(!canMount())('a database on a read-only disk is refused at start with one line', async () => {
  const folder = await temporaryFolder()
  expect(spawnSync('mount', ['-t', 'tmpfs', 'none', folder]).status).toBe(0)
  onTestFinished(() => void spawnSync('umount', ['-l', folder]))
  const server = serve(['--port', '0', '--data', folder], { env: keyVariables })
  await server.url()
  server.kill('SIGTERM')
  expect(await server.exit()).toBe(0)
  expect(spawnSync('mount', ['-o', 'remount,ro', folder]).status).toBe(0)
  const { code, stderr } = await serveFails(['--port', '0', '--data', folder], { env: keyVariables })
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^carillon: The database .*carillon\.db cannot be opened: [^\n]*\n$/)])
})
