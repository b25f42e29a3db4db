import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fillPostgres } from '../support/fill-postgres.ts'
import { userArn, type Shape } from '../support/fill.ts'
import { load } from '../support/load.ts'
import type { Report } from '../support/report.ts'
import { inRounds, rounded, spread } from '../support/rounds.ts'
import { removeFolder, serve } from '../support/server.ts'
import { signedGet } from '../support/signed.ts'
import type { Yardstick } from '../support/yardstick.ts'
import { startCarillon, type Carillon } from './carillon.ts'
import { command, startEjabberd, subscribe } from './ejabberd.ts'
import { Postgres, settle } from './postgres.ts'
import type { PeerName } from './programs.ts'
import { startProsody } from './prosody.ts'
import { cores, costing, hello, middle, quantiles, type Figures, type Times } from './figures.ts'
import type { Served } from './served.ts'
import { conference, host, userName, XmppCrowd, type XmppServer } from './xmpp.ts'

interface Listed extends Figures {
  /** Of an answer. */
  readonly bytes: number
}

/** Rooms that one user is in. */
const each = 50
const inFlight = 32

/** Requests over HTTP, 32 in flight. */
async function requests(served: Served, url: string, next: () => Buffer, seconds: number): Promise<Listed> {
  const costOf = costing(served)
  const { requests, p50, p99, bodyBytes: bytes } = await load(url, next, { seconds, connections: inFlight })
  return { ...costOf(requests), p50, p99, bytes }
}

/** The first pages of many users of Carillon. */
async function pages({ url }: Carillon, users: number): Promise<() => Buffer> {
  const scope = { scope: 'app-instance-user-memberships' }
  const many = await Promise.all(
    Array.from({ length: Math.min(users, 4000) }, (_, index) => signedGet(url, '/channels', scope, userArn(2 + ((index * 4999) % users)))),
  )
  let turn = 0
  return () => many[turn++ % many.length]!
}

/** Carillon with the same store in PostgreSQL. */
async function carillonOn(postgres: Postgres, shape: Shape): Promise<Carillon> {
  const databaseUrl = await postgres.create('carillon')
  await fillPostgres(databaseUrl, shape)
  await settle(databaseUrl)
  const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  const server = await serve(folder, { flags: ['--database-url', databaseUrl] })
  return {
    name: 'Carillon, PostgreSQL',
    pid: server.pid,
    storePid: postgres.pid,
    url: server.url,
    async stop() {
      await server.stop()
      await removeFolder(folder)
    },
  }
}

const bookmarks = Array.from(
  { length: each },
  (_, index) =>
    `<conference name='Team channel ${index}' autojoin='true' jid='room${index * 199}@${conference}'><nick>me</nick></conference>`,
)
const storage = (content: string) => `<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>${content}</storage></query>`

/** A text that a client has stored itself, which the server returns unchanged. */
async function bookmarked(server: XmppServer, stack: AsyncDisposableStack): Promise<(seconds: number) => Promise<Listed>> {
  const crowd = new XmppCrowd(0)
  stack.defer(() => crowd.stop())
  await crowd.login(server.port, { first: 0, count: inFlight })
  await crowd.askFor(`<iq type='set' id='set'>${storage(bookmarks.join(''))}</iq>`, { clients: inFlight, seconds: 0 })
  return async seconds => {
    const costOf = costing(server)
    const { times, bytes } = await crowd.askFor(`<iq type='get' id='get'>${storage('')}</iq>`, { clients: inFlight, seconds })
    return { ...costOf(times.length), ...quantiles(times), bytes }
  }
}

export interface ListOptions {
  readonly peers: readonly PeerName[]
  readonly yardstick: Yardstick
  /** Of Carillon. */
  readonly users: number
  readonly channels: number
  /** Of ejabberd. */
  readonly rooms: number
  readonly subscribers: number
  readonly onPostgres: boolean
  readonly times: Times
}

/** One user's fifty rooms. */
export async function list(report: Report, options: ListOptions) {
  await using stack = new AsyncDisposableStack()
  const { peers, yardstick, times } = options
  const { seconds, rounds } = times
  const shape = { users: options.users, each, channels: options.channels, large: 0 }
  const kinds: Record<string, () => Promise<Listed>> = { hello: () => hello(yardstick, seconds) }
  const carillon = await startCarillon(shape)
  stack.defer(() => carillon.stop())
  const next = await pages(carillon, shape.users)
  kinds[carillon.name] = () => requests(carillon, carillon.url, next, seconds)
  const postgres = options.onPostgres || peers.includes('ejabberd') ? stack.use(await Postgres.start()) : undefined
  if (postgres && options.onPostgres) {
    const carillon = await carillonOn(postgres, shape)
    stack.defer(() => carillon.stop())
    const next = await pages(carillon, shape.users)
    kinds[carillon.name] = () => requests(carillon, carillon.url, next, seconds)
  }
  if (postgres && peers.includes('ejabberd')) {
    const { rooms, subscribers } = options
    const ejabberd = await startEjabberd(postgres, Math.max(subscribers, inFlight))
    stack.defer(() => ejabberd.stop())
    await subscribe(ejabberd, { rooms, users: subscribers, each })
    await settle(ejabberd.storeUrl)
    let turn = 0
    const one = () => command('get_user_subscriptions', { user: userName((turn++ * 61) % subscribers), host })
    kinds[`${ejabberd.name}, get_user_subscriptions`] = () => requests(ejabberd, ejabberd.apiUrl, one, seconds)
    const blob = await bookmarked(ejabberd, stack)
    kinds[`${ejabberd.name}, bookmarks (an opaque blob)`] = () => blob(seconds)
  }
  if (peers.includes('prosody')) {
    const prosody = await startProsody(inFlight)
    stack.defer(() => prosody.stop())
    const blob = await bookmarked(prosody, stack)
    kinds[`${prosody.name}, bookmarks (an opaque blob)`] = () => blob(seconds)
  }
  const figures = await inRounds(kinds, rounds)
  report.table(
    `list: one user's ${each} rooms (Carillon: ${shape.users * each} memberships; ejabberd: ${options.rooms} rooms), ${inFlight} in flight`,
    [...figures].map(([server, all]) => ({
      server,
      'CPU µs a request': rounded(middle(all, 'microseconds')),
      'of it PostgreSQL': rounded(middle(all, 'store')),
      spread: spread(all.map(({ microseconds }) => microseconds)),
      '× hello': rounded(middle(all, 'microseconds') / middle(figures.get('hello')!, 'microseconds')),
      'requests/s': Math.round(middle(all, 'perSecond')),
      'p50 ms': rounded(middle(all, 'p50'), 2),
      'p99 ms': rounded(middle(all, 'p99'), 2),
      'body bytes': all[0]!.bytes,
      ...cores(all),
    })),
  )
}
