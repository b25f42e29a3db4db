import type { Listeners } from '../support/crowd.ts'
import type { Paced } from './pace.ts'
import type { Served } from './served.ts'
import { XmppCrowd, type Rooms, type XmppServer } from './xmpp.ts'

/** More messages than a part of this bench sends to one server. */
export const numbers = 2_000_000

/** A server with rooms whose members are all connected; the messages to them are numbered from 1 on. */
export interface Chat {
  readonly served: Served
  readonly rooms: Rooms
  readonly listeners: Listeners
  /** The number of the next message. */
  next: number
  /** Keeps that many messages in flight; returns how long each took until its sender knew that it is done. */
  keep(inFlight: number, seconds: number): Promise<readonly number[]>
  /** Sends that many at once, and again when they are done and no more than `behind` messages are on their way to their readers. */
  burst(options: { together: number; behind: number; seconds: number }): Promise<void>
  pace(rate: number, seconds: number): Promise<Paced>
}

/** Waits until every reader has every message; throws where one is missing or was heard twice. */
export async function requireAll({ served, rooms, listeners, next }: Chat) {
  if (!(await listeners.until((next - 1) * rooms.members, 30_000))) {
    throw new Error(`${served.name}: ${(next - 1) * rooms.members - listeners.figure('events')} deliveries are missing`)
  }
  for (let number = 1; number < next; number++) {
    const times = listeners.timesHeard[number]
    if (times !== rooms.members) throw new Error(`${served.name}: message ${number} was heard ${times} times by ${rooms.members}`)
  }
}

/** Rooms of an XMPP server: a message is done when it has come back to its sender. */
export class XmppChat implements Chat {
  readonly served: XmppServer
  readonly rooms: Rooms
  readonly listeners = new XmppCrowd(numbers)
  next = 1

  constructor(served: XmppServer, rooms: Rooms) {
    this.served = served
    this.rooms = rooms
  }

  async open() {
    await this.listeners.login(this.served.port, { first: 0, count: this.rooms.rooms * this.rooms.members })
    await this.listeners.join(this.rooms)
  }

  async keep(inFlight: number, seconds: number): Promise<readonly number[]> {
    const { times } = await this.listeners.keep(this.next, { inFlight, seconds })
    this.next += times.length
    return times
  }

  async burst(options: { together: number; behind: number; seconds: number }) {
    this.next += await this.listeners.burst(this.next, options)
  }

  async pace(rate: number, seconds: number): Promise<Paced> {
    const paced = await this.listeners.pace(this.next, { rate, seconds })
    this.next += paced.count
    return paced
  }
}
