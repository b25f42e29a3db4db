import type { Principal } from '../principal.ts'
import { decide, type Decision } from './decide.ts'
import type { RequestContext } from './request-context.ts'
import type { Miss, Statement } from './statement.ts'

/** A decision about one action on one resource, with the statements that made it. */
export interface Explanation {
  readonly action: string
  readonly resource: string
  readonly decision: Decision
  readonly statements: readonly NamedStatement[]
  /** The statements about the action that do not apply. */
  readonly missed: readonly MissedStatement[]
}

/** A statement, identified by its policy and its number in it. */
export interface NamedStatement extends Pick<Statement, 'number' | 'sid' | 'denies'> {
  /** Those of the key or role come first, those of the session after them. */
  readonly group: number
}

interface MissedStatement extends NamedStatement {
  readonly why: Miss
}

/** The most statements that an explanation names because they do not apply. */
const mostMissed = 20

const named = (group: number, { number, sid, denies }: Statement): NamedStatement => ({ group, number, sid, denies })

/** Returns the decision of `decide` with its reasons. It is slower, and used only where somebody reads the reasons. */
export function explain(principal: Principal, action: string, context: RequestContext): Explanation {
  const decision = decide(principal, action, context)
  const deciding: NamedStatement[] = []
  const missed: MissedStatement[] = []
  for (const [group, policies] of (principal.permissions ?? []).entries()) {
    const about = policies.flatMap(policy => policy.statementsAbout(action)).map(each => ({ each, why: each.whyNot(principal, context) }))
    const applying = about.filter(({ why }) => why === undefined)
    // The one that denies, or the first that allows.
    const found = applying.find(({ each }) => each.denies) ?? applying[0]
    if (found) deciding.push(named(group, found.each))
    for (const { each, why } of about) if (why && missed.length < mostMissed) missed.push({ ...named(group, each), why })
  }
  const statements = decision === 'explicitly denied' ? deciding.filter(({ denies }) => denies).slice(0, 1) : deciding
  return { action, resource: context.resource, decision, statements, missed }
}
