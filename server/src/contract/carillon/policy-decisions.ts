import { Text } from '../common.ts'
import { integer, list, oneOf, structure } from '../shapes.ts'

const whereStatement = {
  PolicyOf: oneOf('IDENTITY', 'SESSION'),
  StatementNumber: integer({ minimum: 1 }),
  Sid: Text,
  Effect: oneOf('Allow', 'Deny'),
}

/** The statement that decides. */
const DecidingStatement = structure(whereStatement)

/** A statement about the action that does not apply, and why. */
const MissedStatement = structure({ ...whereStatement, Missed: oneOf('RESOURCE', 'CONDITION', 'VARIABLE') })

/** The decision of IAM about an action on a resource, with the statements that made it. */
export const PolicyDecision = structure({
  Action: Text,
  ResourceArn: Text,
  Decision: oneOf('ALLOWED', 'EXPLICITLY_DENIED', 'NOT_ALLOWED'),
  DecidingStatements: list(DecidingStatement),
  MissedStatements: list(MissedStatement),
})
