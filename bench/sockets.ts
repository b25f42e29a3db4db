import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Crowd, milliseconds } from './support/crowd.ts'
import { userArn, type Shape } from './support/fill.ts'
import { Connection, percentile } from './support/load.ts'
import { cpuSeconds, machine, residentKibibytes, residentMebibytes } from './support/process.ts'
import { rounded } from './support/rounds.ts'
import { filledFolder, removeFolder, serve } from './support/server.ts'
import { presignedTarget, signedGet } from './support/signed.ts'

/** Long enough for a collector that waits until nothing happens. */
const pause = 12_000
/** Sockets that come and go first, so that what any use costs is no session's. */
const warmUp = 1000

interface Options {
  readonly sessions: number
  readonly tls: boolean
}

const prefetching = { 'prefetch-on': 'connect', 'prefetch-sort-by': 'unread' }

/** Somebody who lists channels, ten times a second at most. */
class Calls {
  readonly #url: string
  readonly #connection: Connection
  readonly #times: number[] = []
  readonly #running: Promise<void>
  #isEnding = false

  constructor(url: string) {
    this.#url = url
    this.#connection = new Connection(url)
    this.#running = this.#run()
  }

  /** How long each took, sorted. */
  async end(): Promise<number[]> {
    this.#isEnding = true
    await this.#running
    this.#connection.close()
    return this.#times.toSorted((a, b) => a - b)
  }

  async #run() {
    while (!this.#isEnding) {
      const request = await signedGet(this.#url, '/channels', { scope: 'app-instance-user-memberships' }, userArn(2))
      const start = milliseconds()
      await this.#connection.ask(request)
      this.#times.push(milliseconds() - start)
      await setTimeout(100)
    }
  }
}

async function settledKibibytes(pid: number): Promise<number> {
  await setTimeout(pause)
  return residentKibibytes(pid)
}

/** What idle sockets cost, and how fast they come. */
async function idle(kind: string, shape: Shape, { sessions, tls }: Options) {
  const folder = await filledFolder(shape)
  const server = await serve(folder, { tls })
  const crowd = new Crowd(0)
  try {
    const targets = Array.from({ length: sessions }, (_, index) => presignedTarget(server.url, userArn(2 + index)))
    await crowd.open(server.url, targets.slice(-warmUp))
    await crowd.closeAll()
    const empty = await settledKibibytes(server.pid)
    const before = cpuSeconds(server.pid)
    const seconds = await crowd.open(server.url, targets)
    const cpu = cpuSeconds(server.pid) - before
    const refused = crowd.figure('refused')
    if (refused > 0) throw new Error(`${refused} sockets were refused`)
    const atOnce = residentKibibytes(server.pid)
    const busy = cpuSeconds(server.pid)
    const full = await settledKibibytes(server.pid)
    const idling = (cpuSeconds(server.pid) - busy) / (pause / 1000)
    const row = {
      kind: `${kind}${tls ? ', TLS' : ''}`,
      sessions,
      'resident before MiB': Math.round(empty / 1024),
      'after MiB': Math.round(full / 1024),
      'KiB a session': rounded((full - empty) / sessions),
      'at once': rounded((atOnce - empty) / sessions),
      'connects/s': Math.round(sessions / seconds),
      'CPU µs a connect': Math.round((cpu * 1e6) / sessions),
      'idle CPU %': rounded(idling * 100),
    }
    if (shape.large === 0) return row
    const large = await crowd.open(server.url, [presignedTarget(server.url, userArn(1))])
    const withLarge = await settledKibibytes(server.pid)
    const channels = `established in ${Math.round(large * 1000)} ms, ${withLarge - full} KiB`
    process.stdout.write(`${JSON.stringify({ [`the user in ${shape.large} channels`]: channels })}\n`)
    return row
  } finally {
    await crowd.stop()
    await server.stop()
    await removeFolder(folder)
  }
}

/** All come back after a restart, and all prefetch; somebody calls meanwhile. */
async function restart(shape: Shape, perSecond: number, { sessions, tls }: Options) {
  const folder = await filledFolder(shape)
  let server = await serve(folder, { tls })
  const crowd = new Crowd(0)
  try {
    const targets = (more: Readonly<Record<string, string>>) =>
      Array.from({ length: sessions }, (_, index) => presignedTarget(server.url, userArn(2 + index), more))
    await crowd.open(server.url, targets({}))
    const stopping = milliseconds()
    await server.stop()
    const stopped = (milliseconds() - stopping) / 1000
    await crowd.closeAll()
    const before = { refused: crowd.figure('refused'), closed: crowd.figure('closed') }
    server = await serve(folder, { tls })
    const calls = tls ? undefined : new Calls(server.url)
    const start = milliseconds()
    const established = await crowd.open(server.url, targets(prefetching), { perSecond })
    const memory = residentMebibytes(server.pid)
    const isWhole = await crowd.until(sessions * Math.min(50, shape.each), 20_000)
    const seconds = (milliseconds() - start) / 1000
    const callTimes = await calls?.end()
    console.table([
      {
        sessions,
        'stopped after s': rounded(stopped),
        'established after s': rounded(established),
        'prefetched after s': isWhole ? rounded(seconds) : 'never',
        'channels told': crowd.figure('events'),
        'MiB sent': Math.round(crowd.figure('bytes') / 2 ** 20),
        refused: crowd.figure('refused') - before.refused,
        closed: crowd.figure('closed') - before.closed,
        'calls p50 ms': callTimes && rounded(percentile(callTimes, 0.5)),
        'p99 ms': callTimes && rounded(percentile(callTimes, 0.99)),
        'CPU s': rounded(cpuSeconds(server.pid)),
        'resident MiB': memory,
        'at the end': residentMebibytes(server.pid),
      },
    ])
  } finally {
    await crowd.stop()
    await server.stop()
    await removeFolder(folder)
  }
}

/** Sockets that only listen: memory and connects; with --prefetch, how all of them come back after a restart. */
export async function sockets(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      sessions: { type: 'string', default: '10000' },
      'channels-of-user': { type: 'string', default: '50' },
      'members-of-channel': { type: 'string', default: '20' },
      large: { type: 'string', default: '20000' },
      tls: { type: 'boolean', default: false },
      prefetch: { type: 'boolean', default: false },
      'per-second': { type: 'string', default: '5000' },
      messages: { type: 'string', default: '20' },
    },
  })
  const options = { sessions: Number(values.sessions), tls: values.tls }
  const each = Number(values['channels-of-user'])
  const memberships = options.sessions * each
  const channels = Math.ceil(memberships / Number(values['members-of-channel']))
  const people = { users: options.sessions, each }
  process.stdout.write(`${JSON.stringify(machine())}\n`)
  if (values.prefetch) {
    return restart({ ...people, channels, large: 0, messages: Number(values.messages) }, Number(values['per-second']), options)
  }
  const large = Math.min(Number(values.large), channels)
  console.table([
    await idle('no channels', { users: options.sessions, each: 0, channels: 0, large: 0 }, options),
    await idle(`${each} channels with ${values['members-of-channel']} connected members each`, { ...people, channels, large }, options),
    await idle(`${each} channels that nobody else is in`, { ...people, channels: memberships, large: 0 }, options),
  ])
}
