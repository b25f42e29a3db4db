import type { Principal } from '../principal.ts'
import type { RequestContext } from './request-context.ts'

export type Decision = 'allowed' | 'explicitly denied' | 'not allowed'

/**
 * Whether a principal may perform an action on the resource of a request, by Amazon's rules. A statement that denies wins over all that
 * allow. Each group of policies (those of the role or key, those of the session) must have a statement that allows.
 */
export function decide(principal: Principal, action: string, context: RequestContext): Decision {
  const { permissions } = principal
  if (!permissions) return 'allowed'
  let decision: Decision = permissions.length > 0 ? 'allowed' : 'not allowed'
  for (const group of permissions) {
    let allows = false
    for (const policy of group) {
      for (const statement of policy.statementsAbout(action)) {
        if (allows && !statement.denies) continue
        if (statement.whyNot(principal, context) !== undefined) continue
        if (statement.denies) return 'explicitly denied'
        allows = true
      }
    }
    if (!allows) decision = 'not allowed'
  }
  return decision
}

/** Whether a decision about this principal needs the tags of the resource. */
export const usesResourceTags = ({ permissions }: Principal) =>
  permissions?.some(group => group.some(policy => policy.usesResourceTags)) ?? false
