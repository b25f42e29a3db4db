import { spawnSync } from 'node:child_process'
import { open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { canMount, keyVariables, main, Program, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { clientsOf, refusal } from '../support/world.ts'
import { expectHealth, unavailable } from './unavailable.ts'

/** Writes a file until the disk has no room for another page of a file system. */
async function fillUp(file: string) {
  const handle = await open(file, 'w')
  const full = async () => {
    for (;;) await handle.appendFile(Buffer.alloc(4096))
  }
  await expect(full()).rejects.toThrow('ENOSPC')
  await handle.close()
}

test.skipIf(!canMount())(
  'on a full disk writes answer 503, what was acknowledged stays, and writes work again once there is room',
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
    // There is no room for smaller writes either.
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

test('if the file of the database cannot grow, /health says 503 as long as no write works', async () => {
  const data = await temporaryFolder()
  // Without the right to mount: no file of the process may be larger than this, until the limit is lifted.
  const args = [process.execPath, main, 'serve', '--port', '0', '--data', data]
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
