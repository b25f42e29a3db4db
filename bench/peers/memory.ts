import { setTimeout } from 'node:timers/promises'
import { userArn } from '../support/fill.ts'
import { Crowd } from '../support/crowd.ts'
import { residentKibibytes } from '../support/process.ts'
import type { Report } from '../support/report.ts'
import { rounded } from '../support/rounds.ts'
import { presignedTarget } from '../support/signed.ts'
import { startCarillon } from './carillon.ts'
import type { PeerName } from './programs.ts'
import { startPeers } from './rooms.ts'
import type { Served } from './served.ts'
import { XmppCrowd } from './xmpp.ts'

/** Long enough for a collector that waits for an idle moment. */
const pause = 12_000
/** Clients that connect first and stay, so that the memory of first use does not count for any client. */
const early = 1000

interface Idle {
  readonly served: Served
  /** Connects the users of those numbers. */
  readonly open: (users: { readonly first: number; readonly count: number }) => Promise<unknown>
}

/** The memory and CPU of clients that are connected and idle: all servers at the same time. */
export async function memory(report: Report, { peers, clients }: { peers: readonly PeerName[]; clients: number }) {
  await using stack = new AsyncDisposableStack()
  const users = early + clients
  const server = await startCarillon({ users, each: 0, channels: 0, large: 0 })
  stack.defer(() => server.stop())
  const crowd = new Crowd(0)
  stack.defer(() => crowd.stop())
  const all: Idle[] = [
    {
      served: server,
      open: ({ first, count }) =>
        crowd.open(
          server.url,
          Array.from({ length: count }, (_, index) => presignedTarget(server.url, userArn(2 + first + index))),
        ),
    },
  ]
  for (const served of await startPeers(peers, users, stack)) {
    const crowd = new XmppCrowd(0)
    stack.defer(() => crowd.stop())
    all.push({ served, open: users => crowd.login(served.port, users) })
  }
  for (const { open } of all) await open({ first: 0, count: early })
  await setTimeout(pause)
  const before = all.map(({ served }) => residentKibibytes(served.pid))
  for (const { open } of all) await open({ first: early, count: clients })
  const atOnce = all.map(({ served }) => residentKibibytes(served.pid))
  await setTimeout(pause)
  report.table(
    `memory: ${clients} connected clients that do nothing, beside ${early} others`,
    all.map(({ served }, index) => {
      const after = residentKibibytes(served.pid)
      return {
        server: served.name,
        'KiB a client': rounded((after - before[index]!) / clients),
        'at once': rounded((atOnce[index]! - before[index]!) / clients),
        'resident before MiB': Math.round(before[index]! / 1024),
        'after MiB': Math.round(after / 1024),
      }
    }),
  )
}
