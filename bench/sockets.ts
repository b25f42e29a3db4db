import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Calls } from './support/calls.ts'
import { Crowd, milliseconds } from './support/crowd.ts'
import { userArn, type Shape } from './support/fill.ts'
import { percentile } from './support/load.ts'
import { medianOf, spreadOf } from './support/measured.ts'
import { cpuSeconds, residentKibibytes, residentMebibytes, start, type Started } from './support/process.ts'
import { Report } from './support/report.ts'
import { rounded } from './support/rounds.ts'
import { filledFolder, openSite, removeFolder, serve } from './support/server.ts'
import { presignedTarget } from './support/signed.ts'

const broadcast = fileURLToPath(new URL('./support/broadcast.ts', import.meta.url))
/** Long enough for a collector that waits for an idle moment. */
const pause = 12_000
/** Until the server has finished with the sockets that have closed. */
const farewell = 2000
/** Sockets that connect and close first, so that the memory of first use does not count for any session. */
const warmUp = 1000

interface Options {
  readonly sessions: number
  readonly tls: boolean
  readonly rounds: number
}

const prefetching = { 'prefetch-on': 'connect', 'prefetch-sort-by': 'unread' }

async function settledKibibytes(pid: number): Promise<number> {
  await setTimeout(pause)
  return residentKibibytes(pid)
}

/** All of them connect: the CPU of the server, and the time. */
async function connecting({ pid, url }: Started, crowd: Crowd, targets: readonly string[]) {
  const before = cpuSeconds(pid)
  const seconds = await crowd.open(url, targets)
  const refused = crowd.figure('refused')
  if (refused > 0) throw new Error(`${refused} sockets were refused`)
  return { microseconds: ((cpuSeconds(pid) - before) * 1e6) / targets.length, perSecond: targets.length / seconds }
}

/** What that many idle sockets cost that server, and how fast they connect; they close and connect again for each further round. */
async function idle(server: Started, crowd: Crowd, targets: readonly string[], rounds: number) {
  await crowd.open(server.url, targets.slice(-warmUp))
  await crowd.closeAll()
  const empty = await settledKibibytes(server.pid)
  const connects = [await connecting(server, crowd, targets)]
  const atOnce = residentKibibytes(server.pid)
  const busy = cpuSeconds(server.pid)
  const full = await settledKibibytes(server.pid)
  const idling = (cpuSeconds(server.pid) - busy) / (pause / 1000)
  while (connects.length < rounds) {
    await crowd.closeAll()
    await setTimeout(farewell)
    connects.push(await connecting(server, crowd, targets))
  }
  return {
    sessions: targets.length,
    'resident before MiB': Math.round(empty / 1024),
    'after MiB': Math.round(full / 1024),
    'KiB a session': rounded((full - empty) / targets.length),
    'at once': rounded((atOnce - empty) / targets.length),
    'idle CPU %': rounded(idling * 100),
    'connects/s': medianOf(connects, one => one.perSecond),
    'CPU µs a connect': medianOf(connects, one => one.microseconds),
    spread: spreadOf(connects, one => one.microseconds),
  }
}

/** The yardstick: the same on a bare `ws` server, with the flag that the server has. */
async function bareSockets({ sessions, rounds }: Options) {
  const server = await start(['--max-semi-space-size=4', broadcast], {}, /ready on (http:\S+)/)
  const crowd = new Crowd(0)
  try {
    const targets = Array.from({ length: sessions }, () => '/')
    return { kind: 'bare ws', ...(await idle(server, crowd, targets, rounds)) }
  } finally {
    await crowd.stop()
    await server.stop()
  }
}

async function idleSessions(report: Report, kind: string, shape: Shape, { sessions, tls, rounds }: Options) {
  const site = await openSite(shape, { tls })
  const { server } = site
  const crowd = new Crowd(0)
  try {
    const targets = Array.from({ length: sessions }, (_, index) => presignedTarget(server.url, userArn(2 + index)))
    const row = { kind: `${kind}${tls ? ', TLS' : ''}`, ...(await idle(server, crowd, targets, rounds)) }
    if (shape.large === 0) return row
    const before = await settledKibibytes(server.pid)
    const seconds = await crowd.open(server.url, [presignedTarget(server.url, userArn(1))])
    const after = await settledKibibytes(server.pid)
    report.tell({
      'channels of the large user': shape.large,
      'established in ms': Math.round(seconds * 1000),
      KiB: after - before,
    })
    return row
  } finally {
    await crowd.stop()
    await site.close()
  }
}

/** The number of channels that the server has read; the details of all others were read for another client before. */
async function prefetchesRead(url: string): Promise<number> {
  // An answer may be a second old.
  await setTimeout(1100)
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^carillon_prefetched_channels_total\{details="read"\} (\d+)$/m.exec(text)?.[1])
}

/** All reconnect after a restart, and all prefetch; another client sends calls meanwhile. */
async function restart(report: Report, shape: Shape, perSecond: number, { sessions, tls }: Options) {
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
    const atStart = cpuSeconds(server.pid)
    const established = await crowd.open(server.url, targets(prefetching), { perSecond })
    const memory = residentMebibytes(server.pid)
    const isWhole = await crowd.until(sessions * Math.min(50, shape.each), 20_000)
    const seconds = (milliseconds() - start) / 1000
    const callTimes = await calls?.end()
    const cpu = cpuSeconds(server.pid) - atStart
    const told = crowd.figure('events')
    report.table('all come back after a restart', [
      {
        sessions,
        'stopped after s': rounded(stopped),
        'established after s': rounded(established),
        'prefetched after s': isWhole ? rounded(seconds) : 'never',
        'channels sent': told,
        'of these read': tls ? undefined : await prefetchesRead(server.url),
        'MiB sent': Math.round(crowd.figure('bytes') / 2 ** 20),
        refused: crowd.figure('refused') - before.refused,
        closed: crowd.figure('closed') - before.closed,
        'calls p50 ms': callTimes && rounded(percentile(callTimes, 0.5)),
        'p99 ms': callTimes && rounded(percentile(callTimes, 0.99)),
        'CPU s': rounded(cpu),
        'µs a channel': Math.round((cpu * 1e6) / told),
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

/** Sockets that only listen: memory and connects; with --prefetch, all of them reconnect after a restart. */
export async function sockets(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      sessions: { type: 'string', default: '10000' },
      'channels-of-user': { type: 'string', default: '50' },
      'members-of-channel': { type: 'string', default: '20' },
      large: { type: 'string', default: '20000' },
      rounds: { type: 'string', default: '3' },
      tls: { type: 'boolean', default: false },
      prefetch: { type: 'boolean', default: false },
      'per-second': { type: 'string', default: '5000' },
      messages: { type: 'string', default: '20' },
    },
  })
  const options = { sessions: Number(values.sessions), tls: values.tls, rounds: Number(values.rounds) }
  const each = Number(values['channels-of-user'])
  const memberships = options.sessions * each
  const channels = Math.ceil(memberships / Number(values['members-of-channel']))
  const people = { users: options.sessions, each }
  const report = new Report(`sockets${values.prefetch ? '-prefetch' : ''}${values.tls ? '-tls' : ''}`, values)
  if (values.prefetch) {
    const messages = Number(values.messages)
    await restart(report, { ...people, channels, large: 0, messages }, Number(values['per-second']), options)
  } else {
    const large = Math.min(Number(values.large), channels)
    const connected = `${each} channels with ${values['members-of-channel']} connected members each`
    report.table('idle sockets', [
      await bareSockets(options),
      await idleSessions(report, 'no channels', { users: options.sessions, each: 0, channels: 0, large: 0 }, options),
      await idleSessions(report, connected, { ...people, channels, large }, options),
      await idleSessions(report, `${each} channels that nobody else is in`, { ...people, channels: memberships, large: 0 }, options),
    ])
  }
  await report.keep()
}
