import { spawnSync } from 'node:child_process'
import { open, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startPostgres } from '../support/postgres.ts'
import { canMount, keyVariables, Program, root, rootKey, serve, serveFails, temporaryFolder } from '../support/process.ts'
import { clientsOf, refusal } from '../support/world.ts'

const unavailable = {
  name: 'ServiceUnavailableException',
  code: 'ServiceUnavailable',
  status: 503,
  message: 'The service is temporarily unavailable',
  reason: 'The database cannot be used at the moment. Try again.',
}

/** Writes a file until the disk has no room for another page of a file system. */
async function fillUp(file: string) {
  const handle = await open(file, 'w')
  const full = async () => {
    for (;;) await handle.appendFile(Buffer.alloc(4096))
  }
  await expect(full()).rejects.toThrow('ENOSPC')
  await handle.close()
}

/** /health is a second old at the most. */
async function expectHealth(url: string, status: 200 | 503) {
  const health = async (): Promise<unknown> => {
    const response = await fetch(`${url}/health`)
    return [response.status, await response.json()]
  }
  await expect.poll(health, { timeout: 10_000 }).toEqual([status, { status: status === 200 ? 'ok' : 'unavailable' }])
  const live = await fetch(`${url}/health/live`)
  expect([live.status, await live.json()]).toEqual([200, { status: 'ok' }])
}

test(
  'while PostgreSQL is unavailable calls answer 503 with a reason, and they work again once it is back',
  { timeout: 60_000 },
  async () => {
    const postgres = await startPostgres()
    onTestFinished(() => postgres.remove())
    const server = serve(['--port', '0', '--database-url', postgres.url], { env: keyVariables })
    const url = await server.url()
    const { identity, messaging } = clientsOf({ url, rootKey: { ...rootKey } })
    const { AppInstanceArn } = await identity.createAppInstance({ Name: 'kept' })
    await expectHealth(url, 200)

    const over = new AbortController()
    const outcomes = new Set<string>()
    const streams = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) {
        try {
          await identity.updateAppInstance({ AppInstanceArn, Name: 'kept', Metadata: '' })
          outcomes.add('fulfilled')
        } catch (error) {
          outcomes.add(String(error))
          await setTimeout(20)
        }
      }
    })
    await setTimeout(200)
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
    over.abort()
    await Promise.all(streams)
    expect([...outcomes].toSorted()).toEqual(['ServiceUnavailableException: The service is temporarily unavailable', 'fulfilled'])
    identity.destroy()
    messaging.destroy()
    server.kill('SIGTERM')
    expect(await server.exit()).toBe(0)
  },
)

test.skipIf(!canMount())(
  'on a full disk writes answer 503, what was acknowledged stays, and writes work again once there is room',
  { timeout: 60_000 },
  async () => {
    const folder = await temporaryFolder()
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'none', folder]).status).toBe(0)
    onTestFinished(() => void spawnSync('umount', ['-l', folder]))
    const filler = join(folder, 'filler')
    await writeFile(filler, Buffer.alloc(6 * 1024 * 1024))

    const server = serve(['--port', '0', '--data', folder], { env: keyVariables })
    const url = await server.url()
    const { identity, messaging } = clientsOf({ url, rootKey: { ...rootKey } })
    const { AppInstanceArn } = await identity.createAppInstance({ Name: 'x' })
    const { AppInstanceUserArn: ChimeBearer } = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'a', Name: 'a' })
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'x', ChimeBearer })
    const send = async (Content: string) =>
      messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })

    const acknowledged: string[] = []
    const failures: Promise<unknown>[] = []
    for (let round = 0; failures.length === 0; round++) {
      const calls = Array.from({ length: 8 }, async (_, index) => {
        const content = `${round}-${index}-`.padEnd(4000, 'x')
        await send(content)
        acknowledged.push(content)
      })
      for (const [index, { status }] of (await Promise.allSettled(calls)).entries())
        if (status === 'rejected') failures.push(refusal(calls[index]!))
      expect(round).toBeLessThan(1000)
    }
    expect(new Set((await Promise.all(failures)).map(shown => JSON.stringify(shown)))).toEqual(new Set([JSON.stringify(unavailable)]))

    const stored = async () => {
      const contents: string[] = []
      for (let NextToken: string | undefined, isLast = false; !isLast; isLast = NextToken === undefined) {
        const page = await messaging.listChannelMessages({ ChannelArn, ChimeBearer, MaxResults: 50, ...(NextToken && { NextToken }) })
        contents.push(...(page.ChannelMessages ?? []).map(({ Content = '' }) => Content))
        NextToken = page.NextToken
      }
      return contents.toSorted()
    }
    expect(acknowledged.length).toBeGreaterThan(50)
    expect(await stored()).toEqual(acknowledged.toSorted())
    // Nor is there room for what is smaller than these messages.
    await fillUp(join(folder, 'rest'))
    await expectHealth(url, 503)

    await rm(filler)
    await expectHealth(url, 200)
    await send('there is room again')
    expect(await stored()).toEqual([...acknowledged, 'there is room again'].toSorted())
    server.kill('SIGTERM')
    expect(await server.exit()).toBe(0)
    identity.destroy()
    messaging.destroy()
  },
)

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

test('if the file of the database cannot grow, /health says 503 as long as no write works', { timeout: 60_000 }, async () => {
  const data = await temporaryFolder()
  // What works without rights to mount: no file of the process may be larger than this, until the limit is lifted.
  const args = [process.execPath, join(root, 'server/src/main.ts'), 'serve', '--port', '0', '--data', data]
  const server = new Program('sh', ['-c', 'ulimit -S -f 3000; exec "$@"', 'sh', ...args], { env: { ...keyVariables, CARILLON_TLS: 'off' } })
  const url = await server.url()
  const { identity } = clientsOf({ url, rootKey: { ...rootKey } })
  await expectHealth(url, 200)
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'x' })
  const write = async (index: number) => identity.updateAppInstance({ AppInstanceArn, Name: `${index}`, Metadata: 'x'.repeat(1000) })
  const writeUntilItFails = async () => {
    for (let index = 0; index < 5000; index++) await Promise.all([write(index), write(index), write(index)])
  }
  expect(await refusal(writeUntilItFails())).toEqual(unavailable)
  await expectHealth(url, 503)
  expect((await identity.listAppInstances({})).AppInstances).toHaveLength(1)
  expect(spawnSync('prlimit', ['--pid', String(server.pid), '--fsize=unlimited:']).status).toBe(0)
  await expectHealth(url, 200)
  await identity.createAppInstance({ Name: 'y' })
  identity.destroy()
})
