import { WebSocket } from 'ws'
import type { Session } from './session.ts'

/** The session of the socket, once there is one; so all sockets share their listeners. */
export class SessionSocket extends WebSocket {
  session: Session | undefined
}

export const sessionOf = (ws: WebSocket) => (ws as SessionSocket).session
