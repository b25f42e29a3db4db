import {
  ChimeArn,
  IdentityClientRequestToken,
  Metadata,
  NextToken,
  TagList,
  Timestamp,
  idPattern,
  ofAppInstance,
  paging,
} from './common.ts'
import { conflictOrLimit, operation } from './operation.ts'
import { IdempotencyToken, Required, integer, list, oneOf, structure, text } from './shapes.ts'

const UserId = text({ minLength: 1, maxLength: 64, pattern: idPattern, sensitive: true })
export const UserName = text({ minLength: 1, maxLength: 100, pattern: String.raw`.*\S.*`, sensitive: true })
const ExpirationDays = integer({ minimum: 1, maximum: 5475 })
const ExpirationCriterion = oneOf('CREATED_TIMESTAMP')
const ExpirationSettings = structure({ ExpirationDays: Required(ExpirationDays), ExpirationCriterion: Required(ExpirationCriterion) })

const AppInstanceUser = structure({
  AppInstanceUserArn: ChimeArn,
  Name: UserName,
  Metadata,
  CreatedTimestamp: Timestamp,
  LastUpdatedTimestamp: Timestamp,
  ExpirationSettings,
})

const AppInstanceUserSummary = structure({ AppInstanceUserArn: ChimeArn, Name: UserName, Metadata })

const ofUser = { AppInstanceUserArn: Required(ChimeArn) }

export const users = {
  CreateAppInstanceUser: operation(
    'POST /app-instance-users',
    201,
    {
      AppInstanceArn: Required(ChimeArn),
      AppInstanceUserId: Required(UserId),
      Name: Required(UserName),
      Metadata,
      ClientRequestToken: IdempotencyToken(IdentityClientRequestToken),
      Tags: TagList,
      ExpirationSettings,
    },
    { AppInstanceUserArn: ChimeArn },
    conflictOrLimit,
  ),
  DescribeAppInstanceUser: operation('GET /app-instance-users/{appInstanceUserArn}', 200, ofUser, { AppInstanceUser }),
  ListAppInstanceUsers: operation(
    'GET /app-instance-users',
    200,
    { ...ofAppInstance, ...paging },
    { AppInstanceArn: ChimeArn, AppInstanceUsers: list(AppInstanceUserSummary), NextToken },
  ),
  UpdateAppInstanceUser: operation(
    'PUT /app-instance-users/{appInstanceUserArn}',
    200,
    { AppInstanceUserArn: Required(ChimeArn), Name: Required(UserName), Metadata: Required(Metadata) },
    { AppInstanceUserArn: ChimeArn },
    conflictOrLimit,
  ),
  DeleteAppInstanceUser: operation('DELETE /app-instance-users/{appInstanceUserArn}', 204, ofUser, {}, conflictOrLimit),
  PutAppInstanceUserExpirationSettings: operation(
    'PUT /app-instance-users/{appInstanceUserArn}/expiration-settings',
    200,
    { AppInstanceUserArn: Required(ChimeArn), ExpirationSettings },
    { AppInstanceUserArn: ChimeArn, ExpirationSettings },
    ['ConflictException'],
  ),
}
