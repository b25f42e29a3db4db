import { decide } from '../auth/iam/decide.ts'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import type { Origin } from '../auth/origin.ts'
import { longestCredentials } from '../keys/session-token.ts'
import { contextOf, issue, type Tools } from './credentials.ts'
import { denied, duration, sessionPolicy, tagsIn, text, type Parameters } from './parameters.ts'

const usual = 43_200
/** Amazon's limit for the root of an account. */
const longestOfRoot = 3600

function seconds(parameters: Parameters, { principal }: AccessKey): number {
  const given = duration(parameters, usual, longestCredentials, `DurationSeconds must be at most ${longestCredentials}`)
  return principal.permissions ? given : Math.min(given, longestOfRoot)
}

/** GetSessionToken: temporary credentials with the rights of the key. */
export async function getSessionToken(parameters: Parameters, caller: AccessKey, tools: Tools) {
  const holder = { kind: 'session', sourceKeyId: caller.accessKeyId, policy: undefined } as const
  const { Credentials } = await issue(tools, holder, seconds(parameters, caller))
  return { Credentials }
}

/** GetFederationToken: temporary credentials with the rights that both the key and the session policy allow. */
export async function getFederationToken(parameters: Parameters, caller: AccessKey, tools: Tools, origin: Origin) {
  const name = text(parameters, 'Name', /^[\w+=,.@-]{2,32}$/, '2 to 32 letters, digits and characters of _+=,.@-')
  const tags = tagsIn(parameters)
  const policy = sessionPolicy(parameters)
  const arn = `arn:aws:sts::${tools.account}:federated-user/${name}`
  const context = contextOf(tools, origin, arn, tags)
  for (const action of tags.size > 0 ? ['sts:GetFederationToken', 'sts:TagSession'] : ['sts:GetFederationToken']) {
    if (decide(caller.principal, action, context) !== 'allowed')
      throw denied(caller.principal.arn, action, arn, `The policy of the key does not allow ${action} on ${arn}, or denies it.`)
  }
  const holder = { kind: 'federated-user', sourceKeyId: caller.accessKeyId, name, tags: [...tags], policy } as const
  const issued = await issue(tools, holder, seconds(parameters, caller))
  return { ...issued, FederatedUser: { FederatedUserId: `${tools.account}:${name}`, Arn: arn } }
}

/** GetCallerIdentity: every caller may ask for its own principal. */
export async function getCallerIdentity(_: Parameters, { principal: { arn, userId } }: AccessKey, { account }: Tools) {
  return { UserId: userId, Account: account, Arn: arn }
}
