import { Timestamp, anything } from '../common.ts'
import { operation } from '../operation.ts'
import { integer, list, oneOf, structure, text } from '../shapes.ts'

const Text = text({ pattern: anything })
const RequestId = text({ minLength: 1, maxLength: 64, pattern: '[-0-9a-f]*' })

/** The statement of a policy that decides. */
const DecidingStatement = structure({
  PolicyOf: oneOf('IDENTITY', 'SESSION'),
  StatementNumber: integer({ minimum: 1 }),
  Sid: Text,
  Effect: oneOf('Allow', 'Deny'),
})

/** How IAM decides about an action on a resource. */
const PolicyDecision = structure({
  Action: Text,
  ResourceArn: Text,
  Decision: oneOf('ALLOWED', 'EXPLICITLY_DENIED', 'NOT_ALLOWED'),
  DecidingStatements: list(DecidingStatement),
})

/** A check that a call goes through, in their order. */
const CallCheck = structure({
  Check: oneOf('SIGNATURE', 'INPUT', 'IAM', 'ROLE', 'OPERATION'),
  Outcome: oneOf('PASSED', 'REFUSED', 'NOT_REACHED', 'NOT_NEEDED'),
  Explanation: Text,
  Decisions: list(PolicyDecision),
})

const RecentCall = structure({
  RequestId,
  OperationName: Text,
  AnsweredTimestamp: Timestamp,
  DurationMicroseconds: integer(),
  StatusCode: integer(),
  ErrorName: Text,
  ErrorMessage: Text,
  Reason: Text,
  SourceIp: Text,
  AccessKeyId: Text,
  PrincipalArn: Text,
  BearerArn: Text,
  ResourceArns: list(Text),
  Method: Text,
  Path: Text,
  RequestSize: integer(),
  ResponseSize: integer(),
  Input: Text,
  Checks: list(CallCheck),
})

export const recentCalls = {
  ListRecentCalls: operation(
    'GET /carillon/recent-calls',
    200,
    { AfterRequestId: RequestId, MaxResults: integer({ minimum: 1, maximum: 100 }) },
    { NodeName: Text, RecentCalls: list(RecentCall) },
  ),
}
