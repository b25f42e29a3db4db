import {
  ChimeArn,
  IdentityClientRequestToken,
  Metadata,
  NextToken,
  ResourceName,
  TagList,
  Timestamp,
  ofAppInstance,
  paging,
} from './common.ts'
import { conflictOrLimit, operation } from './operation.ts'
import { IdempotencyToken, Required, list, oneOf, structure, text } from './shapes.ts'

const RespondsTo = oneOf('STANDARD_MESSAGES')
const StandardMessages = oneOf('AUTO', 'ALL', 'MENTIONS', 'NONE')
const TargetedMessages = oneOf('ALL', 'NONE')
const InvokedBy = structure({ StandardMessages: Required(StandardMessages), TargetedMessages: Required(TargetedMessages) })

const LexBotAliasArn = text({
  minLength: 15,
  maxLength: 2048,
  pattern: String.raw`arn:aws:lex:[a-z]{2}-[a-z]+-\d{1}:\d{12}:bot-alias/[A-Z0-9]{10}/[A-Z0-9]{10}`,
})

const LexIntentName = text({ minLength: 1, maxLength: 100, pattern: '^([A-Za-z]_?)+$' })

const LexConfiguration = structure({
  RespondsTo,
  InvokedBy,
  LexBotAliasArn: Required(LexBotAliasArn),
  LocaleId: Required(text({})),
  WelcomeIntent: LexIntentName,
})

export const Configuration = structure({ Lex: Required(LexConfiguration) })

const AppInstanceBot = structure({
  AppInstanceBotArn: ChimeArn,
  Name: ResourceName,
  Configuration,
  CreatedTimestamp: Timestamp,
  LastUpdatedTimestamp: Timestamp,
  Metadata,
})

const AppInstanceBotSummary = structure({ AppInstanceBotArn: ChimeArn, Name: ResourceName, Metadata })

const ofBot = { AppInstanceBotArn: Required(ChimeArn) }

export const bots = {
  CreateAppInstanceBot: operation(
    'POST /app-instance-bots',
    201,
    {
      AppInstanceArn: Required(ChimeArn),
      Name: ResourceName,
      Metadata,
      ClientRequestToken: IdempotencyToken(IdentityClientRequestToken),
      Tags: TagList,
      Configuration: Required(Configuration),
    },
    { AppInstanceBotArn: ChimeArn },
    conflictOrLimit,
  ),
  DescribeAppInstanceBot: operation('GET /app-instance-bots/{appInstanceBotArn}', 200, ofBot, { AppInstanceBot }, ['NotFoundException']),
  ListAppInstanceBots: operation(
    'GET /app-instance-bots',
    200,
    { ...ofAppInstance, ...paging },
    { AppInstanceArn: ChimeArn, AppInstanceBots: list(AppInstanceBotSummary), NextToken },
    ['ResourceLimitExceededException'],
  ),
  UpdateAppInstanceBot: operation(
    'PUT /app-instance-bots/{appInstanceBotArn}',
    200,
    { AppInstanceBotArn: Required(ChimeArn), Name: Required(ResourceName), Metadata: Required(Metadata), Configuration },
    { AppInstanceBotArn: ChimeArn },
    conflictOrLimit,
  ),
  DeleteAppInstanceBot: operation('DELETE /app-instance-bots/{appInstanceBotArn}', 204, ofBot, {}, conflictOrLimit),
}
