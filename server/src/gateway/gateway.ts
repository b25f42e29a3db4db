import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as turn, setTimeout } from 'node:timers/promises'
import { WebSocket, WebSocketServer } from 'ws'
import { parseArn, type Arn } from '../arn.ts'
import { upToDate, type Access } from '../auth/access.ts'
import type { Presigned, PresignedRequest } from '../auth/signature/presigned-url.ts'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import type { Arrivals } from '../http/arrivals.ts'
import { Trail, type AuditLog } from '../observe/audit.ts'
import type { Bus } from '../bus/bus.ts'
import { isSocketEvent, type BusEvent } from '../bus/socket-events.ts'
import type { Limits } from '../settings/limits.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Refusals } from '../observe/refusals.ts'
import type { Origin } from '../auth/origin.ts'
import type { Sender } from '../http/sender.ts'
import type { ConnectRate } from '../rates/operation-rates.ts'
import type { TurnEnd } from '../tools/turn-end.ts'
import { Turns } from '../tools/turns.ts'
import type { Database } from '../database/database.ts'
import { placesAfter } from '../store/memberships.ts'
import type { ResumableSessions } from '../nodes/resumable-sessions.ts'
import type { SessionOfUser } from '../nodes/session-of-user.ts'
import type { SessionsOfNodes } from '../nodes/sessions.ts'
import type { PrefetchOrder } from '../store/prefetch.ts'
import { boundClient } from './bounded-client.ts'
import { closeCodes, closeReason, type CloseCode } from './close-codes.ts'
import { Refusal, livingUser, requirePermitted, unauthorized, verified, type Asking } from './who-connects.ts'
import { sessionEstablished } from './frame.ts'
import { Hub } from './hub.ts'
import { Prefetch } from './prefetch.ts'
import { Resume } from './resume.ts'
import { Session } from './session.ts'

/** Clients send nothing that the server uses; a larger frame ends the session with 1009. */
const largestFrame = 4096
/** The most fragments of one message; more of them end the session with 1008. */
const mostFragments = 100
/** The most pongs that may wait to be read; a client that pings and does not read is cut off. */
const mostWaitingPongs = 60
/** The time that a peer has to answer a close before it is cut off. */
const closeMilliseconds = 5000
/** At a stop so many sockets are closed in a second, or more if the stop would take longer than that. */
const drainedPerSecond = 500
const drainSeconds = 5
const drainStepsPerSecond = 10
/** How many memberships are read at once. */
const portion = 2000
/** How many sockets may be on their way to a session at once: they share the connections to the database with the calls. */
const joiningAtOnce = 4

interface Wiring extends Asking {
  readonly db: Database
  readonly bus: Bus
  readonly turnEnd: TurnEnd
  readonly arrivals: Arrivals
  readonly access: Access & { onChange(listener: () => void): void }
  /** Whether a key that has signed is still valid. */
  readonly isGood: (key: AccessKey) => boolean
  readonly limits: Limits
  /** How fast one user may connect, with all its sessions. */
  readonly connectRate: ConnectRate
  readonly pingSeconds: number
  /** Undefined on a single node. */
  readonly allSessions: SessionsOfNodes | undefined
  /** Undefined with --resume off. */
  readonly resumable: ResumableSessions | undefined
  readonly log: Log
  readonly refusals: Refusals
  readonly metrics: Metrics
  /** Undefined where there is none. */
  readonly audit: AuditLog | undefined
}

/** What a new session is told. */
interface Telling extends Pick<Presigned, 'parameters'> {
  /** The time since when its client has missed something; undefined for a new client. */
  readonly since: number | undefined
  readonly retentionDays: number | undefined
}

/** Its session, once it has one, so that all sockets share their listeners. */
class SessionSocket extends WebSocket {
  session: Session | undefined
}

const sessionOf = (ws: WebSocket) => (ws as SessionSocket).session

/** The client has sent something that is no valid WebSocket frame; `ws` has closed the connection with the reason. */
function failed(this: WebSocket) {
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
  readonly #joining = new Turns(joiningAtOnce)
  /** Sockets that have no session yet. */
  readonly #arriving = new Map<SessionSocket, Socket>()
  readonly #ticking: NodeJS.Timeout
  #isClosing = false

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const { bus, db, now, log } = wiring
    this.#hub = new Hub(wiring.turnEnd, session => {
      wiring.metrics.slowSessions.inc()
      this.#end(session, closeCodes.tryLater, 'Too slow: the client has left more than 1 MiB unread')
    })
    const failed = (session: Session, error: unknown) => {
      log.error({ err: error }, 'A new session cannot be told what there is')
      this.#end(session, closeCodes.tryLater, 'The service is temporarily unavailable')
    }
    this.#prefetch = new Prefetch({ db, now, failed, hub: this.#hub, arrivals: wiring.arrivals, metrics: wiring.metrics })
    this.#resume = new Resume({ db, now, failed, hub: this.#hub })
    bus.subscribe({
      hear: event => {
        try {
          this.#hear(event)
        } catch (error) {
          // The publisher has committed, and must not fail because of a socket.
          log.error({ err: error, type: event.type }, 'An event could not be delivered to the sockets')
        }
      },
      flush: () => this.#hub.flush(),
      placesIn: channelId => this.#hub.placesIn(channelId),
      userIds: () => this.#hub.userIds(),
      join: (userId, place) => {
        for (const session of this.#hub.sessionsOf(userId)) this.#hub.join(session, [place])
      },
      lost: channelId => {
        for (const session of this.#hub.sessionsIn(channelId)) this.#end(session, closeCodes.restart, 'Too much was missed')
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
      ws.on('error', failed)
      void this.#arrive(ws, socket, { url, host: headers.host ?? '', headers, ...sender })
    })
  }

  /**
   * Closes many sessions over some seconds, so that the other nodes do not get all of their clients in one. A single node closes
   * them with `close`: its clients can go nowhere before its restart. So does a node with few.
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
    this.#isClosing = true
    clearInterval(this.#ticking)
    for (const [ws, socket] of this.#arriving) restarts(ws, socket)
    for (const session of this.#hub.allSessions()) this.#end(session, closeCodes.restart, 'The server restarts')
  }

  #hear(event: BusEvent) {
    if (isSocketEvent(event)) {
      this.#wiring.metrics.events.inc({ type: event.type })
      this.#hub.deliver(event)
      return
    }
    if (event.type === 'session-taken') {
      if (event.nodeId !== this.#wiring.allSessions?.nodeId) this.#replace(event.userId, event.sessionId)
      return
    }
    for (const session of this.#hub.departed(event)) this.#end(session, closeCodes.forbidden, 'The user has been deleted')
  }

  async #arrive(ws: SessionSocket, socket: Socket, request: PresignedRequest & Sender & Origin) {
    const { access, metrics, log, refusals, audit } = this.#wiring
    const trail = audit && new Trail()
    let refusal: CloseCode = closeCodes.tryLater
    this.#arriving.set(ws, socket)
    const liftBound = boundClient(ws, socket)
    try {
      await upToDate(access, async () => {
        const presigned = verified(this.#wiring, request)
        trail?.signed(presigned.key)
        const user = parseArn(presigned.parameters.get('userArn') ?? '')
        trail?.names(user)
        await this.#joining.take(async () => this.#admit(ws, socket, user, presigned, request))
      })
      if (ws.session) liftBound()
    } catch (error) {
      if (error instanceof Refusal) {
        refusal = error.code
        metrics.refusedSessions.inc({ code: error.code })
        refusals.write({ code: error.code, sourceAddress: request.sourceAddress, reason: error.message }, 'A connection is refused')
        ws.close(error.code, closeReason(error.message))
      } else {
        log.error({ err: error }, 'A connection has failed')
        tryLater(ws, socket, 'The service is temporarily unavailable')
      }
    } finally {
      this.#arriving.delete(ws)
      const outcome = ws.readyState === ws.OPEN ? { status: 101, outcome: 'Success' } : { status: refusal, outcome: 'Refused' }
      if (trail) audit?.write({ operation: 'Connect', ...trail.entry, sourceAddress: request.sourceAddress, ...outcome })
    }
  }

  async #admit(ws: SessionSocket, socket: Socket, user: Arn | undefined, { key, parameters }: Presigned, origin: Origin) {
    const { limits, connectRate, pingSeconds, allSessions, resumable } = this.#wiring
    const arn = parameters.get('userArn') ?? ''
    const id = parameters.get('sessionId')
    if (!id) throw unauthorized('sessionId is missing')
    if (key.principal.permissions) await requirePermitted(this.#wiring, key.principal, arn, origin)
    const { caller, retentionDays } = await livingUser(this.#wiring, user)
    const { id: userId, appInstanceId } = caller
    const claim = { userId, id }
    const older = this.#sessionOf(claim)
    const since = await resumable?.find(claim, older && this.#sureAt(older))
    if (ws.readyState !== ws.OPEN || this.#isClosing) return restarts(ws, socket)
    if (!this.#sessionOf(claim) && this.#hub.sessionsOf(userId).length >= limits.connectionsPerUser)
      throw tooMany(limits.connectionsPerUser)
    if (!connectRate.take(arn)) {
      const { atOnce, perSecond } = connectRate.rate
      return tryLater(ws, socket, `The user connects too often: ${atOnce} at once, then ${perSecond} a second`)
    }
    if (allSessions) await this.#take(allSessions, claim, since)
    if (ws.readyState !== ws.OPEN || this.#isClosing) {
      allSessions?.release(claim)
      if (allSessions && !this.#sessionOf(claim)) {
        // It was written with the claim, and nobody else forgets it.
        resumable?.opened(claim, since)
        resumable?.lost(claim, since ?? Date.now())
      }
      return restarts(ws, socket)
    }
    // Only now: a connection that is refused must not end the older one.
    this.#replace(userId, id)

    const session = new Session(ws, socket, { id, userId, appInstanceId, key, claim, nextPing: Date.now() + pingSeconds * 1000 })
    if (since !== undefined) this.#resume.begin(session, since)
    resumable?.opened(claim, since)
    this.#hub.enter(session)
    this.#listen(ws, session)
    await this.#join(session, user)
    if (!session.isOpen) return
    session.establish(sessionEstablished)
    // Not a part of the joining, which others wait for: a client that does not read waits alone.
    void this.#tell(session, { since, parameters, retentionDays })
  }

  /** Sends what the client has missed, as far as it is still stored, and then what it wants to know of its channels. */
  async #tell(session: Session, { since, parameters, retentionDays }: Telling) {
    if (since !== undefined) this.#wiring.metrics.resumes.inc({ outcome: await this.#resume.tell(session, since) })
    if (parameters.get('prefetch-on') !== 'connect' || !session.isOpen) return
    const order: PrefetchOrder = parameters.get('prefetch-sort-by') === 'last-message-timestamp' ? 'last-message-timestamp' : 'unread'
    this.#prefetch.add({ session, order, retentionDays })
  }

  /** Takes the session unless the user has too many on all nodes; a session with the same id on another node ends. */
  async #take(allSessions: SessionsOfNodes, claim: SessionOfUser, since: number | undefined) {
    const { limits, bus, resumable } = this.#wiring
    const outcome = await allSessions.take(claim, limits.connectionsPerUser, async tx => resumable?.put(tx, claim, since))
    if (outcome === 'full') throw tooMany(limits.connectionsPerUser)
    const { userId, id: sessionId } = claim
    if (outcome === 'replaced') bus.publish({ type: 'session-taken', userId, sessionId, nodeId: allSessions.nodeId })
  }

  #sessionOf({ userId, id }: SessionOfUser): Session | undefined {
    return this.#hub.sessionsOf(userId).find(session => session.id === id)
  }

  /** Ends the session with that id, since a newer one exists. */
  #replace(userId: number, id: string) {
    const older = this.#sessionOf({ userId, id })
    if (older) this.#end(older, closeCodes.replaced, 'Another connection has the same sessionId')
  }

  /** The session has entered the hub before: it misses no change that happens while its memberships are read. */
  async #join(session: Session, user: Arn | undefined) {
    const { following } = this.#wiring.bus
    try {
      await following?.enter(session.userId)
      for (let after = 0; session.isOpen;) {
        const places = await placesAfter(this.#wiring.db, session.userId, after, portion)
        const hasNew = await following?.join(places.map(({ channelId }) => channelId))
        // The user may have left on another node before the events of the channel arrive here. A new membership is told to the user.
        const ids = hasNew && new Set((await placesAfter(this.#wiring.db, session.userId, after, portion)).map(({ id }) => id))
        this.#hub.join(session, ids ? places.filter(({ id }) => ids.has(id)) : places)
        if (places.length < portion) break
        after = places.at(-1)!.id
        await turn()
      }
      // Nor is a deletion missed that was told before it entered.
      await livingUser(this.#wiring, user)
    } catch (error) {
      this.#hub.leave(session)
      throw error
    }
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

  /** Lets `ws` answer a ping, unless the client has left too many answers unread. */
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
    // A client that answers a close has read all that was before it.
    else resumable?.lost(session.claim, code === 1006 ? this.#sureAt(session) : (session.closedAt ?? this.#sureAt(session)))
  }

  #end(session: Session, code: CloseCode, reason: string) {
    const sureAt = this.#sureAt(session)
    if (retryableCodes.has(code) && session.isOpen && !session.isEstablished) session.establish(sessionEstablished)
    session.close(code, reason, this.#wiring.bus.heardUntil())
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
      if (late !== session.toldLateSince) resumable?.standsAt(session.claim, (session.toldLateSince = late))
    }
  }
}

/** A client that closes with one of these codes does not want to reconnect (docs/service/clients.md#closing-and-reconnecting). */
const clientEnds: ReadonlySet<number> = new Set([1000, 1001, 1005])
/** Clients understand these only once their session is established (docs/service/clients.md#closing-and-reconnecting). */
const retryableCodes: ReadonlySet<CloseCode> = new Set([closeCodes.goingAway, closeCodes.restart, closeCodes.tryLater])
/** A session that is closed with one of these is not resumed. */
const finalCodes: ReadonlySet<CloseCode> = new Set([closeCodes.forbidden, closeCodes.unauthorized])

const tooMany = (most: number) => new Refusal(closeCodes.forbidden, `Forbidden: the user has ${most} connections already`)

/** Closes with a retryable code, which clients understand only once their session is established. */
function closeEarly(ws: WebSocket, socket: Socket, code: CloseCode, reason: string) {
  if (ws.readyState !== ws.OPEN) return
  socket.write(sessionEstablished)
  ws.close(code, closeReason(reason))
}

const tryLater = (ws: WebSocket, socket: Socket, reason: string) => closeEarly(ws, socket, closeCodes.tryLater, reason)
const restarts = (ws: WebSocket, socket: Socket) => closeEarly(ws, socket, closeCodes.restart, 'The server restarts')
