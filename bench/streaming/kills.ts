import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { startKinesis, type KinesisDouble } from '../../server/test/support/kinesis.ts'
import { fillPostgres } from '../support/fill-postgres.ts'
import { appInstanceArn, channelArn, membersByChannel, userArn } from '../support/fill.ts'
import { Connection } from '../support/load.ts'
import { residentMebibytes, type Started } from '../support/process.ts'
import { filledFolder, removeFolder, serve } from '../support/server.ts'
import { rootKey, signedPost } from '../support/signed.ts'

export interface Plan {
  /** In all channels together; a multiple of them, at least two for each. */
  readonly messages: number
  readonly channels: number
  /** How often the server is killed: once while the stream is down, and otherwise spread over the run. */
  readonly kills: number
  /** How long the stream is down, once; longer where the kill in the meantime takes longer. */
  readonly awayMilliseconds: number
  /** An empty PostgreSQL; SQLite where there is none. */
  readonly databaseUrl?: string | undefined
  readonly say: (line: string) => void
}

export interface Outcome {
  /** The channels in which a message is missing, or out of order after duplicates have been removed. */
  readonly wrong: readonly string[]
  readonly kills: number
  /** Records that arrived more than once. */
  readonly repeats: number
  /** Calls of PutRecords that arrived. */
  readonly calls: number
  /** Sends that were not answered, and sent again. */
  readonly resent: number
  readonly seconds: number
  /** From the last send to the last record. */
  readonly secondsAfterSending: number
  readonly mebibytes: number
}

/** The numbers of each channel's messages, in the order in which each arrived first. */
class Arrived {
  readonly #of = new Map<string, Set<number>>()
  count = 0
  repeats = 0

  take(channel: string, content: string) {
    const number = Number(content)
    const numbers = this.#of.get(channel) ?? new Set<number>()
    this.#of.set(channel, numbers)
    if (numbers.has(number)) this.repeats++
    else this.count++
    numbers.add(number)
  }

  /** Whether the channel has all messages, in order. */
  isWhole(channel: string, messages: number) {
    const numbers = [...(this.#of.get(channel) ?? [])]
    return numbers.length === messages && numbers.every((number, index) => number === index)
  }
}

/** Fails entries, refuses and cuts calls, now and then. */
function makeUnreliable(kinesis: KinesisDouble) {
  kinesis.fate = call => (call % 13 === 3 ? 'throttled' : call % 13 === 7 ? 'cut after' : call % 29 === 11 ? 'cut before' : 'answered')
  kinesis.isFailed = (call, index) => (call + index) % 6 === 0
}

/**
 * One sender of each channel: the next message is sent once the one before has been acknowledged, in as many attempts as it takes; the last
 * message once the last kill has happened, so that no kill comes when all has arrived.
 */
class Senders {
  readonly #perChannel: number
  readonly lastKill = Promise.withResolvers<void>()
  server: Started
  acknowledged = 0
  resent = 0
  hasEnded = false

  constructor(server: Started, perChannel: number) {
    this.server = server
    this.#perChannel = perChannel
  }

  async send(channel: number, sender: string) {
    let connection: Connection | undefined
    for (let number = 0; number < this.#perChannel; number++) {
      const ClientRequestToken = crypto.randomUUID()
      const body = JSON.stringify({ Content: String(number), Type: 'STANDARD', Persistence: 'PERSISTENT', ClientRequestToken })
      if (number === this.#perChannel - 1) await this.lastKill.promise
      for (let isAnswered = false; !isAnswered && !this.hasEnded;) {
        const { url } = this.server
        connection ??= new Connection(url)
        const path = `/channels/${encodeURIComponent(channelArn(channel))}/messages`
        isAnswered = await connection.ask(signedPost(url, path, body, sender)).then(
          () => true,
          () => false,
        )
        if (isAnswered) continue
        connection.close()
        connection = undefined
        this.resent++
        await pause(100)
      }
      this.acknowledged++
    }
    connection?.close()
  }
}

/**
 * Streams messages to a Kinesis that fails entries, throttles, cuts and is down for a while, from a server that is killed again and again;
 * until every acknowledged message is in the stream, or nothing has arrived for two minutes.
 */
export async function streamThroughKills({ messages, channels, kills, awayMilliseconds, databaseUrl, say }: Plan): Promise<Outcome> {
  const arrived = new Arrived()
  const kinesis = await startKinesis({
    take: ({ partitionKey, event }) => arrived.take(partitionKey, String(event.Payload['Content'])),
  })
  makeUnreliable(kinesis)
  const shape = { users: channels, channels, each: 1, large: 0 }
  const folder = await filledFolder(databaseUrl === undefined ? shape : { ...shape, users: 0, channels: 0 })
  if (databaseUrl !== undefined) await fillPostgres(databaseUrl, shape)
  const flags = [
    '--kinesis-endpoint',
    kinesis.url,
    '--log-level',
    'error',
    ...(databaseUrl === undefined ? [] : ['--database-url', databaseUrl]),
  ]
  const start = async () => serve(folder, { flags })
  const perChannel = messages / channels
  const senders = new Senders(await start(), perChannel)
  try {
    const messaging = new ChimeSDKMessaging({ endpoint: senders.server.url, region: 'us-east-1', credentials: rootKey })
    const StreamingConfigurations = [{ DataType: 'ChannelMessage' as const, ResourceArn: kinesis.define('chime-messaging-killed') }]
    await messaging.putMessagingStreamingConfigurations({ AppInstanceArn: appInstanceArn, StreamingConfigurations })
    messaging.destroy()

    const startedAt = performance.now()
    let sentAt = 0
    const sending = Promise.all(membersByChannel(shape).map(async ([user], index) => senders.send(index + 1, userArn(user!)))).then(
      () => (sentAt = performance.now()),
    )
    const kill = async (number: number) => {
      senders.server.child.kill('SIGKILL')
      await once(senders.server.child, 'exit')
      say(`killed ${number} of ${kills}: ${senders.acknowledged} acknowledged, ${arrived.count} arrived`)
      senders.server = await start()
    }
    const progress = () => (senders.acknowledged + arrived.count) / (2 * (messages - channels))
    let last = { count: 0, at: performance.now() }
    let wentAt: number | undefined
    let awayUntil = 0
    kinesis.isAway = () => performance.now() < awayUntil
    let killed = 0
    let isKilledWhileAway = false
    while (arrived.count < messages) {
      await pause(20)
      const now = performance.now()
      if (arrived.count > last.count) last = { count: arrived.count, at: now }
      if (wentAt === undefined && arrived.count >= 0.3 * messages) {
        wentAt = now
        awayUntil = Infinity
        say('the stream is away')
      }
      if (wentAt !== undefined && !isKilledWhileAway && now - wentAt > awayMilliseconds / 2) {
        isKilledWhileAway = true
        await kill(++killed)
        awayUntil = performance.now() + awayMilliseconds / 2
      } else if (progress() >= (killed + 1) / (kills + 1) && killed < kills - (isKilledWhileAway ? 0 : 1)) await kill(++killed)
      if (killed === kills) senders.lastKill.resolve()
      if (now - last.at > awayMilliseconds + 120_000) break
    }
    const end = performance.now()
    if (arrived.count === messages) await sending
    const names = Array.from({ length: channels }, (_, index) => channelArn(index + 1))
    return {
      wrong: names.filter(channel => !arrived.isWhole(channel, perChannel)),
      kills: killed,
      repeats: arrived.repeats,
      calls: kinesis.calls.length,
      resent: senders.resent,
      seconds: (end - startedAt) / 1000,
      secondsAfterSending: (end - sentAt) / 1000,
      mebibytes: residentMebibytes(senders.server.pid),
    }
  } finally {
    senders.hasEnded = true
    senders.server.child.kill('SIGKILL')
    await kinesis.close()
    await removeFolder(folder)
  }
}
