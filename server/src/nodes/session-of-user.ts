import { createHash } from 'node:crypto'
import type { KnownSession } from '../store/nodes.ts'

/** A session of a user, identified by the id from its client. */
export interface SessionOfUser {
  readonly userId: number
  readonly id: string
}

/** A session with the details that operators see. */
export interface ConnectedSession extends SessionOfUser {
  /** In epoch milliseconds. */
  readonly connectedAt: number
  readonly sourceAddress: string
}

/** Hashed, since the id from a client may have any characters and length. */
export const known = ({ userId, id }: SessionOfUser): KnownSession => ({
  userId,
  session: createHash('sha256').update(id).digest('base64url'),
})

export const keyOf = ({ userId, session }: KnownSession) => `${userId} ${session}`
