import {
  ChimeArn,
  IdentityClientRequestToken,
  Metadata,
  NextToken,
  NonEmptyResourceName,
  TagList,
  Timestamp,
  ofAppInstance,
  paging,
} from './common.ts'
import { conflictOrLimit, operation } from './operation.ts'
import { IdempotencyToken, Required, integer, list, structure } from './shapes.ts'

const AppInstance = structure({
  AppInstanceArn: ChimeArn,
  Name: NonEmptyResourceName,
  CreatedTimestamp: Timestamp,
  LastUpdatedTimestamp: Timestamp,
  Metadata,
})

const AppInstanceSummary = structure({ AppInstanceArn: ChimeArn, Name: NonEmptyResourceName, Metadata })
const ChannelRetentionSettings = structure({ RetentionDays: integer({ minimum: 1, maximum: 5475 }) })
const AppInstanceRetentionSettings = structure({ ChannelRetentionSettings })

export const appInstances = {
  CreateAppInstance: operation(
    'POST /app-instances',
    201,
    { Name: Required(NonEmptyResourceName), Metadata, ClientRequestToken: IdempotencyToken(IdentityClientRequestToken), Tags: TagList },
    { AppInstanceArn: ChimeArn },
    conflictOrLimit,
  ),
  DescribeAppInstance: operation('GET /app-instances/{appInstanceArn}', 200, ofAppInstance, { AppInstance }),
  ListAppInstances: operation('GET /app-instances', 200, paging, { AppInstances: list(AppInstanceSummary), NextToken }),
  UpdateAppInstance: operation(
    'PUT /app-instances/{appInstanceArn}',
    200,
    { AppInstanceArn: Required(ChimeArn), Name: Required(NonEmptyResourceName), Metadata: Required(Metadata) },
    { AppInstanceArn: ChimeArn },
    ['ConflictException'],
  ),
  DeleteAppInstance: operation('DELETE /app-instances/{appInstanceArn}', 204, ofAppInstance, {}, ['ResourceLimitExceededException']),
  PutAppInstanceRetentionSettings: operation(
    'PUT /app-instances/{appInstanceArn}/retention-settings',
    200,
    { AppInstanceArn: Required(ChimeArn), AppInstanceRetentionSettings: Required(AppInstanceRetentionSettings) },
    { AppInstanceRetentionSettings, InitiateDeletionTimestamp: Timestamp },
  ),
  GetAppInstanceRetentionSettings: operation('GET /app-instances/{appInstanceArn}/retention-settings', 200, ofAppInstance, {
    AppInstanceRetentionSettings,
    InitiateDeletionTimestamp: Timestamp,
  }),
}
