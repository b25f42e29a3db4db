import type { Database } from '../database/database.ts'
import { ownKindOf, type SocketEvent } from '../bus/socket-events.ts'
import { missedChannels, type MissedChannel } from '../nodes/missed-channels.ts'
import { Turns } from '../tools/turns.ts'
import { eventFrame, type Frame } from './frame.ts'
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
        await this.#sendHeld(session, () => session.holding?.rest())
        session.forgive()
        return 'expired'
      }
      for (const channel of channels) await this.#sendChannel(session, channel)
      await this.#sendHeld(session, () => session.holding?.rest())
      if (!session.isOpen) return 'failed'
      hub.flush()
      session.askWhetherAllArrived()
      return 'resumed'
    } catch (error) {
      failed(session, error)
      return 'failed'
    }
  }

  /** Sends frames, and waits for the client to read where much of them is unread. */
  async #sendPaced(session: Session, frames: Iterable<Frame>) {
    const { hub } = this.#wiring
    for (const frame of frames) {
      if (!session.isOpen) return
      hub.send(session, frame, { isPaced: true })
      if (!session.isFull) continue
      hub.flush()
      if (session.isCongested) await new Promise<void>(resolve => session.onceDrained(resolve))
    }
  }

  /** Sends held frames until there are none. */
  async #sendHeld(session: Session, next: () => Frame[] | undefined) {
    for (let frames = next(); frames?.length && session.isOpen; frames = next()) await this.#sendPaced(session, frames)
    if (session.isOpen && session.holding?.isOverfull) throw new Error('Too many events arrived while a session was sent missed ones')
  }

  async #sendChannel(session: Session, channel: MissedChannel) {
    let sentUpTo = channel.after
    for (let isLeft = true; isLeft && session.isOpen;) {
      const read = await this.#turns.take(() => channel.read(sentUpTo))
      await this.#sendPaced(session, framesFor(session, channel, read.events))
      sentUpTo = read.upTo
      isLeft = read.isLeft
    }
    await this.#sendHeld(session, () => session.holding?.next(channel.channelId, sentUpTo))
  }
}

/** The frames of those events that are for this session. */
function* framesFor(session: Session, channel: MissedChannel, events: readonly SocketEvent[]) {
  for (const event of events) if (isFor(event, session, channel)) yield eventFrame(event)
}

/** Whether the event is for this session in this channel. */
function isFor({ type, only, subChannelId }: SocketEvent, { userId, eventKinds }: Session, { subChannelIds }: MissedChannel): boolean {
  const own = ownKindOf(type)
  if (own && !eventKinds.has(own)) return false
  return only ? only.includes(userId) : subChannelId === undefined || subChannelIds.includes(subChannelId)
}
