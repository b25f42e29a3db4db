import { ApiError } from '../errors.ts'
import type { IamRole } from '../keys/principals.ts'
import { tagKey, tagValue } from '../keys/iam-roles.ts'
import type { Origin } from '../auth/origin.ts'
import { assumedRoleUser, namedIamRole, refusedTags, tooLongFor, type AssumedRole } from './assume-role.ts'
import { issue, type Tools } from './credentials.ts'
import type { Claims, Issuer } from './issuer.ts'
import type { TakeLogin } from './login-rate.ts'
import { userIdIn } from './user-id.ts'
import { asciiArn, checkTags, duration, roleSessionName, sessionPolicy, text, type Parameters, type SessionTags } from './parameters.ts'

const amazonsTags = 'https://aws.amazon.com/tags'
/** Errors about the token, as opposed to its holder. */
const ofTheToken = new Set([
  'iss',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'nonce',
  'azp',
  'at_hash',
  'c_hash',
  's_hash',
  'auth_time',
  'sid',
  'typ',
])

const refused = (message: string, reason: string) => new ApiError('AccessDenied', 403, message, reason)
const notAuthorized = (reason: string) => refused('Not authorized to perform sts:AssumeRoleWithWebIdentity', reason)

/**
 * Returns the role if it accepts tokens of this issuer for this audience with these claims. The error is the same for a role that
 * does not and one that does not exist.
 */
export function trustingIamRole(role: IamRole | undefined, claims: Claims): IamRole {
  const { iss, aud } = claims
  const oidc = role?.trust.oidc
  const audiences = typeof aud === 'string' ? [aud] : (aud ?? [])
  if (role && oidc?.issuer === iss && audiences.some(each => oidc.audiences.includes(each)) && role.takesClaims(claims)) return role
  throw notAuthorized(
    'There is no such role, or it does not accept tokens of this issuer for this audience with these claims: ' +
      'carillon roles update NAME --audience … --condition …',
  )
}

interface AmazonsTags {
  readonly principal_tags?: Readonly<Record<string, unknown>>
  readonly transitive_tag_keys?: unknown
}

/** The value of a claim that has one value, alone or in a list of one, as on Amazon. */
const single = (value: unknown): unknown => (Array.isArray(value) && value.length === 1 ? value[0] : value)

/**
 * The session tags of a login: the string and number claims that the role accepts, and the tags in Amazon's claim for tags, all of which
 * the role must accept.
 */
function tagsOf(claims: Claims, role: IamRole): { tags: SessionTags; transitive: string[] } {
  const amazons = (claims[amazonsTags] ?? {}) as AmazonsTags
  const explicit = Object.entries(amazons.principal_tags ?? {}).map(([key, value]) => [key, String(single(value))] as const)
  const tags = new Map(explicit)
  const [stray] = refusedTags(role, tags.keys())
  if (stray !== undefined)
    throw notAuthorized(`The role does not accept the session tag ${stray}: carillon roles update ${role.name} --tags …`)
  for (const [claim, value] of Object.entries(claims)) {
    if (tags.has(claim) || ofTheToken.has(claim) || (typeof value !== 'string' && typeof value !== 'number')) continue
    if (refusedTags(role, [claim]).length > 0) continue
    const isTag = tagKey.test(claim) && tagValue.test(String(value))
    if (isTag) tags.set(claim, String(value))
    else if (role.tags.includes(claim))
      throw refused(`The claim ${claim} cannot be a session tag`, 'Tags may have letters, digits, blanks and _.:/=+-@ only.')
  }
  const transitive = Array.isArray(amazons.transitive_tag_keys)
    ? amazons.transitive_tag_keys.filter(key => tags.has(String(key))).map(String)
    : []
  return { tags: checkTags(tags), transitive }
}

/** What verifies the tokens of logins. */
export interface TakesLogins {
  /** Undefined if none is configured. */
  readonly issuer: Issuer | undefined
  readonly takeLogin: TakeLogin
}

interface LoggedIn {
  readonly role: IamRole
  readonly claims: Claims
  /** The AppInstanceUserId of the login, which is also the value of the session tag of its claim. */
  readonly userId: string
  /** cognito-identity.amazonaws.com:sub in policies. */
  readonly subject?: string
  readonly name: string
  readonly policy: string | undefined
  readonly seconds: number
}

/** Credentials of a role for a login. */
export async function credentialsOfLogin(tools: Tools, login: LoggedIn): Promise<AssumedRole> {
  const { role, claims, userId, subject = userId, name, policy, seconds } = login
  const { tags, transitive } = tagsOf({ ...claims, [tools.userClaim]: userId }, role)
  const of = { kind: 'role', sourceKeyId: undefined, iamRoleIds: [role.id] } as const
  const given = { ...of, name, tags: [...tags], transitive, policy, subject }
  return { ...(await issue(tools, given, seconds)), AssumedRoleUser: assumedRoleUser(tools, role, name) }
}

/** AssumeRoleWithWebIdentity: the call is not signed; the token identifies the user. */
export async function assumeRoleWithWebIdentity(parameters: Parameters, tools: Tools & TakesLogins, { sourceAddress }: Origin) {
  const { issuer, takeLogin } = tools
  const arn = asciiArn(parameters, 'RoleArn')
  const name = roleSessionName(parameters)
  const policy = sessionPolicy(parameters)
  const token = text(parameters, 'WebIdentityToken', /^[!-~]{4,20000}$/, 'a token of 4 to 20000 characters')
  if (!issuer) throw notAuthorized('No issuer is configured: start the server with --oidc-issuer and --oidc-audience.')
  takeLogin(sourceAddress)
  const claims = await issuer.verify(token)
  const role = trustingIamRole(namedIamRole(tools, arn), claims)
  const seconds = duration(parameters, 3600, role.longestSeconds, tooLongFor)
  const issued = await credentialsOfLogin(tools, { role, claims, userId: userIdIn(claims, tools.userClaim), name, policy, seconds })
  const [audience] = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? [])
  return { ...issued, SubjectFromWebIdentityToken: claims.sub, Audience: audience, Provider: claims.iss }
}
