import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { pages } from '../api/acts.ts'
import { keyVariables, main, Program, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { repeatedly } from '../support/repeatedly.ts'
import { clientsOf, createPostgresDatabase } from '../support/world.ts'

const channels = ['a', 'b', 'c', 'd']
const arn = (id: string) => `arn:aws:chime:us-east-1:000000000000:app-instance/${id}`
const seedOf = (Id: string, messages: number) => ({
  Id,
  Users: [{ Id: 'ann' }, { Id: 'ben' }],
  Channels: channels.map(channel => ({
    Id: channel,
    Moderators: ['ann'],
    Members: ['ben'],
    Messages: Array.from({ length: messages }, (_, index) => ({ Sender: 'ann', Content: `${channel} ${index}` })),
  })),
})

type Clients = ReturnType<typeof clientsOf>

/** Sends messages to all channels until it is stopped; every one must be accepted. */
function load({ messaging }: Clients, appInstance: string) {
  const sent: Record<string, string[]> = Object.fromEntries(channels.map(each => [each, []]))
  const sending = repeatedly(async loop => {
    const channel = channels[loop]!
    const message = { Content: `under load ${sent[channel]!.length}`, Type: 'STANDARD', Persistence: 'PERSISTENT' } as const
    const asked = { ChannelArn: `${appInstance}/channel/${channel}`, ChimeBearer: `${appInstance}/user/ben` }
    sent[channel]!.push((await messaging.sendChannelMessage({ ...asked, ...message })).MessageId!)
    await setTimeout(5)
  }, channels.length)
  return { sent, stop: sending.stop }
}

async function messagesOf({ messaging }: Clients, channel: string) {
  const asked = {
    ChannelArn: `${arn('moved')}/channel/${channel}`,
    ChimeBearer: `${arn('moved')}/user/ann`,
    SortOrder: 'ASCENDING',
  } as const
  const found = await pages(NextToken => messaging.listChannelMessages({ ...asked, MaxResults: 50, NextToken }))
  return found.flatMap(page => page.ChannelMessages!)
}

test('an app instance is moved from SQLite to PostgreSQL while both servers are under load, and both commands are killed twice', async () => {
  const folder = await temporaryFolder()
  const [one, seed, other, target] = ['one', 'seed.json', 'other.json', 'export'].map(name => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ]
  await writeFile(seed, JSON.stringify(seedOf('moved', 1200)))
  await writeFile(other, JSON.stringify(seedOf('busy', 1)))
  const databaseUrl = await createPostgresDatabase({ made: true })
  const env = { ...keyVariables, CARILLON_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
  const from = serve(['--port', '0', '--data', one, '--seed', seed], { env })
  const to = serve(['--port', '0', '--database-url', databaseUrl, '--seed', other], { env })
  const old = clientsOf({ url: await from.url(), rootKey })
  const fresh = clientsOf({ url: await to.url(), rootKey })
  const [atOld, atFresh] = [load(old, arn('moved')), load(fresh, arn('busy'))]
  const command = (...args: string[]) => new Program(process.execPath, [main, ...args], { env })

  // All channels have some of the load before the export begins.
  await expect.poll(() => channels.every(each => atOld.sent[each]!.length > 3)).toBe(true)
  const before = structuredClone(atOld.sent)
  const exporting = () => command('export', arn('moved'), target, '--data', one, '--rate', '1000')
  for (let kill = 1; kill <= 2; kill++) {
    const ended = exporting()
    await expect.poll(() => existsSync(join(target, 'part-000001.jsonl.gz'))).toBe(true)
    ended.kill('SIGKILL')
    expect(await ended.exit()).toBe('SIGKILL')
  }
  expect(await exporting().exit()).toBe(0)
  await atOld.stop()

  const importing = () => command('import', target, '--database-url', databaseUrl, '--rate', '800')
  for (let kill = 1; kill <= 2; kill++) {
    const ended = importing()
    await expect.poll(() => ended.stderr).toMatch(/^\d+ of \d+ lines$/m)
    ended.kill('SIGKILL')
    expect(await ended.exit()).toBe('SIGKILL')
  }
  expect(await importing().exit()).toBe(0)
  await atFresh.stop()

  for (const channel of channels) {
    const [there, here] = [await messagesOf(old, channel), await messagesOf(fresh, channel)]
    // Every message from before the export is there. Later ones may be, unchanged and without a gap before them.
    expect(here).toEqual(there.slice(0, here.length))
    expect(here.length).toBeGreaterThanOrEqual(1200 + before[channel]!.length)
    expect(here.map(each => each.MessageId)).toEqual(expect.arrayContaining(before[channel]!))
  }
  const { MessageId } = await fresh.messaging.sendChannelMessage({
    ChannelArn: `${arn('moved')}/channel/a`,
    ChimeBearer: `${arn('moved')}/user/ben`,
    Content: 'at the new server',
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
  })
  expect((await messagesOf(fresh, 'a')).at(-1)!.MessageId).toBe(MessageId)
})
