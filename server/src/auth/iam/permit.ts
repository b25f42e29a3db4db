import { parseArn } from '../../arn.ts'
import type { OperationName } from '../../contract/index.ts'
import { accessDenied } from '../../errors.ts'
import type { Origin } from '../origin.ts'
import type { Queries } from '../../database/database.ts'
import { tagsUnder } from '../../store/tags.ts'
import { asksResourceTags, decide, type Decision } from './decide.ts'
import type { RequestContext } from './request-context.ts'
import type { Principal } from '../principal.ts'
import { actionOf } from './actions.ts'
import { further, resources, type Further, type Owner } from './resources.ts'

/** What an evaluation may need to know of a request, from any entrance. */
interface Asking extends Origin, Owner {
  readonly db: Queries
  readonly now: () => number
}

type AnyInput = Readonly<Record<string, unknown>>
type AnyResources = (input: AnyInput, owner: Owner) => readonly string[]

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
  const isSession = alone.indexOf(decision) > 0
  const kind = isSession ? 'session' : 'identity-based'
  const owner = isSession ? 'the session' : 'the key or role'
  const asked = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}`
  if (decision === 'explicitly denied') {
    const article = isSession ? 'a' : 'an'
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

/** Rejects with AccessDeniedException unless the principal may perform the action on every one of the resources. */
async function demand(
  principal: Principal,
  action: string,
  wanted: readonly string[],
  asking: Asking,
  requestTags?: RequestContext['requestTags'],
) {
  const { db, now, sourceAddress, isSecure, headers, region, account } = asking
  const about = { now: now(), sourceAddress, isSecure, headers, region, account, requestTags }
  const needsTags = asksResourceTags(principal)
  for (const resource of wanted) {
    const arn = needsTags ? parseArn(resource) : undefined
    const resourceTags = arn && (await tagsUnder(db, arn))
    const context: RequestContext = { ...about, resource, resourceTags }
    const decision = decide(principal, action, context)
    if (decision !== 'allowed') throw denial(principal, action, context, decision)
  }
}

/** The gate of IAM, made once per operation. Call it for every principal except the root, which may do everything. */
export function permitterOf(name: OperationName) {
  const action = actionOf(name)
  const resourcesOf = resources[name] as AnyResources
  const more = (further[name] ?? []) as readonly (Omit<Further<OperationName>, 'resources'> & { readonly resources: AnyResources })[]

  return async function permit(principal: Principal, input: AnyInput, asking: Asking): Promise<void> {
    const tags = tagsIn(input)
    await demand(principal, action, resourcesOf(input, asking), asking, tags)
    for (const { member, ...asked } of more) {
      if (input[member] !== undefined) await demand(principal, asked.action, asked.resources(input, asking), asking, tags)
    }
  }
}

/** The gate of IAM for the WebSocket. */
export const permitConnect = async (principal: Principal, userArn: string, asking: Asking) =>
  principal.permissions && demand(principal, 'chime:Connect', [userArn], asking)
