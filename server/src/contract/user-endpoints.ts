import { ChimeArn, IdentityClientRequestToken, NextToken, Timestamp, anyLine, arnPattern, paging } from './common.ts'
import { conflictOrLimit, operation } from './operation.ts'
import { IdempotencyToken, Required, list, oneOf, structure, text } from './shapes.ts'

const SensitiveChimeArn = text({ minLength: 5, maxLength: 1600, pattern: arnPattern, sensitive: true })
const SensitiveString1600 = text({ minLength: 0, maxLength: 1600, pattern: anyLine, sensitive: true })
const AppInstanceUserEndpointType = oneOf('APNS', 'APNS_SANDBOX', 'GCM')
const NonEmptySensitiveString1600 = text({ minLength: 1, maxLength: 1600, pattern: anyLine, sensitive: true })
const EndpointAttributes = structure({ DeviceToken: Required(NonEmptySensitiveString1600), VoipDeviceToken: NonEmptySensitiveString1600 })
const AllowMessages = oneOf('ALL', 'NONE')
const String64 = text({ minLength: 0, maxLength: 64, pattern: anyLine })
const String1600 = text({ minLength: 0, maxLength: 1600, pattern: anyLine })
const EndpointStatus = oneOf('ACTIVE', 'INACTIVE')
const EndpointStatusReason = oneOf('INVALID_DEVICE_TOKEN', 'INVALID_PINPOINT_ARN')
const EndpointState = structure({ Status: Required(EndpointStatus), StatusReason: EndpointStatusReason })

const AppInstanceUserEndpoint = structure({
  AppInstanceUserArn: ChimeArn,
  EndpointId: String64,
  Name: SensitiveString1600,
  Type: AppInstanceUserEndpointType,
  ResourceArn: ChimeArn,
  EndpointAttributes,
  CreatedTimestamp: Timestamp,
  LastUpdatedTimestamp: Timestamp,
  AllowMessages,
  EndpointState,
})

const AppInstanceUserEndpointSummary = structure({
  AppInstanceUserArn: ChimeArn,
  EndpointId: String64,
  Name: SensitiveString1600,
  Type: AppInstanceUserEndpointType,
  AllowMessages,
  EndpointState,
})

export const userEndpoints = {
  RegisterAppInstanceUserEndpoint: operation(
    'POST /app-instance-users/{appInstanceUserArn}/endpoints',
    201,
    {
      AppInstanceUserArn: Required(SensitiveChimeArn),
      Name: SensitiveString1600,
      Type: Required(AppInstanceUserEndpointType),
      ResourceArn: Required(ChimeArn),
      EndpointAttributes: Required(EndpointAttributes),
      ClientRequestToken: IdempotencyToken(IdentityClientRequestToken),
      AllowMessages,
    },
    { AppInstanceUserArn: ChimeArn, EndpointId: String64 },
    conflictOrLimit,
  ),
  DescribeAppInstanceUserEndpoint: operation(
    'GET /app-instance-users/{appInstanceUserArn}/endpoints/{endpointId}',
    200,
    { AppInstanceUserArn: Required(String1600), EndpointId: Required(String64) },
    { AppInstanceUserEndpoint },
  ),
  ListAppInstanceUserEndpoints: operation(
    'GET /app-instance-users/{appInstanceUserArn}/endpoints',
    200,
    { AppInstanceUserArn: Required(SensitiveChimeArn), ...paging },
    { AppInstanceUserEndpoints: list(AppInstanceUserEndpointSummary), NextToken },
  ),
  UpdateAppInstanceUserEndpoint: operation(
    'PUT /app-instance-users/{appInstanceUserArn}/endpoints/{endpointId}',
    200,
    { AppInstanceUserArn: Required(ChimeArn), EndpointId: Required(String64), Name: SensitiveString1600, AllowMessages },
    { AppInstanceUserArn: ChimeArn, EndpointId: String64 },
    ['ConflictException'],
  ),
  DeregisterAppInstanceUserEndpoint: operation(
    'DELETE /app-instance-users/{appInstanceUserArn}/endpoints/{endpointId}',
    204,
    { AppInstanceUserArn: Required(ChimeArn), EndpointId: Required(String64) },
    {},
  ),
}
