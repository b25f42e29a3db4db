import { ChimeArn, Identity, NextToken, Timestamp, paging } from './common.ts'
import { operation } from './operation.ts'
import { Required, list, structure } from './shapes.ts'

const AppInstanceAdmin = structure({ Admin: Identity, AppInstanceArn: ChimeArn, CreatedTimestamp: Timestamp })
const AppInstanceAdminSummary = structure({ Admin: Identity })

export const admins = {
  CreateAppInstanceAdmin: operation(
    'POST /app-instances/{appInstanceArn}/admins',
    201,
    { AppInstanceAdminArn: Required(ChimeArn), AppInstanceArn: Required(ChimeArn) },
    { AppInstanceAdmin: Identity, AppInstanceArn: ChimeArn },
    ['ConflictException', 'ResourceLimitExceededException'],
  ),
  DescribeAppInstanceAdmin: operation(
    'GET /app-instances/{appInstanceArn}/admins/{appInstanceAdminArn}',
    200,
    { AppInstanceAdminArn: Required(ChimeArn), AppInstanceArn: Required(ChimeArn) },
    { AppInstanceAdmin },
  ),
  ListAppInstanceAdmins: operation(
    'GET /app-instances/{appInstanceArn}/admins',
    200,
    { AppInstanceArn: Required(ChimeArn), ...paging },
    { AppInstanceArn: ChimeArn, AppInstanceAdmins: list(AppInstanceAdminSummary), NextToken },
    ['ResourceLimitExceededException'],
  ),
  DeleteAppInstanceAdmin: operation(
    'DELETE /app-instances/{appInstanceArn}/admins/{appInstanceAdminArn}',
    204,
    { AppInstanceAdminArn: Required(ChimeArn), AppInstanceArn: Required(ChimeArn) },
    {},
    ['ConflictException', 'ResourceLimitExceededException'],
  ),
}
