import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'

/**
 * The yardstick of fan-out: a bare `ws` server. GET /FIRST/COUNT/LENGTH makes that many messages of that length with numbers from FIRST,
 * frames each once, and writes them all at once to every socket.
 */
const sockets: Socket[] = []
const sessionEstablished = framed('established')

function framed(content: string): Buffer {
  const head = Buffer.alloc(4)
  head[0] = 0x81
  head[1] = 126
  head.writeUInt16BE(content.length, 2)
  return Buffer.concat([head, Buffer.from(content)])
}

const server = createServer((request, response) => {
  const [first = 0, count = 0, length = 0] = request.url!.split('/').slice(1).map(Number)
  const frames = Array.from({ length: count }, (_, index) => framed(`~#${first + index};`.padEnd(length, 'hello world ')))
  const bytes = frames.length === 1 ? frames[0]! : Buffer.concat(frames)
  for (const socket of sockets) socket.write(bytes)
  response.end('sent')
})
const sessions = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false })
server.on('upgrade', (request, socket, head) => {
  sessions.handleUpgrade(request, socket, head, ws => {
    ws.on('error', () => {})
    sockets.push(socket as Socket)
    socket.write(sessionEstablished)
  })
})
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
