import { Text, Timestamp } from '../common.ts'
import { operation } from '../operation.ts'
import { integer, list, oneOf, structure, text } from '../shapes.ts'
import { PolicyDecision } from './policy-decisions.ts'

const RequestId = text({ minLength: 1, maxLength: 64, pattern: '[-0-9a-f]*' })

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
