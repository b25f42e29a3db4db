import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Carillon } from '../server/src/client/carillon.ts'
import { Crowd, milliseconds } from './support/crowd.ts'
import { appInstanceArn, channelArn, membersByChannel, userArn } from './support/fill.ts'
import { percentile } from './support/load.ts'
import { cpuSeconds } from './support/process.ts'
import { Report } from './support/report.ts'
import { median, rounded, spread } from './support/rounds.ts'
import { openSite, type Site } from './support/server.ts'
import { presignedTarget, rootKey } from './support/signed.ts'

/** The most people that a watch names. */
const mostPeople = 200
/** Sessions are sent events every two seconds. */
const tellingSeconds = 2
/** The seconds for which a user who has disconnected counts as online. */
const graceSeconds = 15

interface Options {
  readonly users: number
  readonly watchers: number
  readonly seconds: number
}

/** The channels' members: the first of each channel stay and watch, the others connect and disconnect. */
function partsOf(channels: readonly (readonly number[])[], watchers: number) {
  const each = Math.floor(watchers / channels.length)
  return {
    staying: channels.flatMap((members, index) => members.slice(0, each).map(user => ({ user, channel: index + 1, members }))),
    // In turn of each channel, so that in no channel all connect at once.
    moving: channels[0]!.slice(each).flatMap((_, index) => channels.flatMap(members => members.slice(each)[index] ?? [])),
  }
}

type Staying = ReturnType<typeof partsOf>['staying']

/** The sessions that stay. */
async function listening(site: Site, staying: Staying) {
  const crowd = new Crowd(0)
  const sessions = staying.map(({ user }) => ({ SessionId: crypto.randomUUID(), ChimeBearer: userArn(user) }))
  await crowd.open(
    site.server.url,
    sessions.map(({ SessionId, ChimeBearer }) => presignedTarget(site.server.url, ChimeBearer, {}, SessionId)),
  )
  return { crowd, sessions }
}

/**
 * Every other session watches its channel, by a number if it is large; the others watch the people in it, by name. Returns the CPU
 * microseconds of one such call.
 */
async function watchAll(site: Site, carillon: Carillon, staying: Staying, sessions: Awaited<ReturnType<typeof listening>>['sessions']) {
  const before = cpuSeconds(site.server.pid)
  for (const [index, session] of sessions.entries()) {
    const { channel, members } = staying[index]!
    const watched =
      index % 2 === 0
        ? { ChannelArns: [channelArn(channel)] }
        : { AppInstanceUserArns: members.slice(0, mostPeople).map(user => userArn(user)) }
    await carillon.call('WatchPresence', { ...session, ...watched })
  }
  return ((cpuSeconds(site.server.pid) - before) * 1e6) / sessions.length
}

/** All connect within half a minute, and each disconnects half a minute later; waits until the last of them is offline. */
async function comeAndGo(site: Site, users: readonly number[], { seconds }: Options) {
  const crowd = new Crowd(0)
  const targets = users.map(user => presignedTarget(site.server.url, userArn(user)))
  const before = cpuSeconds(site.server.pid)
  const start = milliseconds()
  try {
    await crowd.open(site.server.url, targets, { perSecond: users.length / (seconds / 2), staySeconds: seconds / 2 })
    await pause(Math.max(0, seconds * 1000 - (milliseconds() - start)))
    const within = milliseconds() - start
    const spent = cpuSeconds(site.server.pid) - before
    await pause((graceSeconds + 2 * tellingSeconds) * 1000)
    return { core: spent / (within / 1000), came: crowd.figure('established'), took: within / 1000 }
  } finally {
    await crowd.stop()
  }
}

/**
 * What presence costs a server while many users connect and disconnect, and what the watching sessions get: the same load with presence and
 * without, in turn.
 */
export async function presence(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      users: { type: 'string', default: '10000' },
      channels: { type: 'string', default: '50' },
      watchers: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '60' },
      rounds: { type: 'string', default: '3' },
    },
  })
  const options = { users: Number(values.users), watchers: Number(values.watchers), seconds: Number(values.seconds) }
  const shape = { users: options.users, channels: Number(values.channels), each: 1, large: 0 }
  const report = new Report('presence', values)
  const site = await openSite(shape)
  const carillon = new Carillon({ endpoint: site.server.url, credentials: rootKey })
  const { staying, moving } = partsOf(membersByChannel(shape), options.watchers)
  const figures: Record<'with' | 'without', Awaited<ReturnType<typeof comeAndGo>>[]> = { with: [], without: [] }
  const told: { events: number; bytes: number; most: number; leastGap: number; seconds: number }[] = []
  try {
    const { crowd, sessions } = await listening(site, staying)
    let microseconds = 0
    for (let round = 0; round <= Number(values.rounds); round++) {
      for (const kind of ['without', 'with'] as const) {
        const PresenceSettings = { Enabled: kind === 'with' }
        await carillon.call('PutAppInstancePresenceSettings', { AppInstanceArn: appInstanceArn, PresenceSettings })
        // The watches of the round before are still there; they begin again so that the call is measured.
        if (kind === 'with') microseconds = await watchAll(site, carillon, staying, sessions)
        await pause(2 * tellingSeconds * 1000)
        await crowd.forget()
        const [events, bytes, start] = [crowd.figure('events'), crowd.figure('bytes'), milliseconds()]
        const figure = await comeAndGo(site, moving, options)
        // In the first round the server's code is still compiled.
        if (round === 0) continue
        figures[kind].push(figure)
        if (kind === 'without') continue
        const heard = await crowd.heard()
        told.push({
          events: crowd.figure('events') - events,
          bytes: crowd.figure('bytes') - bytes,
          most: Math.max(...heard.map(one => one.events)),
          leastGap: percentile(
            heard.map(one => one.leastGap).toSorted((a, b) => a - b),
            0.01,
          ),
          seconds: (milliseconds() - start) / 1000,
        })
      }
    }
    await crowd.stop()
    const added = figures.with.map((one, index) => (one.core - figures.without[index]!.core) * 100)
    const window = median(told.map(({ seconds }) => seconds)) / tellingSeconds
    report.tell({
      'users who come and go': moving.length,
      // A busy machine may not connect all of them in time.
      'of them came': Math.min(...Object.values(figures).flatMap(all => all.map(({ came }) => came))),
      'sessions that watch': staying.length,
      'presence, % of a core': rounded(median(added), 1),
      spread: spread(added, 1),
      'frames a watching session and 2 s, at the most': rounded(median(told.map(({ most }) => most)) / window, 2),
      'frames in all': median(told.map(({ events }) => events)),
      'MB in all': rounded(median(told.map(({ bytes }) => bytes)) / 1e6),
      'least ms between two frames of a session, p1': Math.round(median(told.map(({ leastGap }) => leastGap))),
      'CPU µs a WatchPresence': Math.round(microseconds),
    })
    report.table(
      'the server, while they come and go',
      Object.entries(figures).map(([kind, all]) => ({
        presence: kind,
        '% of a core': rounded(median(all.map(({ core }) => core)) * 100, 1),
        spread: spread(
          all.map(({ core }) => core * 100),
          1,
        ),
        seconds: rounded(median(all.map(({ took }) => took)), 1),
      })),
    )
    await report.keep()
  } finally {
    await site.close()
  }
}
