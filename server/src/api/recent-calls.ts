import type { Origin } from '../auth/origin.ts'
import type { Principal } from '../auth/principal.ts'
import { demandsOf, explainDemands } from '../auth/iam/permit.ts'
import type { RecentCall } from '../auth/recent-calls.ts'
import type { Stage } from '../auth/trail.ts'
import { isOperation, operations, type OperationName } from '../contract/index.ts'
import type { Shape } from '../contract/shapes.ts'
import type { Environment, Handlers } from './call.ts'
import { ruleOf, shownDecision } from './policy-decisions.ts'

const usualCount = 50
/** The most resources of a call whose decisions are explained: BatchCreate and tags never have more. */
const mostDecisions = 10
const hidden = '(hidden)'

/** The value without what is sensitive in the contract: names, content, metadata. */
function masked(shape: Shape | undefined, value: unknown): unknown {
  if (shape?.sensitive) return hidden
  if (Array.isArray(value)) return value.map(each => masked(shape?.items, each))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  // The keys of a dictionary are those of message attributes, which its users choose.
  if (shape?.properties === undefined) return hidden
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, masked(shape.properties?.[name], each)]))
}

const checks = ['SIGNATURE', 'INPUT', 'IAM', 'ROLE', 'OPERATION'] as const
type Check = (typeof checks)[number]

function explanationOf(check: Check, name: OperationName, principal: Principal | undefined): string | undefined {
  if (check === 'SIGNATURE') return principal && `The signature is valid; the principal is ${principal.arn}.`
  if (check === 'INPUT') return 'The input is valid.'
  if (check === 'IAM')
    return principal?.permissions
      ? 'The policies allow the action on every resource.'
      : 'The root key may do everything: no policy is evaluated.'
  if (check === 'ROLE') return ruleOf(name)
  return 'The operation has succeeded.'
}

async function checksOf(call: RecentCall, name: OperationName, environment: Environment) {
  const { trail, refusal, answeredAt } = call
  const { principal, input } = trail
  const origin: Origin = call
  const circumstances = { ...environment, ...origin, now: () => answeredAt }
  const decided =
    principal?.permissions && input
      ? await explainDemands(principal, demandsOf(name)(input, circumstances), circumstances, { input, most: mostDecisions })
      : []
  const reached = checks.indexOf(trail.stage as Exclude<Stage, 'ANSWERED'>)
  return checks.map((check, index) => {
    const isPast = reached === -1 || index < reached
    if (!isPast && index > reached) return { Check: check, Outcome: 'NOT_REACHED' as const }
    const isRefused = !isPast && refusal !== undefined
    const isNeedless = (check === 'IAM' && !principal?.permissions) || (check === 'ROLE' && !operations[name].bearer)
    return {
      Check: check,
      Outcome: isRefused ? ('REFUSED' as const) : isNeedless ? ('NOT_NEEDED' as const) : ('PASSED' as const),
      Explanation: isRefused ? (refusal.reason ?? refusal.message) : explanationOf(check, name, principal),
      ...(check === 'IAM' && !isNeedless && { Decisions: decided.map(shownDecision) }),
    }
  })
}

async function shown(call: RecentCall, environment: Environment) {
  const { trail, operation: name, refusal } = call
  const { accessKeyId, principal, bearer, resources } = trail.entry
  const known = isOperation(name) ? name : undefined
  const input = known && trail.input
  return {
    RequestId: call.requestId,
    OperationName: name,
    AnsweredTimestamp: new Date(call.answeredAt),
    DurationMicroseconds: Math.round(call.seconds * 1e6),
    StatusCode: call.status,
    ErrorName: refusal?.type,
    ErrorMessage: refusal?.message,
    Reason: refusal?.reason,
    SourceIp: call.sourceAddress,
    AccessKeyId: accessKeyId,
    PrincipalArn: principal,
    BearerArn: bearer,
    ResourceArns: resources,
    Method: call.method,
    Path: call.url.split('?', 1)[0],
    RequestSize: call.requestSize,
    ResponseSize: call.responseSize,
    Input: input && JSON.stringify(environment.showsContent ? input : masked(operations[known].input, input)),
    Checks: known && (await checksOf(call, known, environment)),
  }
}

export const recentCalls = {
  async ListRecentCalls({ AfterRequestId, MaxResults = usualCount }, call) {
    const newest = call.recentCalls.newest(MaxResults, AfterRequestId)
    const RecentCalls = []
    for (const each of newest) RecentCalls.push(await shown(each, call))
    return { NodeName: call.node.name, RecentCalls }
  },
} satisfies Partial<Handlers>
