import { parseArn } from '../../arn.ts'
import type { OperationName } from '../../contract/index.ts'
import { accessDenied } from '../../errors.ts'
import type { Origin } from '../origin.ts'
import type { Queries } from '../../database/database.ts'
import { tagsUnder } from '../../store/tags.ts'
import { usesResourceTags, decide, type Decision } from './decide.ts'
import { explain, type Explanation } from './explain.ts'
import type { RequestContext } from './request-context.ts'
import type { Principal } from '../principal.ts'
import { actionOf } from './actions.ts'
import { furtherOf, resourcesOf, type AnyInput, type Owner } from './resources.ts'

/** What an evaluation may need of a request, whether it is a call, a WebSocket or a request for temporary credentials. */
export interface Circumstances extends Omit<Origin, 'sourceAddress'>, Owner {
  readonly db: Queries
  readonly now: () => number
  readonly sourceAddress: string | undefined
}

/** The tags that a request sets and those that it removes. */
function tagsIn({ Tags, TagKeys }: AnyInput): RequestContext['requestTags'] {
  if (Array.isArray(Tags)) return new Map((Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]))
  if (Array.isArray(TagKeys)) return new Map((TagKeys as string[]).map(key => [key, undefined]))
  return undefined
}

/** AccessDeniedException with Amazon's sentence; the reason says which group of policies denied. */
function denial(principal: Principal, action: string, context: RequestContext, decision: Decision) {
  const { resource } = context
  const groups = principal.permissions ?? []
  const alone = groups.map(group => decide({ ...principal, permissions: [group] }, action, context))
  const isSessionPolicy = alone.indexOf(decision) > 0
  const kind = isSessionPolicy ? 'session' : 'identity-based'
  const owner = isSessionPolicy ? 'the session' : 'the key or role'
  const asked = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}`
  if (decision === 'explicitly denied') {
    const article = isSessionPolicy ? 'a' : 'an'
    return accessDenied(
      `${asked} with an explicit deny in ${article} ${kind} policy`,
      `A statement with the Effect Deny in a policy of ${owner} covers this.`,
    )
  }
  return accessDenied(
    `${asked} because no ${kind} policy allows the ${action} action`,
    `No statement with the Effect Allow in a policy of ${owner} covers ${action} on ${resource}. Every resource of a call must be allowed.`,
  )
}

/** An action and the resources on which a call performs it. */
export interface Demand {
  readonly action: string
  readonly resources: readonly string[]
}

/** What a decision about one resource depends on, beside the principal. */
async function contextOf(
  principal: Principal,
  resource: string,
  { db, now, sourceAddress, isSecure, headers, region, account }: Circumstances,
  requestTags: RequestContext['requestTags'],
): Promise<RequestContext> {
  const arn = usesResourceTags(principal) ? parseArn(resource) : undefined
  const resourceTags = arn && (await tagsUnder(db, arn))
  return { now: now(), sourceAddress, isSecure, headers, region, account, requestTags, resource, resourceTags }
}

/** Rejects with AccessDeniedException unless the principal may perform the action on every one of the resources. */
async function demand(
  principal: Principal,
  { action, resources }: Demand,
  circumstances: Circumstances,
  requestTags?: RequestContext['requestTags'],
) {
  for (const resource of resources) {
    const context = await contextOf(principal, resource, circumstances, requestTags)
    const decision = decide(principal, action, context)
    if (decision !== 'allowed') throw denial(principal, action, context, decision)
  }
}

/** Returns the actions and resources of a call that IAM decides about. Made once per operation. */
export function demandsOf(name: OperationName): (input: AnyInput, owner: Owner) => Demand[] {
  const action = actionOf(name)
  const own = resourcesOf(name)
  const more = furtherOf(name)
  return (input, owner) => [
    { action, resources: own(input, owner) },
    ...more
      .filter(({ member }) => input[member] !== undefined)
      .map(({ action, resources }) => ({ action, resources: resources(input, owner) })),
  ]
}

/** The members of an input from which IAM takes resources, those that a call may leave out included. */
export function askedMembers(name: OperationName): readonly string[] {
  const asked = new Set<string>()
  const watched = new Proxy<AnyInput>({}, { get: (_, member) => void asked.add(String(member)) })
  demandsOf(name)(watched, { region: '', account: '' })
  return [...asked]
}

/** The gate of IAM, made once per operation. Call it for every principal except the root, which may do everything. */
export function permitterOf(name: OperationName) {
  const demands = demandsOf(name)
  return async function permit(principal: Principal, input: AnyInput, circumstances: Circumstances): Promise<void> {
    const tags = tagsIn(input)
    for (const each of demands(input, circumstances)) await demand(principal, each, circumstances, tags)
  }
}

/** The decisions of IAM about some actions and resources, at most `most`. The input of the request has the tags that it sets. */
export async function explainDemands(
  principal: Principal,
  demands: readonly Demand[],
  circumstances: Circumstances,
  { input, most }: { readonly input: AnyInput; readonly most: number },
): Promise<Explanation[]> {
  const tags = tagsIn(input)
  const asked = demands.flatMap(({ action, resources }) => resources.map(resource => ({ action, resource })))
  const explained = []
  for (const { action, resource } of asked.slice(0, most))
    explained.push(explain(principal, action, await contextOf(principal, resource, circumstances, tags)))
  return explained
}

/** The gate of IAM for the WebSocket. */
export const permitConnect = async (principal: Principal, userArn: string, circumstances: Circumstances) =>
  principal.permissions && demand(principal, { action: 'chime:Connect', resources: [userArn] }, circumstances)
