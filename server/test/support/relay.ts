import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'

/** A proxy before the WebSocket of a server, with the certificate of that server: it closes connections as networks and proxies do. */
export interface Relay {
  /** Closes all connections of that session: with a frame that has the code, or without a frame where the code is 1006. */
  close(sessionId: string, code: number): void
}

/** Listens on the port, for a server with TLS whose data folder is given. It ends with the test. */
export async function relay(port: number, tlsUrl: string, data: string): Promise<Relay> {
  const [cert, key, ca] = await Promise.all(['server.pem', 'server-key.pem', 'ca.pem'].map(name => readFile(join(data, name))))
  const connections = new Map<string, { client: WebSocket; socket: Socket }[]>()
  const https = createServer({ cert, key })
  const server = new WebSocketServer({ server: https })
  server.on('connection', (client, { url = '', headers, socket }) => {
    const sessionId = new URLSearchParams(url.slice(url.indexOf('?'))).get('sessionId') ?? ''
    connections.set(sessionId, [...(connections.get(sessionId) ?? []), { client, socket }])
    // The signature covers the host that the client has called.
    const upstream = new WebSocket(tlsUrl.replace('https:', 'wss:') + url, { ca, headers: { host: headers.host } })
    upstream.on('error', () => client.terminate())
    upstream.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
    upstream.on('close', code => (code === 1005 || code === 1006 ? client.terminate() : client.close(code)))
    client.on('error', () => upstream.terminate())
    client.on('close', () => upstream.terminate())
  })
  https.listen(port, '127.0.0.1')
  await once(https, 'listening')
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    https.close()
  })
  return {
    close(sessionId, code) {
      for (const { client, socket } of connections.get(sessionId) ?? []) {
        if (code === 1006) socket.destroy()
        else client.close(code)
      }
      connections.delete(sessionId)
    },
  }
}
