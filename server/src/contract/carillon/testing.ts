import { ChannelMode, ChannelPrivacy } from '../channels.ts'
import { ChimeArn, Metadata, NonEmptyResourceName, Timestamp, idPattern } from '../common.ts'
import { MessageMetadata, NonEmptyContent } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, boolean, integer, list, oneOf, structure, text } from '../shapes.ts'
import { UserName } from '../users.ts'

const Id = text({ minLength: 1, maxLength: 64, pattern: idPattern })
/** Bounded, since a seed is made in one call. */
const mostEach = 10_000

const UserSeed = structure({ Id: Required(Id), Name: UserName, Metadata })
const MessageSeed = structure({ Sender: Required(Id), Content: Required(NonEmptyContent), Metadata: MessageMetadata })
const ChannelSeed = structure({
  Id: Required(Id),
  Name: NonEmptyResourceName,
  Mode: ChannelMode,
  Privacy: ChannelPrivacy,
  Metadata,
  Moderators: Required(list(Id, { minItems: 1, maxItems: 100 })),
  Members: list(Id, { maxItems: mostEach }),
  Messages: list(MessageSeed, { maxItems: mostEach }),
  ReadBy: list(Id, { maxItems: mostEach }),
})

/** Ten years. */
const mostSeconds = 315_360_000
const Skew = integer({ minimum: -86_400, maximum: 86_400 })
const CloseCode = integer({ minimum: 1000, maximum: 4999 })
const faultErrors = [
  'BadRequestException',
  'UnauthorizedClientException',
  'ForbiddenException',
  'NotFoundException',
  'ConflictException',
  'ResourceLimitExceededException',
  'ThrottledClientException',
  'ServiceFailureException',
  'ServiceUnavailableException',
] as const

/** The operations that only a server in test mode has. */
export const testing = {
  SeedAppInstance: operation(
    'POST /carillon/testing/app-instances',
    200,
    {
      Id: Required(text({ minLength: 1, maxLength: 36, pattern: '[A-Za-z0-9]([A-Za-z0-9-]{0,34}[A-Za-z0-9])?' })),
      Name: NonEmptyResourceName,
      Metadata,
      Users: list(UserSeed, { maxItems: mostEach }),
      Admins: list(Id, { maxItems: mostEach }),
      Channels: list(ChannelSeed, { maxItems: mostEach }),
    },
    { AppInstanceArn: ChimeArn },
  ),
  ResetTestServer: operation('POST /carillon/testing/reset', 204, { CountedIds: boolean() }, {}),
  PutTestClock: operation(
    'PUT /carillon/testing/clock',
    200,
    {
      Timestamp,
      AdvanceSeconds: integer({ minimum: -mostSeconds, maximum: mostSeconds }),
      Frozen: boolean(),
      SignatureSkewSeconds: Skew,
    },
    { Timestamp, Frozen: boolean(), SignatureSkewSeconds: Skew },
  ),
  CreateTestFault: operation(
    'POST /carillon/testing/faults',
    204,
    {
      Operation: text({ minLength: 1, maxLength: 64, pattern: '[A-Za-z]*' }),
      EventType: text({ minLength: 1, maxLength: 64, pattern: '[A-Z_]*' }),
      Times: integer({ minimum: 1, maximum: 1_000_000 }),
      Error: oneOf(...faultErrors),
      DelayMilliseconds: integer({ minimum: 1, maximum: 60_000 }),
      CloseCode,
      CarriedOut: boolean(),
      CloseConnection: boolean(),
    },
    {},
  ),
  CloseTestSessions: operation(
    'POST /carillon/testing/sessions/close',
    200,
    { CloseCode: Required(CloseCode), Reason: text({ minLength: 0, maxLength: 100 }), AppInstanceUserArn: ChimeArn },
    { SessionCount: integer() },
  ),
}

export type TestOperationName = keyof typeof testing
