import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'

/** Where a request comes from, and how. */
export interface Sender {
  /** An IPv4 or IPv6 address; undefined where the connection is gone already. */
  readonly sourceAddress: string | undefined
  /** Over TLS. */
  readonly isSecure: boolean
}

/** What the connection says. */
export const senderOf = ({ socket }: IncomingMessage): Sender => ({
  sourceAddress: socket.remoteAddress,
  isSecure: socket instanceof TLSSocket,
})
