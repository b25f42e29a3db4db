import type { Decision } from '../auth/iam/decide.ts'
import type { Explanation, NamedStatement } from '../auth/iam/explain.ts'
import type { Miss } from '../auth/iam/statement.ts'
import { rules } from '../auth/roles/rules.ts'
import { isBearerOperation, type OperationName } from '../contract/index.ts'

const decisions = { allowed: 'ALLOWED', 'explicitly denied': 'EXPLICITLY_DENIED', 'not allowed': 'NOT_ALLOWED' } as const satisfies Record<
  Decision,
  string
>
const misses = { variable: 'VARIABLE', resource: 'RESOURCE', condition: 'CONDITION' } as const satisfies Record<Miss, string>

const shownStatement = ({ group, number, sid, denies }: NamedStatement) => ({
  PolicyOf: group === 0 ? ('IDENTITY' as const) : ('SESSION' as const),
  StatementNumber: number,
  Sid: sid,
  Effect: denies ? ('Deny' as const) : ('Allow' as const),
})

/** A decision of IAM in the form of the contract. */
export const shownDecision = ({ action, resource, decision, statements, missed }: Explanation) => ({
  Action: action,
  ResourceArn: resource,
  Decision: decisions[decision],
  DecidingStatements: statements.map(shownStatement),
  MissedStatements: missed.map(each => ({ ...shownStatement(each), Missed: misses[each.why] })),
})

/** A sentence that says who may call the operation once IAM has allowed it. */
export const ruleOf = (name: OperationName) =>
  isBearerOperation(name) ? `${name} is allowed to: ${rules[name].says}.` : 'The operation has no bearer, so no role is needed.'
