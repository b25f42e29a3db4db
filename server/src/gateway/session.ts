import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import type { ConnectedSession } from '../nodes/session-of-user.ts'
import { boundClient } from './bounded-client.ts'
import { closeReason } from './close-codes.ts'
import { pingFrame, type Frame } from './frame.ts'
import type { Holding } from './holding.ts'

/** The most unread bytes of a client, apart from paced frames. If there are more, the client is too slow, and its socket is closed. */
const mostBuffered = 1024 * 1024
/** With more unread bytes than this a client gets events only, and no prefetch. */
const congested = 64 * 1024
/** How long after an event a socket is pinged, so that the server learns what the client has received. */
const askMilliseconds = 5000
/** A client is late if it has not confirmed an event for so long. */
const lateMilliseconds = 10_000
/** A frame of at least this many bytes is written by itself, since copying it beside others would cost more. */
const largeFrame = 4096
/** The most frames that a client may send in a second. If it sends more, its socket is closed. */
const mostFramesPerSecond = 100
/** The most unanswered pings. If there are more, the client counts as gone. */
const mostMissedPongs = 2

/** The kinds of events that most clients ask for: none. */
const nothing: ReadonlySet<string> = new Set()

/** The bytes of the frames of one turn; all sockets that hear the same events write the same bytes. */
let lastFrames: readonly Frame[] = []
let lastBatch: Frame = Buffer.alloc(0)
function joined(frames: readonly Frame[]): Frame {
  if (frames.length !== lastFrames.length || frames.some((frame, index) => frame !== lastFrames[index])) {
    lastFrames = frames
    lastBatch = Buffer.concat(frames)
  }
  return lastBatch
}

/** A channel, or a sub-channel of an elastic one, with the sessions of its members on this node. */
export interface Topic {
  readonly channelId: number
  /** 0 for an ordinary channel. */
  readonly subChannelId: number
  readonly sessions: Session[]
  /** Raised by every event, whatever its audience: details that were read before it may have changed. */
  version: number
}

/** A WebSocket with its session, once there is one; so all sockets share their listeners. */
export class SessionSocket extends WebSocket {
  session: Session | undefined
}

export const sessionOf = (ws: WebSocket) => (ws as SessionSocket).session

interface Given {
  readonly claim: ConnectedSession
  readonly appInstanceId: number
  readonly key: AccessKey
  readonly eventKinds?: ReadonlySet<string> | undefined
  readonly nextPing: number
}

/**
 * One socket of a user. It writes whole frames to the connection by itself, which `ws` allows as long as nothing is compressed
 * or fragmented: so a frame is made once for everybody, and the frames of a turn leave in one write.
 */
export class Session {
  readonly id: string
  readonly userId: number
  readonly appInstanceId: number
  readonly key: AccessKey
  /** The kinds of events beyond Amazon's that the session gets. */
  readonly eventKinds: ReadonlySet<string>
  /** Identifies the session for all nodes. */
  readonly claim: ConnectedSession
  /** The topics whose events it gets. */
  readonly topics: Topic[] = []
  /** The channels that its user has left while the session joins; undefined once it has joined. */
  leftWhileJoining: Set<string> | undefined = new Set()
  readonly #ws: WebSocket
  readonly #socket: Socket
  #pending: Frame | Frame[] | undefined
  #pendingBytes = 0
  /** Of the queued and the unread bytes, no more than these are those of paced frames. */
  #pacedBytes = 0
  #isEstablished = false
  #isClosing = false
  #missedPongs = 0
  #nextPing: number
  #frames = 0
  #askedAt = 0
  #lastSentAt = 0
  #unsureSince: number | undefined
  /** For a client that reconnects: the time since when it has missed events, until it has confirmed all of them. */
  #owedSince: number | undefined
  #owedSentAt = Infinity
  /** For a client that reconnects: takes new events while it is sent missed ones, and events that it was sent already. */
  holding: Holding | undefined
  /** The channels of which it has got an event that not all members get, since its prefetch began; undefined without a prefetch. */
  heardAlone: Set<number> | undefined
  /** Since when the client is late, as last reported. */
  reportedLateSince: number | undefined
  /** When the server has closed the session. A client that confirms the close has received everything from before then. */
  closedAt: number | undefined

  constructor(ws: WebSocket, socket: Socket, { claim, appInstanceId, key, eventKinds = nothing, nextPing }: Given) {
    this.#ws = ws
    this.#socket = socket
    this.id = claim.id
    this.userId = claim.userId
    this.appInstanceId = appInstanceId
    this.key = key
    this.eventKinds = eventKinds
    this.claim = claim
    this.#nextPing = nextPing
  }

  get isOpen(): boolean {
    return !this.#isClosing && this.#ws.readyState === this.#ws.OPEN
  }

  /** Whether the connection was ended without a close frame, since the client does not read. */
  get isCutOff(): boolean {
    return !this.#isClosing && this.#ws.readyState !== this.#ws.OPEN
  }

  get isEstablished(): boolean {
    return this.#isEstablished
  }

  /** From now on the session misses nothing. */
  establish(frame: Frame) {
    this.leftWhileJoining = undefined
    this.#isEstablished = true
    this.#socket.write(frame)
  }

  /**
   * Queues the frame until `flush`. Returns true if it is the first one in the queue. A paced frame is one that the server sends when it
   * chooses to, after the client has read what was before: the client is not too slow for it, however large it is.
   */
  queue(frame: Frame, isPaced: boolean): boolean {
    if (!this.#isEstablished || !this.isOpen) return false
    const pending = this.#pending
    if (this.#pacedBytes > 0 && pending === undefined) this.#pacedBytes = Math.min(this.#pacedBytes, this.#socket.writableLength)
    this.#pendingBytes += frame.length
    if (isPaced) this.#pacedBytes += frame.length
    if (pending === undefined) {
      this.#pending = frame
      return true
    }
    if (Array.isArray(pending)) pending.push(frame)
    else this.#pending = [pending, frame]
    return false
  }

  /** Writes the queued frames; false if the client is too slow. */
  flush(now = Date.now()): boolean {
    const pending = this.#pending
    this.#pending = undefined
    this.#pendingBytes = 0
    if (pending === undefined || !this.isOpen) return true
    this.#unsureSince ??= now
    if (now - this.#askedAt < askMilliseconds) {
      this.#lastSentAt = now
      this.#write(Array.isArray(pending) ? pending : [pending])
    } else {
      // Its pong confirms that everything before it was received.
      this.#askedAt = now
      this.#lastSentAt = now - 1
      this.#write(Array.isArray(pending) ? [...pending, pingFrame(now)] : [pending, pingFrame(now)])
    }
    return this.#socket.writableLength <= mostBuffered + this.#pacedBytes
  }

  /** Writes the frames in one write. */
  #write(frames: readonly Frame[]) {
    const socket = this.#socket
    if (frames.length === 1) socket.write(frames[0]!)
    else if (frames.every(({ length }) => length < largeFrame)) socket.write(joined(frames))
    else {
      socket.cork()
      for (const frame of frames) socket.write(frame)
      socket.uncork()
    }
  }

  /** The client has received everything that was sent before this time, in epoch milliseconds. */
  get sureAt(): number {
    return Math.min(this.#owedSince ?? Infinity, this.#unsureSince ?? Date.now())
  }

  /** The client will be sent the events since that time. If it is lost before it has confirmed them, it will be sent all of them again. */
  owe(since: number) {
    this.#owedSince = since
    this.reportedLateSince = since
  }

  /** None of the missed events are sent. */
  forgive() {
    this.#owedSince = undefined
  }

  /** All missed events were sent; the pong of this ping confirms them. */
  askWhetherAllArrived(now = Date.now()) {
    this.#owedSentAt = now
    // A later time than that of any ping before.
    if (this.isOpen) this.#ask(now + 1)
  }

  /** The present `sureAt` if the client is late; undefined if it answers in time. */
  lateSince(now: number): number | undefined {
    if (this.#owedSince !== undefined) return this.#owedSince
    return this.#unsureSince !== undefined && now - this.#unsureSince > lateMilliseconds ? this.#unsureSince : undefined
  }

  /** Whether the client has to read before it is sent further paced frames. */
  get isCongested(): boolean {
    return this.#socket.writableLength > congested
  }

  /** The same, where what is queued counts as well. */
  get isFull(): boolean {
    return this.#pendingBytes + this.#socket.writableLength > congested
  }

  /** Calls back once, when the buffered bytes have left or the socket has closed; immediately if it is closed already. */
  onceDrained(then: () => void) {
    const socket = this.#socket
    if (socket.destroyed) {
      then()
      return
    }
    const done = () => {
      socket.off('drain', done).off('close', done)
      then()
    }
    socket.once('drain', done).once('close', done)
  }

  /** `data` is the payload of the ping that the client answers. */
  pong(data: Buffer) {
    this.#missedPongs = 0
    const at = Number(data.toString('latin1'))
    if (at > this.#owedSentAt && at <= this.#askedAt) this.forgive()
    if (this.#unsureSince === undefined || !(at >= this.#unsureSince && at <= this.#askedAt)) return
    this.#unsureSince = this.#lastSentAt < at ? undefined : at
  }

  /** Counts a frame of the client, whose content is ignored; false if the client sends too many. */
  received(): boolean {
    return ++this.#frames <= mostFramesPerSecond
  }

  /** Called each second; pings when a ping is due. False if the client is gone. */
  tick(now: number, pingMilliseconds: number): boolean {
    this.#frames = 0
    if (!this.isOpen) return true
    if (now < this.#nextPing) {
      if (this.#unsureSince !== undefined && this.#lastSentAt >= this.#askedAt && now - this.#askedAt >= askMilliseconds) this.#ask(now)
      return true
    }
    if (this.#missedPongs >= mostMissedPongs) return false
    this.#nextPing = now + pingMilliseconds
    this.#missedPongs++
    this.#ask(now)
    return true
  }

  #ask(now: number) {
    this.#askedAt = now
    this.#socket.write(pingFrame(now))
  }

  /** Queued frames leave first. The node has heard everything from before `heardUntil`. */
  close(code: number, reason: string, heardUntil: number) {
    if (this.#isClosing) return
    this.flush()
    this.#isClosing = true
    const unsent = this.#owedSentAt === Infinity ? this.#owedSince : undefined
    this.closedAt = Math.min(unsent ?? Infinity, Date.now(), heardUntil)
    this.#ws.close(code, closeReason(reason))
    this.bound()
  }

  /** From now on everything that the client sends is ignored. */
  bound() {
    boundClient(this.#ws, this.#socket)
  }

  /** Ends the connection of a client that does not answer. */
  terminate() {
    this.#isClosing = true
    this.#ws.terminate()
  }
}
