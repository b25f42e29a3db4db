import type { Report } from '../support/report.ts'
import { inRounds, rounded, spread } from '../support/rounds.ts'
import type { Yardstick } from '../support/yardstick.ts'
import { requireAll, type Chat } from './chat.ts'
import { cores, costing, hello, middle, type Cost, type Times } from './figures.ts'
import type { PeerName } from './programs.ts'
import { openChats } from './rooms.ts'

/** That many at once to the members of one room; ten at once find the server busy with those before, yet no reader falls far behind. */
async function spreading(chat: Chat, together: number, seconds: number): Promise<Cost> {
  const costOf = costing(chat.served)
  const first = chat.next
  await chat.burst({ together, behind: together === 1 ? 0 : 5 * together, seconds })
  await requireAll(chat)
  const deliveries = (chat.next - first) * chat.rooms.members
  return costOf(deliveries)
}

/** One room whose members are all connected: each message alone, and ten at once. */
export async function fanout(
  report: Report,
  { peers, yardstick, members, times }: { peers: readonly PeerName[]; yardstick: Yardstick; members: number; times: Times },
) {
  await using stack = new AsyncDisposableStack()
  const chats = await openChats(peers, { rooms: 1, members }, stack)
  const { seconds, rounds } = times
  const kinds = chats.flatMap(chat => [
    [`${chat.served.name}, messages one by one`, () => spreading(chat, 1, seconds)] as const,
    [`${chat.served.name}, ten at once`, () => spreading(chat, 10, seconds)] as const,
  ])
  const figures = await inRounds({ hello: () => hello(yardstick, seconds), ...Object.fromEntries(kinds) }, rounds)
  report.table(
    `fanout: one room of ${members} connected members (hello: a request)`,
    [...figures].map(([server, all]) => ({
      server,
      'CPU µs a delivery': rounded(middle(all, 'microseconds'), 2),
      'of it PostgreSQL': rounded(middle(all, 'store'), 2),
      spread: spread(
        all.map(({ microseconds }) => microseconds),
        2,
      ),
      'deliveries/s': Math.round(middle(all, 'perSecond')),
      ...cores(all),
    })),
  )
}
