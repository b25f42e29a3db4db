import { NextToken, Timestamp, anything, paging } from '../common.ts'
import { conflictOrLimit, operation } from '../operation.ts'
import { Required, list, oneOf, structure, text } from '../shapes.ts'
import { AccessKeyId, Policy, PrincipalArn, UserName, UsualPolicyOf } from './access.ts'

const Status = oneOf('ENABLED', 'DISABLED')
const summary = { AccessKeyId, UserName, Status, CreatedTimestamp: Timestamp }
const AccessKeySummary = structure(summary)
const AccessKey = structure({ ...summary, PrincipalArn, Policy })

const ofKey = { AccessKeyId: Required(AccessKeyId) }

export const accessKeys = {
  CreateAccessKey: operation(
    'POST /carillon/access-keys',
    201,
    { UserName, Policy, UsualPolicyOf },
    { AccessKeyId, SecretAccessKey: text({ pattern: anything, sensitive: true }), UserName, PrincipalArn },
    conflictOrLimit,
  ),
  ListAccessKeys: operation('GET /carillon/access-keys', 200, paging, { AccessKeys: list(AccessKeySummary), NextToken }),
  DescribeAccessKey: operation('GET /carillon/access-keys/{accessKeyId}', 200, ofKey, { AccessKey }, ['NotFoundException']),
  UpdateAccessKey: operation(
    'PUT /carillon/access-keys/{accessKeyId}',
    200,
    { AccessKeyId: Required(AccessKeyId), Status, Policy, UsualPolicyOf },
    { AccessKeyId, PrincipalArn },
    ['NotFoundException'],
  ),
  DeleteAccessKey: operation('DELETE /carillon/access-keys/{accessKeyId}', 204, ofKey, {}, ['NotFoundException']),
}
