import type { Database } from '../database/database.ts'
import { ownKindOf, type SocketEvent } from '../bus/socket-events.ts'
import { missedChannels, type MissedChannel } from '../nodes/missed-channels.ts'
import { Turns } from '../tools/turns.ts'
import { eventFrame } from './frame.ts'
import { Holding } from './holding.ts'
import type { Hub } from './hub.ts'
import type { Session } from './session.ts'

/** How many sessions read missed events at the same time. They share the connections to the database with the calls. */
const atOnce = 4

/** The outcome for a client that reconnects: `expired` if it has missed too many events, or some from too long ago. */
type ResumeOutcome = 'resumed' | 'expired' | 'failed'

export interface CatchUpWiring {
  readonly db: Database
  readonly hub: Hub
  readonly now: () => number
  /** Called if missed events or channels cannot be sent: the socket is closed, and the client reconnects. */
  readonly failed: (session: Session, error: unknown) => void
}

/**
 * Sends clients that reconnect the events that they have missed: those of a channel in order, and before its new events. If a client does
 * not read, the rest waits until it does.
 */
export class Resume {
  readonly #wiring: CatchUpWiring
  readonly #turns = new Turns(atOnce)

  constructor(wiring: CatchUpWiring) {
    this.#wiring = wiring
  }

  /** Holds back new events of the session until `sendMissed` has sent the events that the client missed. */
  begin(session: Session, since: number) {
    session.holding = new Holding()
    session.owe(since)
  }

  /** Sends the events since that time, in epoch milliseconds. If there are too many, sends none. Never rejects. */
  async sendMissed(session: Session, since: number): Promise<ResumeOutcome> {
    const { db, hub, now, failed } = this.#wiring
    try {
      const channels = await this.#turns.take(() => missedChannels(db, session.userId, { since, behind: now() - Date.now() }))
      if (!channels) {
        this.#end(session)
        session.forgive()
        return 'expired'
      }
      for (const channel of channels) await this.#sendChannel(session, channel)
      if (!session.isOpen) return 'failed'
      if (session.holding?.isOverfull) throw new Error('Too many events arrived while a session was sent missed ones')
      this.#end(session)
      hub.flush()
      session.askWhetherAllArrived()
      return 'resumed'
    } catch (error) {
      failed(session, error)
      return 'failed'
    }
  }

  #end(session: Session) {
    for (const frame of session.holding?.rest() ?? []) this.#wiring.hub.send(session, frame)
  }

  async #sendChannel(session: Session, channel: MissedChannel) {
    const { hub } = this.#wiring
    const send = async (events: readonly SocketEvent[]) => {
      for (const event of events) {
        if (!isFor(event, session, channel)) continue
        hub.send(session, eventFrame(event), { isPaced: true })
        if (!session.isFull) continue
        hub.flush()
        if (session.isCongested) await new Promise<void>(resolve => session.onceDrained(resolve))
      }
    }
    let sentUpTo = channel.after
    for (let isLeft = true; isLeft && session.isOpen;) {
      const read = await this.#turns.take(() => channel.read(sentUpTo))
      await send(read.events)
      sentUpTo = read.upTo
      isLeft = read.isLeft
    }
    for (const frame of session.holding?.release(channel.channelId, sentUpTo) ?? []) hub.send(session, frame)
  }
}

/** Whether the event is for this session in this channel. */
function isFor({ type, only, subChannelId }: SocketEvent, { userId, eventKinds }: Session, { subChannelIds }: MissedChannel): boolean {
  const own = ownKindOf(type)
  if (own && !eventKinds.has(own)) return false
  return only ? only.includes(userId) : subChannelId === undefined || subChannelIds.includes(subChannelId)
}
