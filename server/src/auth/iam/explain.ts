import type { Principal } from '../principal.ts'
import { decide, type Decision } from './decide.ts'
import type { RequestContext } from './request-context.ts'
import type { Statement } from './statement.ts'

/** A decision about one action on one resource, with the statements that made it. */
export interface Explanation {
  readonly action: string
  readonly resource: string
  readonly decision: Decision
  readonly statements: readonly Deciding[]
}

/** The statement of a group of policies that decides: the one that denies, or the first that allows. */
interface Deciding extends Pick<Statement, 'number' | 'sid' | 'denies'> {
  /** Those of the key or role come first, those of the session after them. */
  readonly group: number
}

function decidingIn(principal: Principal, group: number, action: string, context: RequestContext): Deciding[] {
  const applying = principal
    .permissions![group]!.flatMap(policy => policy.statementsAbout(action))
    .filter(statement => statement.applies(principal, context))
  const found = applying.find(({ denies }) => denies) ?? applying[0]
  return found ? [{ group, number: found.number, sid: found.sid, denies: found.denies }] : []
}

/** Returns what `decide` decides, and why: it takes longer, and is for people who look into a decision. */
export function explain(principal: Principal, action: string, context: RequestContext): Explanation {
  const decision = decide(principal, action, context)
  const groups = principal.permissions ?? []
  const deciding = groups.flatMap((_, group) => decidingIn(principal, group, action, context))
  const statements = decision === 'explicitly denied' ? deciding.filter(({ denies }) => denies).slice(0, 1) : deciding
  return { action, resource: context.resource, decision, statements }
}
