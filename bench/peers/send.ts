import type { Report } from '../support/report.ts'
import { inRounds, rounded, spread } from '../support/rounds.ts'
import type { Yardstick } from '../support/yardstick.ts'
import { requireAll, type Chat } from './chat.ts'
import { cores, costing, hello, middle, quantiles, type Figures, type Times } from './figures.ts'
import type { PeerName } from './programs.ts'
import { openChats } from './rooms.ts'
import type { Rooms } from './xmpp.ts'

/** As fast as possible with that many in flight; it ends when every reader has every message. */
async function closedLoop(chat: Chat, inFlight: number, seconds: number): Promise<Figures> {
  const costOf = costing(chat.served)
  const times = await chat.keep(inFlight, seconds)
  await requireAll(chat)
  return { ...costOf(times.length), ...quantiles(times) }
}

/** That many messages a second; the time from the moment at which each was due until the last member had it. */
async function atRate(chat: Chat, rate: number, seconds: number): Promise<Figures> {
  const costOf = costing(chat.served)
  const first = chat.next
  const { start, count } = await chat.pace(rate, seconds)
  await requireAll(chat)
  const cost = costOf(count)
  const heard = chat.listeners.lastHeard.subarray(first, first + count)
  const times = Array.from(heard, (at, index) => at - (start + (index * 1000) / rate))
  return { ...cost, perSecond: (count * 1000) / (Math.max(...heard) - start), ...quantiles(times) }
}

/** Rooms whose members are all connected, a persistent message to one after the other. */
export async function send(
  report: Report,
  {
    peers,
    yardstick,
    rooms,
    rates,
    times,
  }: { peers: readonly PeerName[]; yardstick: Yardstick; rooms: Rooms; rates: readonly number[]; times: Times },
) {
  await using stack = new AsyncDisposableStack()
  const chats = await openChats(peers, rooms, stack)
  const { seconds, rounds } = times
  const loops = Object.fromEntries(chats.map(chat => [chat.served.name, () => closedLoop(chat, 32, seconds)]))
  const figures = await inRounds({ hello: () => hello(yardstick, seconds), ...loops }, rounds)
  const greeting = middle(figures.get('hello')!, 'microseconds')
  report.table(
    `send: ${rooms.rooms} rooms of ${rooms.members} connected members, 32 in flight`,
    [...figures].map(([server, all]) => ({
      server,
      'CPU µs a message': Math.round(middle(all, 'microseconds')),
      'of it PostgreSQL': Math.round(middle(all, 'store')),
      spread: spread(all.map(({ microseconds }) => microseconds)),
      '× hello': rounded(middle(all, 'microseconds') / greeting),
      'messages/s': Math.round(middle(all, 'perSecond')),
      'deliveries/s': server === 'hello' ? undefined : Math.round(middle(all, 'perSecond') * rooms.members),
      'done p50 ms': rounded(middle(all, 'p50'), 2),
      'p99 ms': rounded(middle(all, 'p99'), 2),
      ...cores(all),
    })),
  )
  for (const rate of rates) {
    const paced = Object.fromEntries(chats.map(chat => [chat.served.name, () => atRate(chat, rate, seconds)]))
    report.table(
      `send: the same rooms, ${rate} messages a second`,
      [...(await inRounds(paced, rounds))].map(([server, all]) => ({
        server,
        'last delivery p50 ms': rounded(middle(all, 'p50')),
        'p99 ms': rounded(middle(all, 'p99')),
        p99s: spread(
          all.map(({ p99 }) => p99),
          1,
        ),
        'messages/s delivered': Math.round(middle(all, 'perSecond')),
        'CPU µs a message': Math.round(middle(all, 'microseconds')),
        'of it PostgreSQL': Math.round(middle(all, 'store')),
        ...cores(all),
      })),
    )
  }
}
