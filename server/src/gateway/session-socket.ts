import { WebSocket } from 'ws'
import type { Session } from './session.ts'

/** Its session, once it has one, so that all sockets share their listeners. */
export class SessionSocket extends WebSocket {
  session: Session | undefined
}

export const sessionOf = (ws: WebSocket) => (ws as SessionSocket).session
