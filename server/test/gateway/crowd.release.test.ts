import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { presignedUrl } from '../support/sockets.ts'
import { clientsOf } from '../support/world.ts'

const members = 1000
const perSecond = 20
const seconds = 30

/** A member who stores only the number of each message. */
class Member {
  readonly numbers: number[] = []
  readonly socket: Socket
  readonly closed: Promise<void>
  #rest: Buffer = Buffer.alloc(0)
  #hasUpgraded = false

  constructor(url: string) {
    const { hostname, port, host, pathname, search } = new URL(url)
    this.socket = connect(Number(port), hostname).on('error', () => {})
    this.closed = new Promise(resolve => this.socket.once('close', () => resolve()))
    onTestFinished(() => void this.socket.destroy())
    this.socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    )
    this.socket.on('data', bytes => this.#read(bytes))
  }

  #read(bytes: Buffer) {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    if (!this.#hasUpgraded) {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) {
        this.#rest = rest
        return
      }
      this.#hasUpgraded = true
      rest = rest.subarray(end + 4)
    }
    while (rest.length >= 4) {
      const isLong = (rest[1]! & 127) === 126
      const start = isLong ? 4 : 2
      const length = isLong ? rest.readUInt16BE(2) : rest[1]! & 127
      if (rest.length < start + length) break
      const number = /number (\d+)!/.exec(rest.toString('latin1', start, start + length))?.[1]
      if (number !== undefined) this.numbers.push(Number(number))
      rest = rest.subarray(start + length)
    }
    this.#rest = rest
  }
}

const residentMebibytes = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

test('a thousand members hear every message once and in order, a stuck client harms nobody, and memory stays flat', async () => {
  const server = serve(['--port', '0', '--data', await temporaryFolder()], { env: keyVariables })
  const app = { url: await server.url(), rootKey }
  const { identity, messaging } = clientsOf(app)
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'crowd' })
  const user = (id: string) => `${AppInstanceArn}/user/${id}`
  const ids = Array.from({ length: members }, (_, number) => `member-${number}`)
  for (let start = 0; start < ids.length; start += 50) {
    await Promise.all(
      ids.slice(start, start + 50).map(id => identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: id, Name: id })),
    )
  }
  const ChimeBearer = user(ids[0]!)
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'crowd', ClientRequestToken: 'crowd', ChimeBearer })
  for (let start = 0; start < ids.length; start += 100) {
    const MemberArns = ids.slice(start, start + 100).map(user)
    await messaging.batchCreateChannelMembership({ ChannelArn, MemberArns, ChimeBearer })
  }
  const crowd = await Promise.all(ids.map(async id => new Member(await presignedUrl(app, user(id)))))
  const stuck = crowd.pop()!
  stuck.socket.pause()
  const established = async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text()
    return Number(/^carillon_sessions (\d+)/m.exec(text)?.[1])
  }
  await expect.poll(established).toBe(members)

  const count = perSecond * seconds
  const memory: number[] = []
  const start = performance.now()
  const sending = []
  for (let number = 0; number < count; number++) {
    await setTimeout(Math.max(0, start + (number * 1000) / perSecond - performance.now()))
    sending.push(
      messaging.sendChannelMessage({
        ChannelArn,
        Content: `number ${number}!`,
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        ClientRequestToken: `message-${number}`,
        ChimeBearer,
      }),
    )
    if (number % perSecond === 0) memory.push(residentMebibytes(server.pid))
  }
  await Promise.all(sending)
  await expect.poll(() => crowd.every(({ numbers }) => numbers.length >= count), { timeout: 300_000 }).toBe(true)

  for (const { numbers } of crowd) expect(numbers).toEqual(crowd[0]!.numbers)
  expect(crowd[0]!.numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, number) => number))
  expect(Math.max(...memory.slice(-5))).toBeLessThan(Math.max(...memory.slice(5, 10)) + 64)
})
