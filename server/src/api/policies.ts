import { askedMembers, demandsOf, explainDemands, type Demand } from '../auth/iam/permit.ts'
import type { AnyInput } from '../auth/iam/resources.ts'
import type { Principal } from '../auth/principal.ts'
import { isOperation, operations, type Input } from '../contract/index.ts'
import { badRequest } from '../errors.ts'
import { requireAccessKey } from '../keys/access-keys.ts'
import { requireIamRole } from '../keys/iam-roles.ts'
import { temporaryPrincipal, userPrincipal } from '../keys/principals.ts'
import type { Call, Handlers } from './call.ts'
import { policyIn } from './given-policy.ts'
import { ruleOf, shownDecision } from './policy-decisions.ts'

type Simulated = Input<'SimulatePolicy'>

const mostDecisions = 20
/** The name of the principal if the input has a policy of its own, and of the session if it names a role. */
const nobody = 'simulated'

/** The principal whose permissions are simulated: the key, a session of the role, or a user with the policy. */
async function holder({ Policy: text, AccessKeyId, RoleName, Context = {} }: Simulated, { db, account, now }: Call): Promise<Principal> {
  const tags = new Map(Context.PrincipalTags?.map(({ Key, Value }) => [Key, Value]))
  const subject = Context.SubjectId
  if (RoleName !== undefined) {
    const stored = await requireIamRole(db, RoleName)
    const role = { ...stored, permissions: policyIn(stored.policy), takesClaims: () => true }
    const roleSession = { kind: 'role', name: nobody, policy: undefined, issuedAt: now(), tags: [...tags], subject } as const
    return temporaryPrincipal(account, roleSession, role, undefined)
  }
  if (text !== undefined) return { ...userPrincipal(account, nobody, nobody, policyIn(text)), tags, subject }
  const key = await requireAccessKey(db, AccessKeyId!)
  return { ...userPrincipal(account, key.id, key.name, policyIn(key.policy)), tags, subject }
}

/** The principal, with the session policy of the input. */
async function principalOf(input: Simulated, call: Call): Promise<Principal> {
  const { Policy, AccessKeyId, RoleName, SessionPolicy } = input
  if ([Policy, AccessKeyId, RoleName].filter(each => each !== undefined).length !== 1)
    throw badRequest('The principal to simulate is missing', 'Give exactly one of Policy, AccessKeyId and RoleName.')
  const principal = await holder(input, call)
  const own = SessionPolicy === undefined ? [] : [[policyIn(SessionPolicy)]]
  return { ...principal, permissions: [...principal.permissions!, ...own] }
}

/** The actions and resources that IAM checks for the operation with that input. */
function demandsOfOperation(name: string, input: AnyInput, owner: Call): Demand[] {
  if (!isOperation(name))
    throw badRequest(
      'There is no such operation',
      `${name.slice(0, 64)} is not an operation of this server. The names of operations begin with a capital letter.`,
    )
  const { input: shape, bearer } = operations[name]
  const needed = new Set([...(shape.required ?? []), ...(bearer ? ['ChimeBearer'] : [])])
  const missing = askedMembers(name).filter(member => needed.has(member) && input[member] === undefined)
  if (missing.length > 0)
    throw badRequest('OperationInput lacks a member', `IAM decides about ${name} by ${missing.join(' and ')}: add it to OperationInput.`)
  return demandsOf(name)(input, owner)
}

function demandsIn({ OperationName: name, OperationInput = {}, Action, Resources, Context = {} }: Simulated, call: Call): Demand[] {
  const isOperationGiven = name !== undefined
  if (isOperationGiven === (Action !== undefined) || (Action === undefined) !== (Resources === undefined))
    throw badRequest('The action to simulate is missing', 'Give either OperationName with OperationInput, or Action with Resources.')
  if (Action !== undefined) return [{ action: Action, resources: Resources! }]
  return demandsOfOperation(name!, { ...OperationInput, ...(Context.RequestTags && { Tags: Context.RequestTags }) }, call)
}

export const policies = {
  async SimulatePolicy(input, call) {
    const { OperationName: name, Context = {} } = input
    const principal = await principalOf(input, call)
    const demands = demandsIn(input, call)
    const { Timestamp: at, SourceIp: sourceAddress, IsSecure: isSecure = true, UserAgent, Referer } = Context
    const headers = { ...(UserAgent !== undefined && { 'user-agent': UserAgent }), ...(Referer !== undefined && { referer: Referer }) }
    const circumstances = { ...call, now: () => at?.getTime() ?? call.now(), sourceAddress, isSecure, headers }
    const tags = { Tags: Context.RequestTags }
    const explained = await explainDemands(principal, demands, circumstances, { input: tags, most: mostDecisions })
    return {
      IsAllowed: explained.every(({ decision }) => decision === 'allowed'),
      PrincipalArn: principal.arn,
      PolicyDecisions: explained.map(shownDecision),
      RoleRule: name !== undefined && isOperation(name) ? ruleOf(name) : undefined,
    }
  },
} satisfies Partial<Handlers>
