import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'

/** Enough for the frames that a client may send before the close reaches it, and for its own close frame. */
const most = 16 * 1024

/**
 * Bounds a client whose frames are ignored: one that has no session yet, or whose session has ended and which should close its side. A
 * client that sends more is cut off. Returns a function that lifts the bound.
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
