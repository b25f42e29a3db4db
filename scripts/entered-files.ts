/**
 * Prints, as JSON, which files of server/src a warm call enters: a list of the channels of a user, and a message with one listener, both
 * with the root key on SQLite. ARCHITECTURE.md draws both ways, and test/docs/way-of-a-call.test.ts compares.
 */
import { Session } from 'node:inspector/promises'
import { fileURLToPath } from 'node:url'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { startApp } from '../server/src/app.ts'
import { Listener } from '../server/src/kit/listener.ts'
import { readConfig } from '../server/src/settings/config.ts'
import { newId, newSecret } from '../server/src/tools/access-key-ids.ts'

const source = new URL('../server/src/', import.meta.url).href
/** Of what else runs in the process, such as timers, a call enters nothing each time. */
const calls = 8

const credentials = { accessKeyId: newId('AKIA'), secretAccessKey: newSecret() }
const config = readConfig({ port: '0', tls: 'off', data: ':memory:', logLevel: 'error' }, {})
const users = ['alice', 'bob'].map(Id => ({ Id }))
const seed = { Id: 'house', Users: users, Channels: [{ Id: 'hall', Moderators: ['alice'], Members: ['bob'] }] }
const app = await startApp({ ...config, rootKey: credentials }, { seeds: [seed] })
const appInstance = `arn:aws:chime:${config.region}:${config.account}:app-instance/house`
const ChimeBearer = `${appInstance}/user/alice`

const client = { endpoint: app.url, region: config.region, credentials }
const chime = new ChimeSDKMessaging(client)
const listener = await Listener.open(client, `${appInstance}/user/bob`)

const inspector = new Session()
inspector.connect()
await inspector.post('Profiler.enable')
await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })

/** The files of which a function has run since the last look. */
async function entered(): Promise<Set<string>> {
  const { result } = await inspector.post('Profiler.takePreciseCoverage')
  const ran = result.filter(({ url, functions }) => url.startsWith(source) && functions.some(({ ranges }) => ranges[0]!.count > 0))
  return new Set(ran.map(({ url }) => fileURLToPath(url).slice(fileURLToPath(source).length)))
}

/** The files that each of the calls enters. The first calls warm up what is cached. */
async function filesOf(call: () => Promise<unknown>): Promise<string[]> {
  for (let index = 0; index < calls; index++) await call()
  let files: Set<string> | undefined
  for (let index = 0; index < calls; index++) {
    await entered()
    await call()
    const now = await entered()
    files = files ? new Set([...files].filter(file => now.has(file))) : now
  }
  return [...files!].filter(file => !file.startsWith('kit/')).toSorted()
}

async function send() {
  await chime.sendChannelMessage({
    ChannelArn: `${appInstance}/channel/hall`,
    Content: 'hello',
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
    ClientRequestToken: crypto.randomUUID(),
    ChimeBearer,
  })
  await listener.heard('CREATE_CHANNEL_MESSAGE')
}

const ways = {
  ListChannelMembershipsForAppInstanceUser: await filesOf(() => chime.listChannelMembershipsForAppInstanceUser({ ChimeBearer })),
  SendChannelMessage: await filesOf(send),
}
inspector.disconnect()
listener.close()
chime.destroy()
await app.close()
process.stdout.write(`${JSON.stringify(ways, undefined, 1)}\n`)
