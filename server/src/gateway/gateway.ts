import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { WebSocketServer, type WebSocket } from 'ws'
import { isPresenceEvent, isSocketEvent, type BusEvent, type SocketEvent } from '../bus/socket-events.ts'
import type { Sender } from '../http/sender.ts'
import { known, type SessionOfUser } from '../nodes/session-of-user.ts'
import type { PrefetchOrder } from '../store/prefetch.ts'
import { connectedUsers, isTaken, type ConnectedTo, type ConnectedUser } from '../store/nodes.ts'
import type { Page } from '../store/page.ts'
import { closeCodes } from './close-codes.ts'
import { connectedHere } from './connected.ts'
import { Entrance, type CatchUp } from './entrance.ts'
import { sessionEstablished } from './frame.ts'
import { Hub } from './hub.ts'
import { Prefetch } from './prefetch.ts'
import { Presence } from './presence.ts'
import { Resume } from './resume.ts'
import { SessionSocket, sessionOf, type Session } from './session.ts'
import { Typing } from './typing.ts'
import type { Wiring } from './wiring.ts'

/** Clients send nothing that the server uses; a larger frame ends the session with 1009. */
const largestFrame = 4096
/** The most fragments of one message; more of them end the session with 1008. */
const mostFragments = 100
/** The most pongs that may wait to be read; a client that pings and does not read is cut off. */
const mostWaitingPongs = 60
/** The time that a peer has to answer a close before it is cut off. */
const closeMilliseconds = 5000
/** At a stop, how many sockets are closed in a second, and the longest time for all. With more sockets the rate is higher. */
const drainedPerSecond = 500
const drainSeconds = 5
const drainStepsPerSecond = 10

/** The client has sent an invalid WebSocket frame; `ws` has closed the connection with the reason. */
function heardInvalidFrame(this: WebSocket) {
  sessionOf(this)?.bound()
}

/** Neither compression nor fragments: sessions write whole frames beside `ws`. */
const socketOptions = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: largestFrame,
  maxFragments: mostFragments,
  maxPendingAutoPongs: mostWaitingPongs,
  closeTimeout: closeMilliseconds,
  WebSocket: SessionSocket,
}

/**
 * The WebSocket side: GET /connect becomes a session. The upgrade is always accepted, since clients learn nothing from a
 * refused one; a client that may not connect gets a close code. Retryable codes come only once the session is established, because
 * a client that is closed before then waits for ever (docs/service/clients.md#closing-and-reconnecting).
 */
export class Gateway {
  readonly #wiring: Wiring
  readonly #server = new WebSocketServer(socketOptions)
  readonly #hub: Hub
  readonly #prefetch: Prefetch
  readonly #resume: Resume
  readonly #entrance: Entrance
  readonly #typing: Typing
  readonly presence: Presence
  readonly #ticking: NodeJS.Timeout

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const { bus, db, now, log } = wiring
    const tooSlow = (session: Session) => {
      wiring.metrics.slowSessions.inc()
      this.#end(session, closeCodes.tryLater, 'Too slow: the client has left more than 1 MiB unread')
    }
    this.#hub = new Hub(wiring.turnEnd, tooSlow, wiring.faults)
    const failed = (session: Session, error: unknown) => {
      log.error({ err: error }, 'A new session cannot be sent its channels')
      this.#end(session, closeCodes.tryLater, 'The service is temporarily unavailable')
    }
    this.presence = new Presence({ ...wiring, hub: this.#hub })
    this.#typing = new Typing(wiring.typingSeconds * 1000)
    this.#prefetch = new Prefetch({ db, now, failed, hub: this.#hub, arrivals: wiring.arrivals, metrics: wiring.metrics })
    this.#resume = new Resume({ db, now, failed, hub: this.#hub })
    this.#entrance = new Entrance(wiring, {
      hub: this.#hub,
      sessionOf: claim => this.#sessionOf(claim),
      sureAt: session => this.#sureAt(session),
      replace: (userId, id) => this.#replace(userId, id),
      begin: (session, since) => this.#resume.begin(session, since),
      listen: (ws, session) => this.#listen(ws, session),
      catchUp: (session, given) => void this.#catchUp(session, given),
    })
    bus.subscribe({
      hear: event => {
        try {
          this.#hear(event)
        } catch (error) {
          // The publisher's transaction is committed, and must not fail because of a socket.
          log.error({ err: error, type: event.type }, 'An event could not be delivered to the sockets')
        }
      },
      subChannelIdsIn: channelId => this.#hub.subChannelIdsIn(channelId),
      userIds: () => this.#hub.userIds(),
      join: (userId, place) => {
        for (const session of this.#hub.sessionsOf(userId)) this.#hub.join(session, [place])
      },
      lost: (channelId, since) => {
        for (const session of this.#hub.sessionsIn(channelId)) this.#end(session, closeCodes.restart, 'Too much was missed', since)
      },
    })
    wiring.allSessions?.compare(({ userId, id }) => this.#replace(userId, id))
    wiring.access.onChange(() => this.#checkKeys())
    this.#ticking = setInterval(() => this.#tick(), 1000).unref()
  }

  /** Takes over a connection that asks for a WebSocket. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, sender: Sender) {
    const { url = '', headers } = request
    this.#server.handleUpgrade(request, socket, head, ws => {
      ws.on('error', heardInvalidFrame)
      void this.#entrance.arrive(ws, socket, { url, host: headers.host ?? '', headers, ...sender })
    })
  }

  /** Whether the session is open, here or on another node. */
  async hasSession(session: SessionOfUser): Promise<boolean> {
    return (
      this.#sessionOf(session) !== undefined || (this.#wiring.allSessions !== undefined && (await isTaken(this.#wiring.db, known(session))))
    )
  }

  /** A page of the users with a socket, here or on any node. */
  async connected(to: ConnectedTo, after: number, limit: number): Promise<Page<ConnectedUser>> {
    const { allSessions, nodeName, db } = this.#wiring
    return allSessions ? connectedUsers(db, to, after, limit) : connectedHere(this.#hub, to, nodeName, after, limit)
  }

  /**
   * Closes many sessions over some seconds, so that their clients do not all reconnect to the other nodes in one second. A single node, and
   * a node with few sessions, closes them with `close` instead.
   */
  async drain() {
    const sessions = this.#hub.allSessions()
    if (!this.#wiring.allSessions || sessions.length <= drainedPerSecond) return
    const portionOfStep = Math.ceil(Math.max(drainedPerSecond, sessions.length / drainSeconds) / drainStepsPerSecond)
    for (let start = 0; start < sessions.length; start += portionOfStep) {
      for (const session of sessions.slice(start, start + portionOfStep))
        if (session.isOpen) this.#end(session, closeCodes.restart, 'The server restarts')
      await setTimeout(1000 / drainStepsPerSecond)
    }
  }

  /** Closes all sessions with a code after which their clients connect again, and accepts no more connections. */
  close() {
    clearInterval(this.#ticking)
    void this.presence.close()
    this.#entrance.close()
    for (const session of this.#hub.allSessions()) this.#end(session, closeCodes.restart, 'The server restarts')
  }

  /** Closes the sessions of a user, or all of them, with a code that a test has chosen; returns how many. */
  closeSessions(userId: number | undefined, code: number, reason: string): number {
    const sessions = userId === undefined ? this.#hub.allSessions() : [...this.#hub.sessionsOf(userId)]
    for (const session of sessions) this.#end(session, code, reason)
    return sessions.length
  }

  #hear(event: BusEvent) {
    if (isSocketEvent(event)) {
      this.#wiring.metrics.events.inc({ type: event.type })
      this.#deliver(event)
      return
    }
    if (isPresenceEvent(event)) {
      this.presence.hear(event)
      return
    }
    if (event.type === 'session-taken') {
      if (event.nodeId !== this.#wiring.allSessions?.nodeId) this.#replace(event.userId, event.sessionId)
      return
    }
    if (event.type === 'user-deleted') this.presence.userGone(event.userId)
    for (const session of this.#hub.departed(event)) this.#end(session, closeCodes.forbidden, 'The user has been deleted')
  }

  #deliver(event: SocketEvent) {
    if (event.moves || event.type === 'DELETE_CHANNEL') this.presence.before(event)
    if (event.type === 'UPDATE_TYPING_INDICATOR' && !this.#typing.take(event, Date.now())) return
    this.#hub.deliver(event)
    const after = this.#typing.after(event)
    if (after) this.#hub.deliver(after)
  }

  /** Sends the events that the client has missed, as far as they are still stored, and then its prefetch. */
  async #catchUp(session: Session, { since, parameters, retentionDays }: CatchUp) {
    if (since !== undefined) this.#wiring.metrics.resumes.inc({ outcome: await this.#resume.sendMissed(session, since) })
    if (parameters.get('prefetch-on') !== 'connect' || !session.isOpen) return
    const order: PrefetchOrder = parameters.get('prefetch-sort-by') === 'last-message-timestamp' ? 'last-message-timestamp' : 'unread'
    this.#prefetch.add({ session, order, retentionDays })
  }

  #sessionOf({ userId, id }: SessionOfUser): Session | undefined {
    return this.#hub.sessionsOf(userId).find(session => session.id === id)
  }

  /** Ends the session with that id, since a newer one exists. */
  #replace(userId: number, id: string) {
    const older = this.#sessionOf({ userId, id })
    if (older) this.#end(older, closeCodes.replaced, 'Another connection has the same sessionId')
  }

  #listen(ws: SessionSocket, session: Session) {
    const { metrics } = this.#wiring
    metrics.sessions.inc()
    ws.session = session
    ws.on('pong', this.#heardPong)
    ws.on('ping', this.#heardPing)
    ws.on('message', this.#heardFrame)
    ws.on('close', this.#heardClose)
  }

  readonly #heardFrame = this.#listener(session => this.#received(session))

  readonly #heardPong = this.#listener((session, data: Buffer) => {
    session.pong(data)
    this.#received(session)
  })

  /** Lets `ws` answer a ping, unless too many answers are unread. */
  readonly #heardPing = this.#listener(session => {
    if (!session.isCutOff) this.#received(session)
    else {
      this.#wiring.metrics.slowSessions.inc()
      session.terminate()
      this.#hub.leave(session)
    }
  })

  readonly #heardClose = this.#listener((session, code: number) => {
    this.#wiring.metrics.sessions.dec()
    this.#leaves(session, code)
    this.#wiring.allSessions?.release(session.claim)
    this.#hub.leave(session)
  })

  /** One listener for all sockets. */
  #listener<Given extends unknown[]>(heard: (session: Session, ...given: Given) => void) {
    return function (this: WebSocket, ...given: Given) {
      const session = sessionOf(this)
      if (session) heard(session, ...given)
    }
  }

  #received(session: Session) {
    if (!session.received()) this.#end(session, closeCodes.forbidden, 'Too many frames: the server expects none from a client')
  }

  /** If the client closes, the session ends. A client whose connection was lost, or that confirms a close of the server, may reconnect. */
  #leaves(session: Session, code: number) {
    const { resumable } = this.#wiring
    if (session.closedAt === undefined && clientEnds.has(code)) resumable?.ended(session.claim)
    // A client that answers a close has read everything that was sent before it.
    else resumable?.lost(session.claim, code === 1006 ? this.#sureAt(session) : (session.closedAt ?? this.#sureAt(session)))
  }

  /** `since` is when the session has received everything for certain, if that is earlier than it looks. */
  #end(session: Session, code: number, reason: string, since = Infinity) {
    const sureAt = Math.min(this.#sureAt(session), since)
    if (retryableCodes.has(code) && session.isOpen && !session.isEstablished) session.establish(sessionEstablished)
    session.close(code, reason, Math.min(this.#wiring.bus.heardUntil(), since))
    if (finalCodes.has(code)) this.#wiring.resumable?.ended(session.claim)
    else this.#wiring.resumable?.lost(session.claim, sureAt)
    this.#wiring.allSessions?.release(session.claim)
    this.#hub.leave(session)
  }

  /** The client has received everything from before then. */
  #sureAt({ sureAt }: Session): number {
    return Math.min(sureAt, this.#wiring.bus.heardUntil())
  }

  /** Ends the sessions of keys that are disabled or deleted, or whose role or master key is gone. */
  #checkKeys() {
    for (const session of this.#hub.allSessions()) this.#checkKey(session)
  }

  #checkKey(session: Session): boolean {
    const isGood = this.#wiring.isGood(session.key)
    if (!isGood) this.#end(session, closeCodes.unauthorized, 'Unauthorized: the access key is no longer valid')
    return isGood
  }

  #tick() {
    const { pingSeconds, metrics, resumable } = this.#wiring
    const now = Date.now()
    for (const event of this.#typing.ended(now)) this.#hub.deliver(event)
    for (const session of this.#hub.allSessions()) {
      const { key } = session
      if (!this.#checkKey(session)) continue
      if (key.expiresAt !== undefined && key.expiresAt <= now) this.#end(session, closeCodes.goingAway, 'The credentials have expired')
      else if (!session.tick(now, pingSeconds * 1000)) {
        metrics.deadSessions.inc()
        session.terminate()
        this.#hub.leave(session)
      }
      const late = session.lateSince(now) && this.#sureAt(session)
      if (late !== session.reportedLateSince) resumable?.standsAt(session.claim, (session.reportedLateSince = late))
    }
  }
}

/** A client that closes with one of these codes does not want to reconnect (docs/service/clients.md#closing-and-reconnecting). */
const clientEnds: ReadonlySet<number> = new Set([1000, 1001, 1005])
/** Clients understand these only once their session is established (docs/service/clients.md#closing-and-reconnecting). */
const retryableCodes: ReadonlySet<number> = new Set([closeCodes.goingAway, closeCodes.restart, closeCodes.tryLater])
/** A session that is closed with one of these is not resumed. */
const finalCodes: ReadonlySet<number> = new Set([closeCodes.forbidden, closeCodes.unauthorized])
