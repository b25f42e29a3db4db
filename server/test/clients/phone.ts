import { once } from 'node:events'
import { until } from '../support/processor.ts'
import { clientFrame } from '../support/client-frame.ts'
import { connectRaw, type RawSocket } from '../support/sockets.ts'
import type { World } from '../support/world.ts'

/** A client on a phone, as far as its library acts by itself (docs/service/clients.md#the-sockets-of-phones). */
export type Kind = 'OkHttp' | 'Starscream'

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const

/** A frame of the server, and where the next one begins; undefined while it is incomplete. */
function frameAt(bytes: Buffer, start: number) {
  if (bytes.length < start + 2) return undefined
  const short = bytes[start + 1]!
  const head = short === 126 ? 4 : 2
  if (bytes.length < start + head) return undefined
  const length = short === 126 ? bytes.readUInt16BE(start + 2) : short
  const end = start + head + length
  return bytes.length < end ? undefined : { opcode: bytes[start]! & 15, content: bytes.subarray(start + head, end), end }
}

export class Phone {
  readonly #raw: RawSocket
  readonly #kind: Kind
  readonly contents: string[] = []
  /** The code with which the server has closed. */
  closeCode: number | undefined
  /** The payloads of the server's answers to its own pings. */
  readonly pongs: string[] = []
  #read = 0

  private constructor(kind: Kind, raw: RawSocket) {
    this.#kind = kind
    this.#raw = raw
    raw.socket.on('data', () => this.#take())
  }

  static async connect(kind: Kind, { app }: World, userArn: string, sessionId: string): Promise<Phone> {
    const phone = new Phone(kind, await connectRaw(app, userArn, { sessionId }))
    await until(() => phone.#raw.heard().includes('SESSION_ESTABLISHED'))
    return phone
  }

  get cutOff(): Promise<unknown> {
    return this.#raw.closed
  }

  ping() {
    this.#raw.socket.write(clientFrame(opcodes.ping, ''))
  }

  /** The application stops the session. */
  async stop() {
    this.#raw.socket.write(clientFrame(opcodes.close, closePayload(1000)))
    if (this.#kind === 'Starscream') this.#raw.socket.destroy()
    else await once(this.#raw.socket, 'close')
  }

  /** Ends as a lost network does: without a close. */
  lose() {
    this.#raw.socket.destroy()
  }

  #take() {
    const bytes = this.#raw.heard()
    this.#read ||= bytes.indexOf('\r\n\r\n') + 4
    // OkHttp reads nothing after a Close.
    for (let frame = frameAt(bytes, this.#read); frame && this.closeCode === undefined; frame = frameAt(bytes, this.#read)) {
      this.#read = frame.end
      this.#hear(frame)
    }
  }

  #hear({ opcode, content }: { opcode: number; content: Buffer }) {
    const { socket } = this.#raw
    if (opcode === opcodes.ping) socket.write(clientFrame(opcodes.pong, content))
    if (opcode === opcodes.pong) this.pongs.push(content.toString())
    if (opcode === opcodes.text) {
      const { Headers, Payload } = JSON.parse(content.toString())
      if (Headers['x-amz-chime-event-type'] === 'CREATE_CHANNEL_MESSAGE') this.contents.push(JSON.parse(Payload).Content)
    }
    if (opcode !== opcodes.close) return
    this.closeCode = content.readUInt16BE()
    // OkHttp answers a Close when the application closes, which AWS's demo does not.
    if (this.#kind === 'Starscream') socket.end(clientFrame(opcodes.close, closePayload(this.closeCode)))
  }
}

function closePayload(code: number): Buffer {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  return payload
}

/** A channel of alice's with bob, who has a phone. */
export async function phoneOfBob(world: World) {
  const { appInstance, messaging, carillon } = world
  const { arn, user } = await appInstance(['alice', 'bob'])
  const ChimeBearer = user('alice')
  const MemberArns = [user('bob')]
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'channel', MemberArns, ChimeBearer })
  const sessionId = crypto.randomUUID()
  return {
    bob: user('bob'),
    connect: (kind: Kind) => Phone.connect(kind, world, user('bob'), sessionId),
    say: async (Content: string) =>
      messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer }),
    close: async (CloseCode: number) => carillon.call('CloseTestSessions', { CloseCode, AppInstanceUserArn: user('bob') }),
  }
}

export async function hears({ contents }: Phone, content: string) {
  await until(() => contents.includes(content))
}
