import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { parentPort, workerData } from 'node:worker_threads'
import { figure, milliseconds, type Command, type Shared } from './crowd.ts'

/** The listeners: a thread of its own with a parser that does no more than a measurement needs. */
const { figures, timesHeard, lastHeard } = workerData as Shared

const text = 0x1
const close = 0x8
const ping = 0x9
const headEnd = Buffer.from('\r\n\r\n')
const mark = Buffer.from('~#')
const semicolon = 0x3b
/** Without a content; masked by zeros. */
const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
const farewell = Buffer.from([0x88, 0x80, 0, 0, 0, 0])

class Listener {
  readonly socket: Socket
  isUpgraded = false
  isEstablished = false
  isStuck = false
  staySeconds: number | undefined
  /** Events after SESSION_ESTABLISHED. */
  events = 0
  heardAt = -Infinity
  leastGap = Infinity
  /** The numbers of the messages that were heard, in order. */
  hash = 0
  closeCode = 0
  /** The beginning of a frame whose end has not arrived yet. */
  rest: Buffer | undefined
  settled: () => void

  constructor(socket: Socket, settled: () => void) {
    this.socket = socket
    this.settled = settled
  }
}

const listeners: Listener[] = []

function heardText(listener: Listener, bytes: Buffer, from: number, to: number, now: number) {
  if (!listener.isEstablished) {
    listener.isEstablished = true
    figures[figure.established]!++
    if (listener.isStuck) listener.socket.pause()
    if (listener.staySeconds !== undefined) setTimeout(() => listener.socket.destroy(), listener.staySeconds * 1000)
    listener.settled()
    return
  }
  listener.events++
  listener.leastGap = Math.min(listener.leastGap, now - listener.heardAt)
  listener.heardAt = now
  figures[figure.events]!++
  figures[figure.bytes]! += to - from
  if (timesHeard.length === 0) return
  const found = bytes.indexOf(mark, from)
  if (found < 0 || found >= to) return
  let number = 0
  for (let at = found + 2; bytes[at] !== semicolon; at++) number = number * 10 + bytes[at]! - 48
  listener.hash = (Math.imul(listener.hash, 31) + number) | 0
  timesHeard[number]!++
  lastHeard[number] = now
}

/** How long the frame is that begins there, and its head; undefined where not all of the head is there. */
function frameAt(bytes: Buffer, at: number) {
  if (bytes.length - at < 2) return undefined
  const short = bytes[at + 1]! & 0x7f
  const head = short < 126 ? 2 : short === 126 ? 4 : 10
  if (bytes.length - at < head) return undefined
  return { head, length: short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2)) }
}

function read(listener: Listener, chunk: Buffer) {
  let bytes = listener.rest ? Buffer.concat([listener.rest, chunk]) : chunk
  listener.rest = undefined
  if (!listener.isUpgraded) {
    const end = bytes.indexOf(headEnd)
    if (end < 0) {
      listener.rest = Buffer.from(bytes)
      return
    }
    if (!bytes.toString('latin1', 0, 12).startsWith('HTTP/1.1 101')) {
      listener.socket.destroy()
      return
    }
    listener.isUpgraded = true
    bytes = bytes.subarray(end + headEnd.length)
  }
  const now = milliseconds()
  let at = 0
  for (let frame = frameAt(bytes, at); frame && bytes.length - at >= frame.head + frame.length; frame = frameAt(bytes, at)) {
    const opcode = bytes[at]! & 0xf
    const from = at + frame.head
    at = from + frame.length
    if (opcode === text) heardText(listener, bytes, from, at, now)
    else if (opcode === ping) listener.socket.write(pong)
    else if (opcode === close) {
      listener.closeCode = frame.length < 2 ? 1005 : bytes.readUInt16BE(from)
      listener.socket.end(farewell)
    }
  }
  if (at < bytes.length) listener.rest = Buffer.from(bytes.subarray(at))
}

/** All sockets read into the same bytes, so that listeners need little memory. */
const buffer = Buffer.allocUnsafeSlow(256 * 1024)

function open({ url, isStuck, staySeconds }: Command & { name: 'open' }, target: string): Promise<void> {
  const { hostname, port, host, protocol } = new URL(url)
  return new Promise(resolve => {
    let listener: Listener
    const onread = {
      buffer,
      callback: (length: number) => {
        read(listener, buffer.subarray(0, length))
        return true
      },
    }
    const socket =
      protocol === 'https:'
        ? connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false })
        : connect({ host: hostname, port: Number(port), onread })
    listener = new Listener(socket, resolve)
    listener.isStuck = isStuck
    listener.staySeconds = staySeconds
    listeners.push(listener)
    if (protocol === 'https:') socket.on('data', chunk => read(listener, chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      figures[listener.isEstablished ? figure.closed : figure.refused]!++
      listener.settled()
    })
    socket.setNoDelay(true)
    socket.write(
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
  })
}

/** That many at once, or that many a second, whatever happens to those before. */
async function openAll(command: Command & { name: 'open' }) {
  const { targets, atOnce, perSecond } = command
  const start = milliseconds()
  const opening: Promise<void>[] = []
  let next = 0
  if (perSecond === undefined) {
    const one = async () => {
      while (next < targets.length) await open(command, targets[next++]!)
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, targets.length) }, one))
  } else {
    while (next < targets.length) {
      const due = Math.min(targets.length, Math.ceil(((milliseconds() - start) / 1000) * perSecond))
      while (next < due) opening.push(open(command, targets[next++]!))
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    await Promise.all(opening)
  }
  return (milliseconds() - start) / 1000
}

async function obey(command: Command) {
  if (command.name === 'open') return openAll(command)
  if (command.name === 'tell') return listeners.map(({ events, leastGap, hash, closeCode }) => ({ events, leastGap, hash, closeCode }))
  if (command.name === 'forget') {
    for (const listener of listeners) Object.assign(listener, { events: 0, heardAt: -Infinity, leastGap: Infinity })
    return undefined
  }
  const closing = listeners.splice(0).filter(({ socket }) => !socket.closed)
  await Promise.all(closing.map(({ socket }) => once(socket.destroy(), 'close')))
  return undefined
}

parentPort!.on('message', (command: Command) => {
  void obey(command).then(answer => parentPort!.postMessage(answer, []))
})
