import { decide } from '../auth/iam/decide.ts'
import type { RequestContext } from '../auth/iam/request-context.ts'
import type { Principal } from '../auth/principal.ts'
import type { AccessKey } from '../auth/signature/signing-key.ts'
import { iamRoleArn, iamRoleNameOf, type IamRole } from '../keys/principals.ts'
import type { TemporaryCredentials } from '../keys/session-token.ts'
import type { Origin } from '../auth/origin.ts'
import { contextOf, issue, type Issued, type Tools } from './credentials.ts'
import {
  asciiArn,
  denied,
  duration,
  invalid,
  roleSessionName,
  sessionPolicy,
  tagsIn,
  transitiveKeys,
  type Parameters,
  type SessionTags,
} from './parameters.ts'

export interface AssumedRole extends Issued {
  readonly AssumedRoleUser: { readonly AssumedRoleId: string; readonly Arn: string }
}

/** The role of an ARN; undefined if there is none. */
export function namedIamRole({ ring, account }: Tools, arn: string): IamRole | undefined {
  const name = iamRoleNameOf(account, arn)
  return name === undefined ? undefined : ring.iamRole(name)
}

export const tooLongFor = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'

/** The tag keys that the role does not accept. */
export const refusedTags = ({ tags }: IamRole, keys: Iterable<string>) =>
  [...keys].filter(key => !tags.includes('*') && !tags.includes(key))

/** How a role trusts the caller: by naming it, or by leaving it to the policies of the account; undefined if it does not. */
function trustIn({ trust }: IamRole, { accessKeyId, principal }: AccessKey, temporary: TemporaryCredentials | undefined, account: string) {
  const assumedRoleArn = temporary?.kind === 'role' ? iamRoleArn(account, principal.arn.split('/')[1] ?? '') : undefined
  const keyId = temporary ? (temporary.kind === 'session' ? temporary.sourceKeyId : undefined) : accessKeyId
  const names = new Set([keyId, principal.arn, assumedRoleArn])
  if (trust.principals.some(trusted => names.has(trusted))) return 'named'
  return trust.principals.includes(`arn:aws:iam::${account}:root`) ? 'account' : undefined
}

/**
 * The policies of the caller's session must always allow the action; those of its key or role need not if the role names the
 * caller.
 */
function isPermitted(principal: Principal, action: string, context: RequestContext, trust: 'named' | 'account') {
  const decision = decide(principal, action, context)
  if (decision !== 'not allowed' || trust === 'account') return decision === 'allowed'
  const [, ...sessionPolicies] = principal.permissions!
  return sessionPolicies.length === 0 || decide({ ...principal, permissions: sessionPolicies }, action, context) === 'allowed'
}

/** The new tags, and the transitive tags of the previous roles, which cannot be changed. */
function mergedTags(given: SessionTags, temporary: TemporaryCredentials | undefined): SessionTags {
  const merged = new Map(given)
  const taken = new Set([...given.keys()].map(key => key.toLowerCase()))
  for (const [key, value] of temporary?.tags ?? []) {
    if (!temporary!.transitive.includes(key)) continue
    if (taken.has(key.toLowerCase())) throw invalid(`The session tag ${key} is transitive and cannot be given another value`)
    merged.set(key, value)
  }
  return merged
}

/** AssumeRole: credentials of a role, for a caller that the role trusts and that is permitted. */
export async function assumeRole(parameters: Parameters, caller: AccessKey, tools: Tools, origin: Origin): Promise<AssumedRole> {
  const { ring, account } = tools
  const arn = asciiArn(parameters, 'RoleArn')
  const name = roleSessionName(parameters)
  const tags = tagsIn(parameters)
  const policy = sessionPolicy(parameters)
  const transitive = transitiveKeys(parameters)
  const stray = transitive.find(key => !tags.has(key))
  if (stray !== undefined) throw invalid(`The transitive tag key ${stray.slice(0, 128)} is not among the session tags`)

  const { principal } = caller
  const temporary = ring.temporaryCredentialsOf(caller)
  const role = namedIamRole(tools, arn)
  const refuse = (reason: string, action = 'sts:AssumeRole') => denied(principal.arn, action, arn, reason)
  const isRoot = principal.permissions === undefined
  const trust = role && (isRoot ? 'account' : trustIn(role, caller, temporary, account))
  if (!role || !trust)
    throw refuse('There is no such role, or it does not trust the caller: carillon roles update NAME --trust KEY-OR-ARN.')
  const { externalId } = role.trust
  if (externalId !== undefined && parameters.get('ExternalId') !== externalId)
    throw refuse('The role requires an ExternalId, and this one is different.')
  const context = contextOf(tools, origin, arn, tags)
  for (const action of tags.size > 0 ? ['sts:AssumeRole', 'sts:TagSession'] : ['sts:AssumeRole']) {
    if (!isPermitted(principal, action, context, trust))
      throw refuse(`The policies of the caller do not allow ${action} on the role, or deny it.`, action)
  }
  const [refused] = refusedTags(role, tags.keys())
  if (refused !== undefined)
    throw refuse(`The role does not accept the session tag ${refused}: carillon roles update ${role.name} --tags …`, 'sts:TagSession')

  const isChained = temporary?.kind === 'role'
  const longest = isChained ? Math.min(3600, role.longestSeconds) : role.longestSeconds
  const seconds = duration(
    parameters,
    3600,
    longest,
    isChained ? 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining' : tooLongFor,
  )
  const issued = await issue(
    tools,
    {
      kind: 'role',
      sourceKeyId: temporary ? temporary.sourceKeyId : caller.accessKeyId,
      iamRoleIds: isChained ? [...temporary.iamRoleIds, role.id] : [role.id],
      name,
      tags: [...mergedTags(tags, temporary)],
      transitive: [...new Set([...transitive, ...(temporary?.transitive ?? [])])],
      policy,
    },
    seconds,
  )
  return { ...issued, AssumedRoleUser: assumedRoleUser(tools, role, name) }
}

export const assumedRoleUser = ({ account }: Tools, { id, name }: IamRole, roleSessionName: string) => ({
  AssumedRoleId: `${id}:${roleSessionName}`,
  Arn: `arn:aws:sts::${account}:assumed-role/${name}/${roleSessionName}`,
})
