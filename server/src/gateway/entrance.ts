import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import { parseArn, type Arn } from '../arn.ts'
import { upToDate } from '../auth/access.ts'
import type { Origin } from '../auth/origin.ts'
import { ownKinds } from '../bus/socket-events.ts'
import type { Presigned, PresignedRequest } from '../auth/signature/presigned-url.ts'
import { Trail } from '../auth/trail.ts'
import { isOutage } from '../database/outage.ts'
import type { Sender } from '../http/sender.ts'
import type { ConnectedSession, SessionOfUser } from '../nodes/session-of-user.ts'
import type { SessionsOfNodes } from '../nodes/sessions.ts'
import { placesAfter } from '../store/memberships.ts'
import { messageOf } from '../tools/error-text.ts'
import { Turns } from '../tools/turns.ts'
import { boundClient } from './bounded-client.ts'
import { closeCodes, closeReason, type CloseCode } from './close-codes.ts'
import { sessionEstablished } from './frame.ts'
import type { Hub } from './hub.ts'
import { Session, type SessionSocket } from './session.ts'
import { Refusal, livingUser, requirePermitted, unauthorized, verified } from './who-connects.ts'
import type { Wiring } from './wiring.ts'

/** How many memberships are read at once. */
const portion = 2000
/** How many sockets may be on their way to a session at once. They share the connections to the database with the calls. */
const joiningAtOnce = 4

/** What the gateway needs to send a new session its channels and what its client has missed. */
export interface CatchUp extends Pick<Presigned, 'parameters'> {
  /** The time since when its client has missed something; undefined for a new client. */
  readonly since: number | undefined
  readonly retentionDays: number | undefined
}

/** What the entrance needs of the gateway. */
interface Inside {
  readonly hub: Hub
  readonly sessionOf: (claim: SessionOfUser) => Session | undefined
  /** The client has received everything from before then. */
  readonly sureAt: (session: Session) => number
  /** Ends the session with that id, since a newer one exists. */
  readonly replace: (userId: number, id: string) => void
  /** Holds back new events until a client that reconnects has been sent those that it missed. */
  readonly begin: (session: Session, since: number) => void
  readonly listen: (ws: SessionSocket, session: Session) => void
  readonly catchUp: (session: Session, given: CatchUp) => void
}

/**
 * The way from a socket to a session: it decides whether the client may connect and whether there is room, and loads the user's channels.
 */
export class Entrance {
  readonly #wiring: Wiring
  readonly #inside: Inside
  readonly #joining = new Turns(joiningAtOnce)
  /** Sockets that have no session yet. */
  readonly #arriving = new Map<SessionSocket, Socket>()
  #isClosing = false

  constructor(wiring: Wiring, inside: Inside) {
    this.#wiring = wiring
    this.#inside = inside
  }

  /** Refuses all further connections. */
  close() {
    this.#isClosing = true
    for (const [ws, socket] of this.#arriving) restarts(ws, socket)
  }

  /** Makes a session of a socket, or closes it with the reason. Never rejects. */
  async arrive(ws: SessionSocket, socket: Socket, request: PresignedRequest & Sender & Origin) {
    const { access, metrics, log, refusals, audit } = this.#wiring
    const trail = audit && new Trail()
    let refusal: number = closeCodes.tryLater
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
        if (isOutage(error)) refusals.write({ why: messageOf(error) }, 'A connection has failed', 'warn')
        else log.error({ err: error }, 'A connection has failed')
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
    // A client that has given up while it waited for its turn must not delay those that still wait.
    if (ws.readyState !== ws.OPEN || this.#isClosing) return restarts(ws, socket)
    if (!id) throw unauthorized('sessionId is missing')
    if (key.principal.permissions) await requirePermitted(this.#wiring, key.principal, arn, origin)
    const { caller, retentionDays, ownEvents } = await livingUser(this.#wiring, user)
    const { id: userId, appInstanceId } = caller
    const ordered = this.#wiring.faults?.refusal()
    if (ordered !== undefined) throw new Refusal(ordered, 'A test has ordered this refusal')
    const claim = { userId, id, connectedAt: Date.now(), sourceAddress: origin.sourceAddress }
    const older = this.#inside.sessionOf(claim)
    const since = await resumable?.find(claim, older && this.#inside.sureAt(older))
    if (ws.readyState !== ws.OPEN || this.#isClosing) return restarts(ws, socket)
    if (!this.#inside.sessionOf(claim) && this.#inside.hub.sessionsOf(userId).length >= limits.connectionsPerUser)
      throw tooMany(limits.connectionsPerUser)
    if (!connectRate.take(arn)) {
      const { atOnce, perSecond } = connectRate.rate
      return tryLater(ws, socket, `The user connects too often: ${atOnce} at once, then ${perSecond} a second`)
    }
    if (allSessions) await this.#take(allSessions, claim, since)
    if (ws.readyState !== ws.OPEN || this.#isClosing) {
      allSessions?.release(claim)
      if (allSessions && !this.#inside.sessionOf(claim)) {
        // It was stored with the claim, and nothing else removes it.
        resumable?.opened(claim, since)
        resumable?.lost(claim, since ?? Date.now())
      }
      return restarts(ws, socket)
    }
    // Not earlier: a connection that is refused must not end the older session.
    this.#inside.replace(userId, id)

    const eventKinds = eventKindsOf(parameters, ownEvents)
    const session = new Session(ws, socket, { claim, appInstanceId, key, eventKinds, nextPing: Date.now() + pingSeconds * 1000 })
    if (since !== undefined) this.#inside.begin(session, since)
    resumable?.opened(claim, since)
    this.#inside.hub.enter(session)
    this.#inside.listen(ws, session)
    await this.#join(session, user)
    if (!session.isOpen) return
    session.establish(sessionEstablished)
    // Outside the limited turns of joining, so that a client that does not read delays no others.
    this.#inside.catchUp(session, { since, parameters, retentionDays })
  }

  /** Takes the session unless the user has too many on all nodes; a session with the same id on another node ends. */
  async #take(allSessions: SessionsOfNodes, claim: ConnectedSession, since: number | undefined) {
    const { limits, bus, resumable } = this.#wiring
    const outcome = await allSessions.take(claim, limits.connectionsPerUser, async tx => resumable?.put(tx, claim, since))
    if (outcome === 'full') throw tooMany(limits.connectionsPerUser)
    const { userId, id: sessionId } = claim
    if (outcome === 'replaced') bus.publish({ type: 'session-taken', userId, sessionId, nodeId: allSessions.nodeId })
  }

  /** The session has entered the hub before: it misses no change that happens while its memberships are read. */
  async #join(session: Session, user: Arn | undefined) {
    const { following } = this.#wiring.bus
    try {
      await following?.enter(session.userId)
      for (let after = 0; session.isOpen;) {
        const places = await placesAfter(this.#wiring.db, session.userId, after, portion)
        const hasNew = await following?.join(places.map(({ channelId }) => channelId))
        // The user may have left a channel on another node before the events of the channel arrived here, so its memberships are read
        // again. The event of a new membership is published to the user.
        const ids = hasNew && new Set((await placesAfter(this.#wiring.db, session.userId, after, portion)).map(({ id }) => id))
        this.#inside.hub.join(session, ids ? places.filter(({ id }) => ids.has(id)) : places)
        if (places.length < portion) break
        after = places.at(-1)!.id
        await turn()
      }
      // The user may have been deleted before the session entered.
      await livingUser(this.#wiring, user)
    } catch (error) {
      this.#inside.hub.leave(session)
      throw error
    }
  }
}

/**
 * The kinds of events beyond Amazon's that the session gets: those in the URL, and those that all sessions of the app instance get. Unknown
 * names are ignored, since a later version may have them.
 */
function eventKindsOf(parameters: Presigned['parameters'], ofAll: readonly string[]): ReadonlySet<string> | undefined {
  const named = parameters.get('carillon-events')
  if (named === undefined && ofAll.length === 0) return undefined
  return new Set([...ofAll, ...(named?.split(',').map(name => name.trim()) ?? [])].filter(name => ownKinds.has(name)))
}

const tooMany = (most: number) => new Refusal(closeCodes.forbidden, `Forbidden: the user has ${most} connections already`)

/** Closes with a retryable code, which clients understand only once their session is established. */
function closeEarly(ws: WebSocket, socket: Socket, code: CloseCode, reason: string) {
  if (ws.readyState !== ws.OPEN) return
  socket.write(sessionEstablished)
  ws.close(code, closeReason(reason))
}

const tryLater = (ws: WebSocket, socket: Socket, reason: string) => closeEarly(ws, socket, closeCodes.tryLater, reason)
const restarts = (ws: WebSocket, socket: Socket) => closeEarly(ws, socket, closeCodes.restart, 'The server restarts')
