import { TagList, Timestamp, anything } from '../common.ts'
import { operation } from '../operation.ts'
import { boolean, list, map, structure, text } from '../shapes.ts'
import { AccessKeyId, Policy, RoleName } from './access.ts'
import { PolicyDecision } from './policy-decisions.ts'

const Text = text({ pattern: anything, maxLength: 2048 })
const Resource = text({ minLength: 1, maxLength: 2048, pattern: anything })

/** The values that conditions and variables of a policy read, beside the resource. A member that is left out has no value. */
const PolicyContext = structure({
  Timestamp,
  SourceIp: Text,
  IsSecure: boolean(),
  UserAgent: Text,
  Referer: Text,
  PrincipalTags: TagList,
  RequestTags: TagList,
  SubjectId: Text,
})

export const policies = {
  SimulatePolicy: operation(
    'POST /carillon/simulated-policies',
    200,
    {
      Policy,
      AccessKeyId,
      RoleName,
      SessionPolicy: Policy,
      OperationName: text({ minLength: 1, maxLength: 128, pattern: '[A-Za-z]+' }),
      OperationInput: map(text({ minLength: 1, maxLength: 64 }), Text),
      Action: text({ minLength: 1, maxLength: 128, pattern: '[a-z-]+:[A-Za-z]+' }),
      Resources: list(Resource, { minItems: 1, maxItems: 20 }),
      Context: PolicyContext,
    },
    { IsAllowed: boolean(), PrincipalArn: Text, PolicyDecisions: list(PolicyDecision), RoleRule: Text },
    ['NotFoundException'],
  ),
}
