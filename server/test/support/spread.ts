import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Spread {
  readonly url: string
  close(): void
}

/** A load balancer on this machine: each connection goes to one of the servers at random. */
export async function spreadOver(urls: readonly string[]): Promise<Spread> {
  const ports = urls.map(url => Number(new URL(url).port))
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, client => {
    const port = ports[Math.floor(Math.random() * ports.length)]!
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(socket)
      socket
        .on('error', () => other.destroy())
        .on('close', () => {
          sockets.delete(socket)
          other.destroy()
        })
        .pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
