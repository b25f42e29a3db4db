import type { RequestContext } from '../auth/iam/request-context.ts'
import { ApiError } from '../errors.ts'
import { newId, newSecret } from '../tools/access-key-ids.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { longestSessionToken, sealSessionToken, type TemporaryCredentials } from '../keys/session-token.ts'
import type { Origin } from '../auth/origin.ts'
import type { SessionTags } from './parameters.ts'

/** What the calls for temporary credentials share. */
export interface Tools {
  readonly ring: KeyRing
  /** The clock by which credentials expire. */
  readonly now: () => number
  readonly region: string
  readonly account: string
  /** The claim of a login that becomes the user's id. */
  readonly userClaim: string
}

/** The values of a call for credentials that policies can use. */
export function contextOf(tools: Tools, origin: Origin, resource: string, requestTags: SessionTags): RequestContext {
  const { sourceAddress, isSecure, headers } = origin
  const { now, region, account } = tools
  return { now: now(), sourceAddress, isSecure, headers, region, account, resource, requestTags, resourceTags: undefined }
}

interface Credentials {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly SessionToken: string
  readonly Expiration: string
}

export interface Issued {
  readonly Credentials: Credentials
  /** How much of the room for tags and policy is used, in percent. */
  readonly PackedPolicySize: number
}

/** What a session is made of unless its call gives others. */
const usual = { iamRoleIds: [], name: '', tags: [], transitive: [], subject: undefined }

type Holder = Pick<TemporaryCredentials, 'kind' | 'sourceKeyId' | 'policy'> & Partial<Pick<TemporaryCredentials, keyof typeof usual>>

/** Temporary credentials for a session of that many seconds. */
export async function issue({ ring, now }: Tools, holder: Holder, seconds: number): Promise<Issued> {
  // Whole seconds, since the response has only these.
  const issuedAt = Math.floor(now() / 1000) * 1000
  const expiresAt = issuedAt + seconds * 1000
  const credentials = { ...usual, ...holder, accessKeyId: newId('ASIA'), secretAccessKey: newSecret(), issuedAt, expiresAt }
  const SessionToken = sealSessionToken(await ring.masterKey(), credentials)
  if (SessionToken.length > longestSessionToken) {
    throw new ApiError(
      'PackedPolicyTooLarge',
      400,
      'The session policy and the tags together are too large for a session token',
      `The token has ${SessionToken.length} characters; at most ${longestSessionToken} are allowed.`,
    )
  }
  return {
    Credentials: {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken,
      Expiration: new Date(expiresAt).toISOString().replace('.000Z', 'Z'),
    },
    PackedPolicySize: Math.ceil((SessionToken.length * 100) / longestSessionToken),
  }
}
