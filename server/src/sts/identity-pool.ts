import { upToDate } from '../auth/access.ts'
import { providerOf } from '../auth/iam/claims.ts'
import { iamRoleArn } from '../keys/principals.ts'
import type { Origin } from '../auth/origin.ts'
import type { Tools } from './credentials.ts'
import type { IdentityIds } from './identity-id.ts'
import { poolError, type identityInput, type identityPoolInput, type Logins } from './identity-input.ts'
import type { Claims } from './issuer.ts'
import { isProvider } from './provider.ts'
import { userIdIn } from './user-id.ts'
import { credentialsOfLogin, trustingIamRole, type TakesLogins } from './web-identity.ts'

/** An identity pool, as the operator has configured it. */
export interface IdentityPool extends Tools, TakesLogins {
  readonly id: string
  readonly ids: IdentityIds
  /** The role of clients with a login; undefined if there are guests only. */
  readonly role: string | undefined
  /** The role of clients without a login; undefined if there are no guests. */
  readonly guestIamRole: string | undefined
}

/** The issuer of guests in a role's trust; the pool's id is the audience. */
const guestIssuer = 'cognito-identity.amazonaws.com'
/** Amazon's session name for every identity pool. */
const roleSessionName = 'CognitoIdentityCredentials'
const longestSeconds = 3600

const notGranted = (message: string, reason: string) => poolError('NotAuthorizedException', message, reason)

/** For an unknown identity pool; the reason says what the operator can change. */
export const unknownPool = (what: string, reason: string) => poolError('ResourceNotFoundException', `${what} not found.`, reason)

/** The identity and its role. */
interface Holder {
  readonly identityId: string
  readonly claims: Claims
  readonly userId: string
  readonly roleName: string
}

/** The login of a call; undefined for a guest. */
async function loginOf(pool: IdentityPool, logins: Logins, { sourceAddress }: Origin): Promise<Holder | undefined> {
  const { issuer, role: roleName, takeLogin, userClaim, ids } = pool
  const [[provider, token] = [], ...others] = logins
  if (provider === undefined || token === undefined) return undefined
  if (!issuer || roleName === undefined)
    throw notGranted(
      'Token is not from a supported provider of this identity pool.',
      'This pool does not accept logins: start the server with --oidc-issuer, --oidc-audience and --identity-pool-role.',
    )
  const known = `${providerOf(issuer.name)} is the key of its issuer in Logins`
  if (!isProvider(provider, issuer.name))
    throw notGranted('Token is not from a supported provider of this identity pool.', `Send one token of the issuer: ${known}.`)
  if (others.length > 0)
    throw poolError('InvalidParameterException', 'Logins has more than one entry', `This pool accepts one login: ${known}.`)
  takeLogin(sourceAddress)
  const claims = await issuer.verify(token)
  const userId = userIdIn(claims, userClaim)
  return { identityId: ids.ofLogin(claims.iss, userId), claims, userId, roleName }
}

function requireGuests({ guestIamRole }: IdentityPool): string {
  if (guestIamRole !== undefined) return guestIamRole
  throw notGranted(
    'Unauthenticated access is not supported for this identity pool.',
    'Send the token of a login in Logins, or start the server with --identity-pool-guest-role.',
  )
}

/** The guest with that identity. Throws if there are no guests, or the identity is not a guest's. */
function guestOf(pool: IdentityPool, identityId: string): Holder {
  const roleName = requireGuests(pool)
  if (!pool.ids.isGuest(identityId)) {
    if (pool.ids.mayBeLogin(identityId))
      throw notGranted(`Access to Identity '${identityId}' is forbidden.`, 'This identity belongs to a login: send its token in Logins.')
    throw unknownPool(`Identity '${identityId}'`, 'The IdentityId does not come from GetId: call GetId again.')
  }
  const claims = { iss: guestIssuer, aud: pool.id, sub: identityId, amr: ['unauthenticated'] }
  return { identityId, claims, userId: identityId, roleName }
}

/** GetId: the identity of a login, or a new one for a guest. */
export async function getId(input: ReturnType<typeof identityPoolInput>, pool: IdentityPool, origin: Origin) {
  const { IdentityPoolId, Logins } = input
  if (IdentityPoolId !== pool.id)
    throw unknownPool(`IdentityPool '${IdentityPoolId}'`, 'It is not the pool of this server (--identity-pool).')
  const login = await loginOf(pool, Logins, origin)
  if (login) return { IdentityId: login.identityId }
  requireGuests(pool)
  return { IdentityId: pool.ids.newGuest() }
}

/** GetCredentialsForIdentity: temporary credentials of the pool's role. A guest who logs in gets the identity of the login. */
export async function getCredentialsForIdentity(input: ReturnType<typeof identityInput>, pool: IdentityPool, origin: Origin) {
  const { IdentityId, Logins, CustomRoleArn } = input
  const login = await loginOf(pool, Logins, origin)
  const { identityId, claims, userId, roleName } = login ?? guestOf(pool, IdentityId)
  if (IdentityId !== identityId && !pool.ids.isGuest(IdentityId))
    throw notGranted(
      "Logins don't match. Please include at least one valid login for this identity or identity pool.",
      'The IdentityId is not that of this login. GetId with these Logins returns the right one.',
    )
  if (CustomRoleArn !== undefined && CustomRoleArn !== iamRoleArn(pool.account, roleName))
    throw notGranted('The role of CustomRoleArn cannot be assumed with this identity.', 'The pool has one role: leave CustomRoleArn out.')
  // If the role is looked up again, the token is not verified again.
  const { Credentials: given } = await upToDate(pool.ring, async () => {
    const role = trustingIamRole(pool.ring.iamRole(roleName), claims)
    const seconds = Math.min(longestSeconds, role.longestSeconds)
    return credentialsOfLogin(pool, { role, claims, userId, subject: identityId, name: roleSessionName, policy: undefined, seconds })
  })
  const { AccessKeyId, SecretAccessKey: SecretKey, SessionToken, Expiration } = given
  const Credentials = { AccessKeyId, SecretKey, SessionToken, Expiration: Date.parse(Expiration) / 1000 }
  return { IdentityId: identityId, Credentials }
}
