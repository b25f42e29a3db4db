import { ChimeArn, Identity, NextToken, Timestamp, ofAppInstance, paging } from './common.ts'
import { conflictOrLimit, operation } from './operation.ts'
import { Required, list, structure } from './shapes.ts'

const AppInstanceAdmin = structure({ Admin: Identity, AppInstanceArn: ChimeArn, CreatedTimestamp: Timestamp })
const AppInstanceAdminSummary = structure({ Admin: Identity })
const onAdmin = { AppInstanceAdminArn: Required(ChimeArn), AppInstanceArn: Required(ChimeArn) }

export const admins = {
  CreateAppInstanceAdmin: operation(
    'POST /app-instances/{appInstanceArn}/admins',
    201,
    onAdmin,
    { AppInstanceAdmin: Identity, AppInstanceArn: ChimeArn },
    conflictOrLimit,
  ),
  DescribeAppInstanceAdmin: operation('GET /app-instances/{appInstanceArn}/admins/{appInstanceAdminArn}', 200, onAdmin, {
    AppInstanceAdmin,
  }),
  ListAppInstanceAdmins: operation(
    'GET /app-instances/{appInstanceArn}/admins',
    200,
    { ...ofAppInstance, ...paging },
    { AppInstanceArn: ChimeArn, AppInstanceAdmins: list(AppInstanceAdminSummary), NextToken },
    ['ResourceLimitExceededException'],
  ),
  DeleteAppInstanceAdmin: operation(
    'DELETE /app-instances/{appInstanceArn}/admins/{appInstanceAdminArn}',
    204,
    onAdmin,
    {},
    conflictOrLimit,
  ),
}
