import { ApiError } from '../errors.ts'
import { newId, newSecret } from '../keys/access-key-id.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { longestToken, sealSession, type Session } from '../keys/session.ts'

/** What the calls for temporary credentials share. */
export interface Tools {
  readonly ring: KeyRing
  /** The clock by which credentials expire. */
  readonly now: () => number
  readonly account: string
  /** The claim of a login that is the user's id. */
  readonly userClaim: string
}

interface Credentials {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly SessionToken: string
  readonly Expiration: string
}

export interface Issued {
  readonly Credentials: Credentials
  /** How much of the room for tags and policy is taken, in percent. */
  readonly PackedPolicySize: number
}

/** Temporary credentials for a session of so many seconds. */
export async function issue(
  { ring, now }: Tools,
  given: Omit<Session, 'accessKeyId' | 'secretAccessKey' | 'expiresAt'>,
  seconds: number,
): Promise<Issued> {
  // Whole seconds, since that is what the answer shows.
  const expiresAt = (Math.floor(now() / 1000) + seconds) * 1000
  const session: Session = { ...given, accessKeyId: newId('ASIA'), secretAccessKey: newSecret(), expiresAt }
  const SessionToken = sealSession(await ring.masterKey(), session)
  if (SessionToken.length > longestToken) {
    const message = 'The session policy and the tags together are too large for a session token'
    throw new ApiError(
      'PackedPolicyTooLarge',
      400,
      'PackedPolicyTooLarge',
      message,
      `The token has ${SessionToken.length} characters; at most ${longestToken} are allowed.`,
    )
  }
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken,
      Expiration: new Date(expiresAt).toISOString().replace('.000Z', 'Z'),
    },
    PackedPolicySize: Math.ceil((SessionToken.length * 100) / longestToken),
  }
}
