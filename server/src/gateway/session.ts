import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import type { ConnectedSession } from '../nodes/session-of-user.ts'
import { boundClient } from './bounded-client.ts'
import { closeReason } from './close-codes.ts'
import { pingFrame, type Frame } from './frame.ts'
import type { Holding } from './holding.ts'
import type { TopicOf } from './topic.ts'

/** The most unread bytes of a client; one that leaves more is too slow, and is closed. */
const mostBuffered = 1024 * 1024
/** The unread bytes above which a client gets events only, and no prefetch. */
const congested = 64 * 1024
/** How long after an event a socket is pinged, so that the server learns what the client has received. */
const askMilliseconds = 5000
/** A client is late if it has not confirmed an event for so long. */
const lateMilliseconds = 10_000
/** The bytes from which on joining a frame with others costs more than writing it beside them. */
const largeFrame = 4096
/** The most frames that a client may send in a second; one that sends more is closed. */
const mostFramesPerSecond = 100
/** The most unanswered pings; a peer that leaves more is gone. */
const mostMissedPongs = 2

/** What most clients ask for. */
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

/**
 * One socket of a user. It writes whole frames to the connection by itself, which `ws` allows as long as nothing is compressed
 * or fragmented: so a frame is made once for everybody, and the frames of a turn leave in one write.
 */
export class Session {
  readonly id: string
  readonly userId: number
  readonly appInstanceId: number
  readonly key: AccessKey
  /** The events that Amazon does not have and that its client has asked for. */
  readonly asksFor: ReadonlySet<string>
  /** Identifies the session for all nodes. */
  readonly claim: ConnectedSession
  /** What it hears. */
  readonly topics: TopicOf<Session>[] = []
  /** The channels that its user has left while the session joins; undefined once it has joined. */
  leftWhileJoining: Set<string> | undefined = new Set()
  readonly #ws: WebSocket
  readonly #socket: Socket
  #pending: Frame | Frame[] | undefined
  #isEstablished = false
  #isClosing = false
  #missedPongs = 0
  #nextPing: number
  #frames = 0
  #askedAt = 0
  #lastSentAt = 0
  #unsureSince: number | undefined
  /** The client that reconnects is to be sent what happened since then, and has not confirmed all of that. */
  #owedSince: number | undefined
  #owedSentAt = Infinity
  /** Of a client that reconnects: takes the events that arrive while it is sent what it missed, and those that it was sent already. */
  holding: Holding | undefined
  /** The channels of which it has heard what not all members hear, since its prefetch began; undefined without a prefetch. */
  heardAlone: Set<number> | undefined
  /** Since when the client is late, as last reported. */
  toldLateSince: number | undefined
  /** A client that confirms the close of the server has received everything from before then: all that had been sent. */
  closedAt: number | undefined

  constructor(
    ws: WebSocket,
    socket: Socket,
    given: {
      id: string
      userId: number
      appInstanceId: number
      key: AccessKey
      asksFor?: ReadonlySet<string> | undefined
      claim: Session['claim']
      nextPing: number
    },
  ) {
    this.#ws = ws
    this.#socket = socket
    this.id = given.id
    this.userId = given.userId
    this.appInstanceId = given.appInstanceId
    this.key = given.key
    this.asksFor = given.asksFor ?? nothing
    this.claim = given.claim
    this.#nextPing = given.nextPing
  }

  get isOpen(): boolean {
    return !this.#isClosing && this.#ws.readyState === this.#ws.OPEN
  }

  /** Whether the connection was ended without a word, since the client does not read. */
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

  /** Keeps the frame until `flush`; true where it is the first one since. */
  queue(frame: Frame): boolean {
    if (!this.#isEstablished || !this.isOpen) return false
    const pending = this.#pending
    if (pending === undefined) {
      this.#pending = frame
      return true
    }
    if (Array.isArray(pending)) pending.push(frame)
    else this.#pending = [pending, frame]
    return false
  }

  /** Writes what is queued; false where the client is too slow for it. */
  flush(now = Date.now()): boolean {
    const pending = this.#pending
    this.#pending = undefined
    if (pending === undefined || !this.isOpen) return true
    this.#unsureSince ??= now
    if (now - this.#askedAt < askMilliseconds) {
      this.#lastSentAt = now
      this.#write(Array.isArray(pending) ? pending : [pending])
    } else {
      // The pong says that what was sent before has been received.
      this.#askedAt = now
      this.#lastSentAt = now - 1
      this.#write(Array.isArray(pending) ? [...pending, pingFrame(now)] : [pending, pingFrame(now)])
    }
    return this.#socket.writableLength <= mostBuffered
  }

  /** In one write. */
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

  /** The client has received all that was sent before then. */
  get sureAt(): number {
    return Math.min(this.#owedSince ?? Infinity, this.#unsureSince ?? Date.now())
  }

  /** The client is to be sent what happened since then. If it is lost before it has confirmed that, it is to be sent all of it again. */
  owe(since: number) {
    this.#owedSince = since
    this.toldLateSince = since
  }

  /** Nothing of it is sent. */
  forgive() {
    this.#owedSince = undefined
  }

  /** All of it was sent, and is confirmed by the answer to this. */
  askWhetherAllArrived(now = Date.now()) {
    this.#owedSentAt = now
    // Not the same ping as one of before.
    if (this.isOpen) this.#ask(now + 1)
  }

  /** The same where it has not said so for long; undefined where it answers in time. */
  lateSince(now: number): number | undefined {
    if (this.#owedSince !== undefined) return this.#owedSince
    return this.#unsureSince !== undefined && now - this.#unsureSince > lateMilliseconds ? this.#unsureSince : undefined
  }

  get isCongested(): boolean {
    return this.#socket.writableLength > congested
  }

  /** Calls back once when what is buffered has left, or the socket has closed; at once if it has closed before. */
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

  /** `data` is that of the ping that is answered. */
  pong(data: Buffer) {
    this.#missedPongs = 0
    const at = Number(data.toString('latin1'))
    if (at > this.#owedSentAt && at <= this.#askedAt) this.forgive()
    if (this.#unsureSince === undefined || !(at >= this.#unsureSince && at <= this.#askedAt)) return
    this.#unsureSince = this.#lastSentAt < at ? undefined : at
  }

  /** Counts a frame of the client, which is ignored; false where the client sends too many. */
  received(): boolean {
    return ++this.#frames <= mostFramesPerSecond
  }

  /** Called each second: pings when it is time. False where the peer is dead. */
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

  /** Ends a peer that does not answer. */
  terminate() {
    this.#isClosing = true
    this.#ws.terminate()
  }
}
