import { parentPort, workerData } from 'node:worker_threads'
import { figure, milliseconds, type Shared } from '../support/crowd.ts'
import { senderOf } from '../support/messages.ts'
import { pace } from './pace.ts'
import { Client } from './xmpp-client.ts'
import { conference, userName, type Command, type Done, type Rooms } from './xmpp.ts'

/** XMPP clients that listen and send: a thread of its own that reads no more of a stanza than the number in its body. */
const { figures, timesHeard, lastHeard } = workerData as Shared

const mark = Buffer.from('~#')
const tilde = mark[0]
const semicolon = 0x3b
const filling = 'hello world '.repeat(30)
/** Characters of a body. */
const bodyLength = 300

const clients: Client[] = []
let rooms: Rooms = { rooms: 0, members: 0 }
/** Called when a message has come back to its sender. */
let onEcho: (number: number) => void = () => {}

const roomName = (room: number) => `room${room}@${conference}`

const indexOfSender = (number: number) => {
  const { room, member } = senderOf(number, rooms)
  return room * rooms.members + member
}

/** Finds the numbers in the bodies that a client receives. */
function hearing(index: number): (chunk: Buffer) => void {
  /** The beginning of a mark whose end has not arrived yet. */
  let rest: Buffer | undefined
  return chunk => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk
    rest = undefined
    figures[figure.bytes]! += chunk.length
    const now = milliseconds()
    let at = bytes.indexOf(mark)
    while (at >= 0) {
      let number = 0
      let end = at + mark.length
      while (end < bytes.length && bytes[end] !== semicolon) number = number * 10 + bytes[end++]! - 48
      if (end === bytes.length) break
      timesHeard[number]!++
      lastHeard[number] = now
      figures[figure.events]!++
      if (index === indexOfSender(number)) onEcho(number)
      at = bytes.indexOf(mark, end)
    }
    if (at >= 0) rest = Buffer.from(bytes.subarray(at))
    else if (bytes.at(-1) === tilde) rest = Buffer.from(bytes.subarray(-1))
  }
}

function send(number: number) {
  const { room } = senderOf(number, rooms)
  const body = `~#${number};${filling}`.slice(0, bodyLength)
  clients[indexOfSender(number)]!.write(`<message to='${roomName(room)}' type='groupchat' id='m${number}'><body>${body}</body></message>`)
}

/** That many at once; each begins with the next when one is done. */
async function each(count: number, atOnce: number, work: (index: number) => Promise<void>) {
  let next = 0
  const one = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

async function login({ port, first, count }: Command & { name: 'login' }) {
  await each(count, 32, async index => {
    const client = new Client(port, first + index)
    await client.login()
    clients.push(client)
    figures[figure.established]!++
  })
}

async function join(joined: Rooms) {
  rooms = joined
  const order = clients.toSorted((one, other) => one.user - other.user)
  clients.splice(0, clients.length, ...order)
  await each(rooms.rooms * rooms.members, 4, async index => {
    const client = clients[index]!
    const target = `${roomName(Math.floor(index / rooms.members))}/${userName(client.user)}`
    // The subject is the last stanza that a client gets when it enters.
    await client.exchange(
      `<presence to='${target}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>`,
      /<subject/,
    )
    client.onBytes = hearing(index)
  })
}

async function ask({ stanza, clients: count, seconds }: Command & { name: 'ask' }): Promise<Done> {
  const times: number[] = []
  let bytes = 0
  const end = milliseconds() + seconds * 1000
  await each(count, count, async index => {
    const client = clients[index]!
    let now = milliseconds()
    do {
      const length = await client.exchange(stanza, /<\/iq>|<iq[^>]*\/>/)
      bytes += length
      const before = now
      now = milliseconds()
      times.push(now - before)
    } while (now < end)
  })
  return { times, bytes: Math.round(bytes / times.length) }
}

async function keep({ first, inFlight, seconds }: Command & { name: 'keep' }): Promise<Done> {
  const times: number[] = []
  const sentAt = new Map<number, number>()
  const end = milliseconds() + seconds * 1000
  let next = first
  const sendNext = () => {
    sentAt.set(next, milliseconds())
    send(next++)
  }
  await new Promise<void>(resolve => {
    onEcho = number => {
      const now = milliseconds()
      times.push(now - sentAt.get(number)!)
      sentAt.delete(number)
      if (now < end) sendNext()
      else if (sentAt.size === 0) resolve()
    }
    for (let count = 0; count < inFlight; count++) sendNext()
  })
  onEcho = () => {}
  return { times, bytes: 0 }
}

async function burst({ first, together, behind, seconds }: Command & { name: 'burst' }): Promise<number> {
  const end = milliseconds() + seconds * 1000
  let next = first
  while (milliseconds() < end) {
    const echoed = new Promise<void>(resolve => {
      let missing = together
      onEcho = () => {
        if (--missing === 0) resolve()
      }
    })
    for (let count = 0; count < together; count++) send(next++)
    await echoed
    while (figures[figure.events]! < (next - 1 - behind) * rooms.members) await new Promise(resolve => setTimeout(resolve, 1))
  }
  onEcho = () => {}
  return next - first
}

async function obey(command: Command) {
  switch (command.name) {
    case 'login':
      return login(command)
    case 'join':
      return join(command)
    case 'ask':
      return ask(command)
    case 'keep':
      return keep(command)
    case 'burst':
      return burst(command)
    case 'pace':
      return pace(command.rate, command.seconds, index => send(command.first + index))
    case 'close':
      for (const client of clients.splice(0)) client.destroy()
      return undefined
  }
}

/** No request takes longer, unless a message has been lost. */
const patience = 180_000

async function answer(command: Command) {
  const impatience = setTimeout(() => {
    throw new Error(`${command.name} does not come to an end`)
  }, patience)
  const answer = await obey(command)
  clearTimeout(impatience)
  parentPort!.postMessage(answer, [])
}

parentPort!.on('message', (command: Command) => void answer(command))
