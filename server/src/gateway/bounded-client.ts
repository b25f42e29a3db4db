import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'

/** More than a client has on its way when it is told to go, and its own close. */
const most = 16 * 1024

/**
 * For a client that is not listened to: one that has no session yet, or whose session has ended and which should close its side. It
 * is cut off when it sends more than that. Returns how to lift the bound.
 */
export function boundClient(ws: WebSocket, socket: Socket): () => void {
  let left = most
  const take = ({ length }: Buffer) => {
    left -= length
    if (left < 0) ws.terminate()
  }
  socket.on('data', take)
  return () => void socket.off('data', take)
}
