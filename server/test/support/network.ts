import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A network between a program and a server, which may silently stop to deliver, or break. */
export interface Network {
  readonly port: number
  /** The number of connections that the program has open. */
  readonly connections: number
  freeze(): void
  thaw(): void
  /** Ends all connections, and each new one at once, until `mend`. */
  cut(): void
  mend(): void
}

/** It leads to that port of this machine, from a free port if none is given. It ends with the test. */
export async function network(to: number, from = 0): Promise<Network> {
  const near = new Set<Socket>()
  const all = new Set<Socket>()
  const held: (() => void)[] = []
  let isFrozen = false
  let isCut = false
  const carry = (what: () => void) => {
    if (isFrozen) held.push(what)
    else what()
  }
  const server = createServer({ allowHalfOpen: true }, client => {
    if (isCut) {
      client.destroy()
      return
    }
    const upstream = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true })
    near.add(client)
    for (const event of ['end', 'close']) client.once(event, () => near.delete(client))
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      all.add(socket)
      socket
        .on('data', data => carry(() => other.write(data)))
        .on('end', () => carry(() => other.end()))
        .on('error', () => carry(() => other.destroy()))
        .on('close', () => all.delete(socket))
    }
  })
  server.listen(from, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of all) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return near.size
    },
    freeze() {
      isFrozen = true
    },
    thaw() {
      isFrozen = false
      for (const what of held.splice(0)) what()
    },
    cut() {
      isCut = true
      for (const socket of all) socket.destroy()
    },
    mend() {
      isCut = false
    },
  }
}
