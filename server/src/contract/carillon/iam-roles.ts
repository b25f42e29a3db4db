import { NextToken, Timestamp, anything, paging } from '../common.ts'
import { conflictOrLimit, operation } from '../operation.ts'
import { Required, integer, list, structure, text } from '../shapes.ts'
import { Policy, PrincipalArn, RoleName, UsualPolicyOf } from './access.ts'

const Line = text({ minLength: 1, maxLength: 2048, pattern: anything })

/** The issuer and audiences of the JSON Web Tokens that may assume the role. Without an audience no token may. */
const OidcTrust = structure({
  Issuer: Line,
  Audiences: list(Line, { maxItems: 50 }),
  /** A Condition element of IAM's JSON, on the claims. */
  ClaimCondition: text({ minLength: 1, maxLength: 10_240, pattern: anything }),
})

/** The members of a role that a call may set, beside its name. */
const given = {
  Policy,
  TrustedPrincipals: list(Line, { maxItems: 100 }),
  OidcTrust,
  /** Empty for none. */
  ExternalId: text({ minLength: 0, maxLength: 1224, pattern: anything, sensitive: true }),
  SessionTagKeys: list(text({ minLength: 1, maxLength: 128, pattern: anything }), { maxItems: 50 }),
  MaxSessionSeconds: integer(),
}

const summary = { RoleName, RoleArn: PrincipalArn, CreatedTimestamp: Timestamp, LastUpdatedTimestamp: Timestamp }
const IamRoleSummary = structure(summary)
const IamRole = structure({ ...summary, RoleId: Line, ...given })

const ofRole = { RoleName: Required(RoleName) }

export const iamRoles = {
  CreateIamRole: operation(
    'POST /carillon/iam-roles',
    201,
    { RoleName: Required(RoleName), ...given, UsualPolicyOf },
    { RoleArn: PrincipalArn },
    conflictOrLimit,
  ),
  ListIamRoles: operation('GET /carillon/iam-roles', 200, paging, { IamRoles: list(IamRoleSummary), NextToken }),
  DescribeIamRole: operation('GET /carillon/iam-roles/{roleName}', 200, ofRole, { IamRole }, ['NotFoundException']),
  UpdateIamRole: operation(
    'PUT /carillon/iam-roles/{roleName}',
    200,
    { RoleName: Required(RoleName), ...given, UsualPolicyOf },
    { RoleArn: PrincipalArn },
    ['NotFoundException'],
  ),
  DeleteIamRole: operation('DELETE /carillon/iam-roles/{roleName}', 204, ofRole, {}, ['NotFoundException']),
}
