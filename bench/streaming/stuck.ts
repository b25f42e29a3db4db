import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { migrateSqlite } from '../../server/src/database/migrate.ts'
import { SqliteDatabase } from '../../server/src/database/sqlite.ts'
import { appendInOrder, laneOf } from '../../server/src/store/outbox.ts'
import { startKinesis } from '../../server/test/support/kinesis.ts'
import { channelArn, membersByChannel } from '../support/fill.ts'
import { loading, type Measured } from '../support/measured.ts'
import { messagesOf } from '../support/messages.ts'
import { cpuSeconds, residentMebibytes } from '../support/process.ts'
import { inRounds, median } from '../support/rounds.ts'
import { filledFolder, removeFolder, serve, type Site } from '../support/server.ts'
import { rootKey } from '../support/signed.ts'

const streamArn = (name: string) => `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`
const stuck = 'chime-messaging-stuck'
const channels = 50
const stepOfFill = 5000
const hour = 60 * 60 * 1000

/** The number of records that have waited in the lane of one stream for an hour. */
async function fillLane(folder: string, entries: number) {
  const file = join(folder, 'carillon.db')
  const db = await SqliteDatabase.open(file, { prepare: database => migrateSqlite(database, file), follow: () => {} })
  const lane = laneOf('stream', streamArn(stuck))
  for (let from = 0; from < entries; from += stepOfFill)
    await db.transaction(async tx => {
      for (let number = from; number < Math.min(from + stepOfFill, entries); number++) {
        const channel = channelArn(1 + (number % channels))
        const Payload = { ChannelArn: channel, Content: `${number} ${'hello world '.repeat(60)}` }
        await appendInOrder(tx, lane, channel, JSON.stringify({ EventType: 'CREATE_CHANNEL_MESSAGE', Payload }), Date.now() - hour)
      }
    })
  await db.close()
}

/** Messages of an app instance whose stream is up, one after the other; resolves to how long each took to reach it, in milliseconds. */
async function otherLane({ server }: Site, arrivals: Map<string, () => void>) {
  const options = { endpoint: server.url, region: 'us-east-1', credentials: rootKey }
  const [identity, messaging] = [new ChimeSDKIdentity(options), new ChimeSDKMessaging(options)]
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'other' })
  const user = { AppInstanceArn, AppInstanceUserId: 'ann', Name: 'Ann' }
  const { AppInstanceUserArn: ChimeBearer } = await identity.createAppInstanceUser(user)
  const StreamingConfigurations = [{ DataType: 'ChannelMessage' as const, ResourceArn: streamArn('chime-messaging-other') }]
  await messaging.putMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations })
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'other', ChimeBearer })
  return async (messages: number) => {
    const times: number[] = []
    for (let number = 0; number < messages; number++) {
      const Content = crypto.randomUUID()
      const arrived = new Promise<void>(resolve => arrivals.set(Content, resolve))
      const at = performance.now()
      await messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
      await arrived
      times.push(performance.now() - at)
    }
    return times.toSorted((a, b) => a - b)
  }
}

export interface Beside extends Measured {
  /** From a send until its record is in another stream that is up, in milliseconds. */
  readonly other: number
  /** The time of /metrics, which counts the waiting entries, in milliseconds. */
  readonly metrics: number
  readonly mebibytes: number
}

interface Plan {
  readonly entries: number
  readonly seconds: number
  readonly rounds: number
}

/**
 * Two servers in turn: one with an empty outbox, and one with that many entries that have waited for an hour in a stuck lane, since its
 * stream is down. By kind, the figures of each round.
 */
export async function besideStuckLane({ entries, seconds, rounds }: Plan): Promise<ReadonlyMap<string, readonly Beside[]>> {
  const shape = { users: channels, channels, each: 1, large: 0 }
  const arrivals = new Map<string, () => void>()
  const take = (content: string) => {
    arrivals.get(content)?.()
    arrivals.delete(content)
  }
  const kinesis = await startKinesis({ hasAll: true, take: ({ event }) => take(String(event.Payload['Content'])) })
  kinesis.isAway = name => name === stuck
  const folders = [await filledFolder(shape), await filledFolder(shape)]
  const sites: Site[] = []
  try {
    await fillLane(folders[1]!, entries)
    for (const folder of folders) {
      const server = await serve(folder, { flags: ['--kinesis-endpoint', kinesis.url, '--log-level', 'error'] })
      sites.push({
        server,
        cpu: () => ({ server: cpuSeconds(server.pid), database: 0 }),
        storedBytes: async () => 0,
        databaseUrl: undefined,
        close: async () => server.stop(),
      })
    }
    const kindOf = async (site: Site) => {
      const { url } = site.server
      const send = loading(site, messagesOf(url, membersByChannel(shape)), seconds)
      const toOther = await otherLane(site, arrivals)
      return async (): Promise<Beside> => {
        const sends = await send()
        const other = median(await toOther(10))
        const at = performance.now()
        await (await fetch(`${url}/metrics`)).text()
        return { ...sends, other, metrics: performance.now() - at, mebibytes: residentMebibytes(site.server.pid) }
      }
    }
    const [empty, full] = sites
    const kinds = { 'nothing waits': await kindOf(empty!), [`${entries} entries of a stuck lane`]: await kindOf(full!) }
    // Both have read their outbox.
    await pause(2000)
    return await inRounds(kinds, rounds)
  } finally {
    for (const site of sites) await site.close()
    for (const folder of folders) await removeFolder(folder)
    await kinesis.close()
  }
}
