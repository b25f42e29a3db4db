import { randomUUID } from 'node:crypto'
import type { OperationName } from '../../src/contract/index.ts'
import { Listening, presignedUrl } from '../support/sockets.ts'
import { call, type AnyInput, type Fixture } from './fixture.ts'

type Refused = 'BadRequest' | 'Forbidden' | 'NotFound' | 'Conflict' | 'ResourceLimitExceeded'

export interface Case {
  /** Inputs that together give every member of the operation, all optional ones included; each must succeed. */
  readonly inputs: (fixture: Fixture) => Promise<AnyInput[]>
  /**
   * How each declared error is caused, except those that are the same everywhere (a bearer that does not exist, one of another app
   * instance, an invalid ARN). In the world of limits every count limit is 3.
   */
  readonly errors?: Partial<Record<Refused, (fixture: Fixture) => Promise<unknown>>>
  /** Declared by the model, with no cause in docs/service. */
  readonly causeless?: readonly Refused[]
}

const paging = { MaxResults: 50, NextToken: '' }
const token = () => randomUUID()

/** The same token with other parameters. */
const reused = (operation: OperationName, first: (f: Fixture) => Promise<AnyInput>, change: AnyInput) => async (f: Fixture) => {
  const input = { ...(await first(f)), ClientRequestToken: token() }
  await call(f, operation, input)
  return call(f, operation, { ...input, ...change })
}

/** The fourth where three are allowed. */
const repeated = (operation: OperationName, input: (f: Fixture, index: number) => Promise<AnyInput>) => async (f: Fixture) => {
  for (let index = 0; index < 10; index++) await call(f, operation, await input(f, index))
}

const channelAs =
  (bearer: 'root' | 'mod' | 'alice', more: (f: Fixture) => AnyInput = () => ({})) =>
  async (f: Fixture): Promise<AnyInput[]> => [{ ChannelArn: await f.channel(), ChimeBearer: f[bearer], ...more(f) }]

const withMessage =
  (bearer: 'root' | 'mod' | 'alice', more: AnyInput = {}) =>
  async (f: Fixture): Promise<AnyInput[]> => {
    const ChannelArn = await f.channel()
    const { ChannelArn: elastic, SubChannelId } = await f.elastic()
    return [
      { ChannelArn, MessageId: await f.message(ChannelArn), ChimeBearer: f[bearer], ...more },
      { ChannelArn: elastic, SubChannelId, MessageId: await f.message(elastic, SubChannelId), ChimeBearer: f[bearer], ...more },
    ]
  }

/** The same for many messages, some of which do not exist. */
const withMessages = async (f: Fixture): Promise<AnyInput[]> =>
  (await withMessage('alice')(f)).map(({ MessageId, ...rest }) => ({ ...rest, MessageIds: [MessageId, 'none', 'f'.repeat(64)] }))

const noSuchMessage =
  (operation: OperationName, more: (f: Fixture) => AnyInput = () => ({})) =>
  async (f: Fixture) =>
    call(f, operation, { ChannelArn: await f.channel(), MessageId: 'f'.repeat(64), ChimeBearer: f.alice, ...more(f) })

const appInstanceInput = async () => ({ Name: 'one', Metadata: 'm' })
const userInput = async (f: Fixture) => ({ AppInstanceArn: f.arn, AppInstanceUserId: token(), Name: 'User' })
const botInput = async (f: Fixture) => ({ AppInstanceArn: f.arn, Name: 'Bot', Configuration: f.lex })
const channelInput = async (f: Fixture) => ({ AppInstanceArn: f.arn, Name: 'one', ChimeBearer: f.mod })
const flowInput = async (f: Fixture) => ({ AppInstanceArn: f.arn, Name: 'flow', Processors: [f.processor('p')] })
const stream = (DataType: string) => ({ DataType, ResourceArn: 'arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-x' })
const inNoAppInstance =
  (operation: OperationName, more: AnyInput = {}) =>
  (f: Fixture) =>
    call(f, operation, { AppInstanceArn: f.noSuchAppInstance, ...more })

/** Opens a socket of the user, which is closed with its server, and resolves to its sessionId. */
export async function openSession({ messaging }: Fixture, userArn: string) {
  const { protocol, hostname, port } = await messaging.config.endpoint!()
  const sessionId = token()
  const rootKey = await messaging.config.credentials()
  const listening = new Listening(await presignedUrl({ url: `${protocol}//${hostname}:${port}`, rootKey }, userArn, { sessionId }))
  await listening.next()
  return sessionId
}

const noSuchKey = `AKIA${'A'.repeat(16)}`
/** The optional members of a role. */
const roleInput = {
  TrustedPrincipals: ['arn:aws:iam::000000000000:root'],
  OidcTrust: { Issuer: 'https://login.example.com', Audiences: ['web'], ClaimCondition: '{"StringEquals":{"login.example.com:sub":"a"}}' },
  ExternalId: 'extern',
  SessionTagKeys: ['team'],
  MaxSessionSeconds: 900,
}

const thirtyTags = (letter: string) => Array.from({ length: 30 }, (_, index) => ({ Key: `${letter}${index}`, Value: 'v' }))

async function bannedBob(f: Fixture) {
  const ChannelArn = await f.channel()
  await f.messaging.createChannelBan({ ChannelArn, MemberArn: f.bob, ChimeBearer: f.mod })
  return { ChannelArn, MemberArn: f.bob, ChimeBearer: f.mod }
}

export const cases: Readonly<Record<OperationName, Case>> = {
  // App instances
  CreateAppInstance: {
    inputs: async f => [{ ...(await appInstanceInput()), ClientRequestToken: token(), Tags: f.tags }],
    errors: {
      BadRequest: f => call(f, 'CreateAppInstance', { Name: '' }),
      Conflict: reused('CreateAppInstance', appInstanceInput, { Name: 'other' }),
      ResourceLimitExceeded: repeated('CreateAppInstance', appInstanceInput),
    },
    causeless: ['Forbidden'],
  },
  DescribeAppInstance: { inputs: async f => [{ AppInstanceArn: f.arn }], causeless: ['Forbidden'] },
  ListAppInstances: {
    inputs: async () => [{ ...paging }],
    errors: { BadRequest: f => call(f, 'ListAppInstances', { MaxResults: 51 }) },
    causeless: ['Forbidden'],
  },
  UpdateAppInstance: {
    inputs: async f => [{ AppInstanceArn: f.arn, Name: 'two', Metadata: 'm' }],
    causeless: ['Forbidden', 'Conflict'],
  },
  DeleteAppInstance: { inputs: async f => [{ AppInstanceArn: f.arn }], causeless: ['Forbidden', 'ResourceLimitExceeded'] },
  PutAppInstanceRetentionSettings: {
    inputs: async f => [{ AppInstanceArn: f.arn, AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 7 } } }],
    causeless: ['Forbidden'],
  },
  GetAppInstanceRetentionSettings: { inputs: async f => [{ AppInstanceArn: f.arn }], causeless: ['Forbidden'] },

  // Users
  CreateAppInstanceUser: {
    inputs: async f => [
      {
        ...(await userInput(f)),
        Metadata: 'm',
        ClientRequestToken: token(),
        Tags: f.tags,
        ExpirationSettings: { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' },
      },
    ],
    errors: {
      Forbidden: inNoAppInstance('CreateAppInstanceUser', { AppInstanceUserId: 'x', Name: 'x' }),
      Conflict: f => call(f, 'CreateAppInstanceUser', { AppInstanceArn: f.arn, AppInstanceUserId: 'alice', Name: 'Other' }),
      ResourceLimitExceeded: repeated('CreateAppInstanceUser', userInput),
    },
  },
  DescribeAppInstanceUser: { inputs: async f => [{ AppInstanceUserArn: f.alice }], causeless: ['Forbidden'] },
  ListAppInstanceUsers: {
    inputs: async f => [{ AppInstanceArn: f.arn, ...paging }],
    errors: { Forbidden: inNoAppInstance('ListAppInstanceUsers') },
  },
  UpdateAppInstanceUser: {
    inputs: async f => [{ AppInstanceUserArn: f.alice, Name: 'Alice', Metadata: 'm' }],
    causeless: ['Forbidden', 'Conflict', 'ResourceLimitExceeded'],
  },
  PutAppInstanceUserExpirationSettings: {
    inputs: async f => [
      { AppInstanceUserArn: f.alice, ExpirationSettings: { ExpirationDays: 5475, ExpirationCriterion: 'CREATED_TIMESTAMP' } },
    ],
    causeless: ['Forbidden', 'Conflict'],
  },
  DeleteAppInstanceUser: {
    inputs: async f => [{ AppInstanceUserArn: f.alice }],
    causeless: ['Forbidden', 'Conflict', 'ResourceLimitExceeded'],
  },

  // Admins
  CreateAppInstanceAdmin: {
    inputs: async f => [{ AppInstanceArn: f.arn, AppInstanceAdminArn: f.alice }],
    errors: {
      Forbidden: f => call(f, 'CreateAppInstanceAdmin', { AppInstanceArn: f.arn, AppInstanceAdminArn: f.nobody }),
      ResourceLimitExceeded: async f => {
        for (const AppInstanceAdminArn of [f.mod, f.alice, f.bob, f.eve]) {
          await f.identity.createAppInstanceAdmin({ AppInstanceArn: f.arn, AppInstanceAdminArn })
        }
      },
    },
    causeless: ['Conflict'],
  },
  DescribeAppInstanceAdmin: {
    inputs: async f => [{ AppInstanceArn: f.arn, AppInstanceAdminArn: f.root }],
    errors: { Forbidden: f => call(f, 'DescribeAppInstanceAdmin', { AppInstanceArn: f.arn, AppInstanceAdminArn: f.nobody }) },
  },
  ListAppInstanceAdmins: {
    inputs: async f => [{ AppInstanceArn: f.arn, ...paging }],
    errors: { Forbidden: inNoAppInstance('ListAppInstanceAdmins') },
    causeless: ['ResourceLimitExceeded'],
  },
  DeleteAppInstanceAdmin: {
    inputs: async f => [{ AppInstanceArn: f.arn, AppInstanceAdminArn: f.root }],
    errors: {
      Forbidden: f =>
        call(f, 'DeleteAppInstanceAdmin', { AppInstanceArn: f.noSuchAppInstance, AppInstanceAdminArn: `${f.noSuchAppInstance}/user/x` }),
    },
    causeless: ['Conflict', 'ResourceLimitExceeded'],
  },

  // Bots
  CreateAppInstanceBot: {
    inputs: async f => [
      {
        ...(await botInput(f)),
        Metadata: 'm',
        ClientRequestToken: token(),
        Tags: f.tags,
        Configuration: {
          Lex: { ...f.lex.Lex, InvokedBy: { StandardMessages: 'AUTO', TargetedMessages: 'ALL' }, WelcomeIntent: 'Hello_There' },
        },
      },
    ],
    errors: {
      Forbidden: async f => call(f, 'CreateAppInstanceBot', { ...(await botInput(f)), AppInstanceArn: f.noSuchAppInstance }),
      Conflict: reused('CreateAppInstanceBot', botInput, { Name: 'other' }),
      ResourceLimitExceeded: repeated('CreateAppInstanceBot', botInput),
    },
  },
  DescribeAppInstanceBot: {
    inputs: async f => [{ AppInstanceBotArn: await f.bot(f.arn) }],
    errors: { NotFound: f => call(f, 'DescribeAppInstanceBot', { AppInstanceBotArn: `${f.arn}/bot/none` }) },
    causeless: ['Forbidden'],
  },
  ListAppInstanceBots: {
    inputs: async f => [{ AppInstanceArn: f.arn, ...paging }],
    errors: { Forbidden: inNoAppInstance('ListAppInstanceBots') },
    causeless: ['ResourceLimitExceeded'],
  },
  UpdateAppInstanceBot: {
    inputs: async f => [{ AppInstanceBotArn: await f.bot(f.arn), Name: '', Metadata: '', Configuration: f.lex }],
    causeless: ['Forbidden', 'Conflict', 'ResourceLimitExceeded'],
  },
  DeleteAppInstanceBot: {
    inputs: async f => [{ AppInstanceBotArn: await f.bot(f.arn) }],
    causeless: ['Forbidden', 'Conflict', 'ResourceLimitExceeded'],
  },

  // User endpoints
  RegisterAppInstanceUserEndpoint: {
    inputs: async f => [
      {
        AppInstanceUserArn: f.alice,
        Name: 'phone',
        Type: 'APNS',
        ResourceArn: 'arn:aws:mobiletargeting:us-east-1:123456789012:apps/x',
        EndpointAttributes: { DeviceToken: 'd', VoipDeviceToken: 'v' },
        ClientRequestToken: token(),
        AllowMessages: 'NONE',
      },
    ],
    errors: {
      Conflict: async f => {
        await f.endpoint('same')
        await f.endpoint('same')
      },
      ResourceLimitExceeded: async f => {
        for (let index = 0; index < 4; index++) await f.endpoint()
      },
    },
    causeless: ['Forbidden'],
  },
  DescribeAppInstanceUserEndpoint: {
    inputs: async f => [{ AppInstanceUserArn: f.alice, EndpointId: await f.endpoint() }],
    causeless: ['Forbidden'],
  },
  ListAppInstanceUserEndpoints: { inputs: async f => [{ AppInstanceUserArn: f.alice, ...paging }], causeless: ['Forbidden'] },
  UpdateAppInstanceUserEndpoint: {
    inputs: async f => [{ AppInstanceUserArn: f.alice, EndpointId: await f.endpoint(), Name: 'tablet', AllowMessages: 'ALL' }],
    causeless: ['Forbidden', 'Conflict'],
  },
  DeregisterAppInstanceUserEndpoint: {
    inputs: async f => [{ AppInstanceUserArn: f.alice, EndpointId: await f.endpoint() }],
    causeless: ['Forbidden'],
  },

  // Channels
  CreateChannel: {
    inputs: async f => [
      {
        ...(await channelInput(f)),
        Mode: 'RESTRICTED',
        Privacy: 'PRIVATE',
        Metadata: 'm',
        ClientRequestToken: token(),
        Tags: f.tags,
        ChannelId: 'chosen',
        MemberArns: [f.alice],
        ModeratorArns: [f.bob],
        ExpirationSettings: { ExpirationDays: 1, ExpirationCriterion: 'LAST_MESSAGE_TIMESTAMP' },
      },
      {
        ...(await channelInput(f)),
        Mode: 'RESTRICTED',
        ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 1 },
      },
    ],
    errors: {
      Conflict: reused('CreateChannel', channelInput, { Name: 'other' }),
      ResourceLimitExceeded: repeated('CreateChannel', channelInput),
    },
  },
  DescribeChannel: { inputs: channelAs('alice') },
  ListChannels: { inputs: async f => [{ AppInstanceArn: f.arn, Privacy: 'PRIVATE', ...paging, ChimeBearer: f.root }] },
  SearchChannels: {
    inputs: async f => [{ Fields: [{ Key: 'MEMBERS', Operator: 'INCLUDES', Values: [f.alice, f.bob] }], ...paging, ChimeBearer: f.alice }],
    errors: { BadRequest: f => call(f, 'SearchChannels', { Fields: [], ChimeBearer: f.alice }) },
  },
  UpdateChannel: {
    inputs: channelAs('mod', () => ({ Name: 'two', Mode: 'RESTRICTED', Metadata: 'm' })),
    causeless: ['Conflict'],
  },
  DeleteChannel: { inputs: channelAs('mod'), causeless: ['Conflict'] },
  PutChannelExpirationSettings: {
    inputs: channelAs('mod', () => ({ ExpirationSettings: { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' } })),
    causeless: ['Conflict'],
  },
  ListSubChannels: {
    inputs: async f => [{ ChannelArn: (await f.elastic()).ChannelArn, ...paging, ChimeBearer: f.mod }],
  },
  ListChannelReadMarkers: {
    inputs: channelAs('alice', () => paging),
    errors: {
      BadRequest: async f => call(f, 'ListChannelReadMarkers', { ChannelArn: (await f.elastic()).ChannelArn, ChimeBearer: f.root }),
    },
  },
  PutChannelReadMarker: {
    inputs: async f => (await withMessage('alice')(f)).slice(0, 1),
    errors: {
      NotFound: async f => call(f, 'PutChannelReadMarker', { ChannelArn: await f.channel(), MessageId: 'none', ChimeBearer: f.alice }),
    },
  },
  SendTypingIndicator: {
    inputs: async f => [
      { ChannelArn: await f.channel(), IsTyping: true, ChimeBearer: f.alice },
      { ...(await f.elastic()), IsTyping: false, ChimeBearer: f.alice },
    ],
  },
  SearchMessages: {
    inputs: async f => [
      { ...(await f.elastic()), SearchText: 'hello', SenderArn: f.bob, ChimeBearer: f.alice },
      { SearchText: 'hello', NotBefore: new Date(0), NotAfter: new Date(), SortBy: 'BEST', ...paging, ChimeBearer: f.alice },
    ],
    errors: { BadRequest: f => call(f, 'SearchMessages', { SearchText: '?', ChimeBearer: f.alice }) },
  },
  ListChannelUnreadCounts: {
    inputs: async f => [{ AppInstanceUserArn: f.alice, SortBy: 'LAST_MESSAGE', IncludeFirstUnread: true, ...paging, ChimeBearer: f.root }],
  },
  GetUnreadSummary: { inputs: async f => [{ AppInstanceUserArn: f.alice, ChimeBearer: f.root }] },
  PutPresenceStatus: {
    inputs: async f => [{ AppInstanceUserArn: f.alice, Status: 'BUSY', StatusText: 'at lunch', ChimeBearer: f.alice }],
  },
  BatchGetPresence: {
    inputs: async f => {
      await f.channel()
      return [{ AppInstanceUserArns: [f.alice, f.bob, f.eve, f.nobody], ChimeBearer: f.alice }]
    },
    errors: { BadRequest: f => call(f, 'BatchGetPresence', { AppInstanceUserArns: [], ChimeBearer: f.alice }) },
  },
  GetChannelPresence: { inputs: channelAs('alice') },
  WatchPresence: {
    inputs: async f => [
      {
        SessionId: await openSession(f, f.alice),
        ChannelArns: [await f.channel()],
        AppInstanceUserArns: [f.bob, f.eve],
        ChimeBearer: f.alice,
      },
    ],
    errors: {
      BadRequest: f => call(f, 'WatchPresence', { SessionId: '', ChimeBearer: f.alice }),
      NotFound: async f => call(f, 'WatchPresence', { SessionId: token(), ChimeBearer: f.alice }),
    },
  },
  PutAppInstancePresenceSettings: {
    inputs: async f => [{ AppInstanceArn: f.arn, PresenceSettings: { Enabled: true } }],
    errors: { NotFound: inNoAppInstance('PutAppInstancePresenceSettings', { PresenceSettings: { Enabled: true } }) },
    causeless: ['Forbidden'],
  },
  GetAppInstancePresenceSettings: {
    inputs: async f => [{ AppInstanceArn: f.arn }],
    errors: { NotFound: inNoAppInstance('GetAppInstancePresenceSettings') },
    causeless: ['Forbidden'],
  },
  PutAppInstanceEventSettings: {
    inputs: async f => [{ AppInstanceArn: f.arn, EventSettings: { Events: ['read', 'typing'] } }],
    errors: { NotFound: inNoAppInstance('PutAppInstanceEventSettings', { EventSettings: { Events: [] } }) },
    causeless: ['Forbidden'],
  },
  GetAppInstanceEventSettings: {
    inputs: async f => [{ AppInstanceArn: f.arn }],
    errors: { NotFound: inNoAppInstance('GetAppInstanceEventSettings') },
    causeless: ['Forbidden'],
  },
  UpdateChannelReadMarker: { inputs: channelAs('alice'), causeless: ['Conflict'] },

  // Memberships
  CreateChannelMembership: {
    inputs: async f => [
      { ChannelArn: await f.channel(), MemberArn: f.eve, Type: 'HIDDEN', ChimeBearer: f.mod },
      { ...(await f.elastic()), MemberArn: f.mod, Type: 'DEFAULT', ChimeBearer: f.mod },
    ],
    errors: {
      NotFound: f =>
        call(f, 'CreateChannelMembership', { ChannelArn: f.noSuchChannel, MemberArn: f.eve, Type: 'DEFAULT', ChimeBearer: f.root }),
      Conflict: async f =>
        call(f, 'CreateChannelMembership', { ChannelArn: await f.channel(), MemberArn: f.alice, Type: 'HIDDEN', ChimeBearer: f.mod }),
      ResourceLimitExceeded: async f =>
        call(f, 'CreateChannelMembership', { ChannelArn: await f.channel(), MemberArn: f.eve, Type: 'DEFAULT', ChimeBearer: f.mod }),
    },
  },
  BatchCreateChannelMembership: {
    inputs: async f => [
      { ChannelArn: await f.channel(), MemberArns: [f.eve], Type: 'HIDDEN', ChimeBearer: f.mod },
      { ...(await f.elastic()), MemberArns: [f.mod], ChimeBearer: f.mod },
    ],
    errors: {
      NotFound: f => call(f, 'BatchCreateChannelMembership', { ChannelArn: f.noSuchChannel, MemberArns: [f.eve], ChimeBearer: f.root }),
    },
    // A member beyond the limit is reported in Errors.
    causeless: ['ResourceLimitExceeded'],
  },
  DescribeChannelMembership: {
    inputs: async f => [
      { ChannelArn: await f.channel(), MemberArn: f.bob, ChimeBearer: f.alice },
      { ...(await f.elastic()), MemberArn: f.alice, ChimeBearer: f.mod },
    ],
    errors: {
      NotFound: async f => call(f, 'DescribeChannelMembership', { ChannelArn: await f.channel(), MemberArn: f.eve, ChimeBearer: f.mod }),
    },
  },
  ListChannelMemberships: {
    inputs: async f => [
      { ChannelArn: await f.channel(), Type: 'HIDDEN', ...paging, ChimeBearer: f.mod },
      { ...(await f.elastic()), Type: 'DEFAULT', ChimeBearer: f.mod },
    ],
  },
  DeleteChannelMembership: {
    inputs: async f => {
      const elastic = await f.elastic()
      await f.messaging.createChannelMembership({ ...elastic, MemberArn: f.mod, Type: 'DEFAULT', ChimeBearer: f.mod })
      return [
        { ChannelArn: await f.channel(), MemberArn: f.bob, ChimeBearer: f.mod },
        { ...elastic, MemberArn: f.mod, ChimeBearer: f.mod },
      ]
    },
    causeless: ['Conflict'],
  },
  DescribeChannelMembershipForAppInstanceUser: { inputs: channelAs('alice', f => ({ AppInstanceUserArn: f.alice })) },
  ListChannelMembershipsForAppInstanceUser: { inputs: async f => [{ AppInstanceUserArn: f.alice, ...paging, ChimeBearer: f.root }] },
  GetChannelMembershipPreferences: { inputs: channelAs('alice', f => ({ MemberArn: f.alice })) },
  PutChannelMembershipPreferences: {
    inputs: channelAs('alice', f => ({
      MemberArn: f.alice,
      Preferences: { PushNotifications: { AllowNotifications: 'FILTERED', FilterRule: '{"type":["urgent"]}' } },
    })),
    causeless: ['Conflict'],
  },

  // Moderators
  CreateChannelModerator: {
    inputs: channelAs('mod', f => ({ ChannelModeratorArn: f.eve })),
    errors: {
      Conflict: async f => {
        const { ChannelArn, ChimeBearer } = await bannedBob(f)
        return call(f, 'CreateChannelModerator', { ChannelArn, ChimeBearer, ChannelModeratorArn: f.bob })
      },
      ResourceLimitExceeded: async f => {
        const ChannelArn = await f.channel()
        for (const ChannelModeratorArn of [f.alice, f.bob, f.eve]) {
          await f.messaging.createChannelModerator({ ChannelArn, ChannelModeratorArn, ChimeBearer: f.mod })
        }
      },
    },
  },
  DescribeChannelModerator: {
    inputs: channelAs('mod', f => ({ ChannelModeratorArn: f.mod })),
    errors: {
      NotFound: async f =>
        call(f, 'DescribeChannelModerator', { ChannelArn: await f.channel(), ChannelModeratorArn: f.alice, ChimeBearer: f.mod }),
    },
  },
  ListChannelModerators: { inputs: channelAs('mod', () => paging) },
  DeleteChannelModerator: { inputs: channelAs('mod', f => ({ ChannelModeratorArn: f.mod })) },
  DescribeChannelModeratedByAppInstanceUser: { inputs: channelAs('mod', f => ({ AppInstanceUserArn: f.mod })) },
  ListChannelsModeratedByAppInstanceUser: { inputs: async f => [{ AppInstanceUserArn: f.mod, ...paging, ChimeBearer: f.root }] },

  // Bans
  CreateChannelBan: { inputs: channelAs('mod', f => ({ MemberArn: f.bob })), causeless: ['Conflict', 'ResourceLimitExceeded'] },
  DescribeChannelBan: {
    inputs: async f => [await bannedBob(f)],
    errors: { NotFound: async f => call(f, 'DescribeChannelBan', { ChannelArn: await f.channel(), MemberArn: f.eve, ChimeBearer: f.mod }) },
  },
  ListChannelBans: { inputs: channelAs('mod', () => paging) },
  DeleteChannelBan: { inputs: async f => [await bannedBob(f)] },

  // Messages
  SendChannelMessage: {
    inputs: async f => {
      const message = {
        Content: 'hello',
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        Metadata: 'm',
        PushNotification: { Title: 't', Body: 'b', Type: 'DEFAULT' },
        MessageAttributes: { 'CHIME.mentions': { StringValues: ['x'] } },
        ContentType: 'text/plain',
        ChimeBearer: f.alice,
      }
      return [
        { ...message, ChannelArn: await f.channel(), ClientRequestToken: token(), Target: [{ MemberArn: f.bob }] },
        { ...message, ...(await f.elastic()) },
      ]
    },
    errors: {
      Conflict: reused(
        'SendChannelMessage',
        async f => ({ ChannelArn: await f.channel(), Content: 'a', Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer: f.alice }),
        { Content: 'b' },
      ),
    },
  },
  GetChannelMessage: {
    inputs: withMessage('alice'),
    errors: {
      NotFound: async f => call(f, 'GetChannelMessage', { ChannelArn: await f.channel(), MessageId: 'f'.repeat(64), ChimeBearer: f.alice }),
    },
  },
  ListChannelMessages: {
    inputs: async f => [
      {
        ChannelArn: await f.channel(),
        SortOrder: 'ASCENDING',
        NotBefore: new Date(0),
        NotAfter: new Date('2100-01-01'),
        ...paging,
        ChimeBearer: f.alice,
      },
      { ...(await f.elastic()), ChimeBearer: f.alice },
    ],
  },
  UpdateChannelMessage: {
    inputs: withMessage('alice', { Content: 'new', Metadata: 'm', ContentType: 'text/plain' }),
    errors: {
      Conflict: async f => {
        const ChannelArn = await f.channel()
        const MessageId = await f.message(ChannelArn)
        await f.messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: f.mod })
        return call(f, 'UpdateChannelMessage', { ChannelArn, MessageId, Content: 'new', ChimeBearer: f.alice })
      },
    },
  },
  RedactChannelMessage: {
    inputs: withMessage('mod'),
    errors: {
      Conflict: async f => {
        const ChannelArn = await f.channel()
        await f.messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn: await f.flow(), ChimeBearer: f.mod })
        return call(f, 'RedactChannelMessage', { ChannelArn, MessageId: await f.message(ChannelArn), ChimeBearer: f.alice })
      },
    },
  },
  DeleteChannelMessage: { inputs: withMessage('root') },
  GetChannelMessageStatus: { inputs: withMessage('alice') },

  // Reactions
  PutMessageReactions: {
    inputs: withMessage('alice', { Reactions: ['👍', '🎉'] }),
    errors: {
      NotFound: noSuchMessage('PutMessageReactions', () => ({ Reactions: [] })),
      Conflict: async f => {
        const ChannelArn = await f.channel()
        const MessageId = await f.message(ChannelArn)
        await f.messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: f.mod })
        return call(f, 'PutMessageReactions', { ChannelArn, MessageId, Reactions: ['👍'], ChimeBearer: f.alice })
      },
      ResourceLimitExceeded: async f => {
        const ChannelArn = await f.channel()
        const MessageId = await f.message(ChannelArn)
        return call(f, 'PutMessageReactions', { ChannelArn, MessageId, Reactions: ['1', '2', '3', '4'], ChimeBearer: f.alice })
      },
    },
  },
  BatchGetMessageReactions: { inputs: withMessages },
  ListMessageReactionMembers: {
    inputs: withMessage('alice', { Reaction: '👍', ...paging }),
    errors: { NotFound: noSuchMessage('ListMessageReactionMembers', () => ({ Reaction: '👍' })) },
  },

  // Threads
  ListThreadMessages: {
    inputs: withMessage('alice', { SortOrder: 'ASCENDING', ...paging }),
    errors: { NotFound: noSuchMessage('ListThreadMessages') },
  },
  BatchGetThreads: { inputs: withMessages },

  // Pins
  PinMessage: {
    inputs: withMessage('mod'),
    errors: {
      NotFound: noSuchMessage('PinMessage', f => ({ ChimeBearer: f.mod })),
      Conflict: async f => {
        const ChannelArn = await f.channel()
        const MessageId = await f.message(ChannelArn)
        await f.messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: f.mod })
        return call(f, 'PinMessage', { ChannelArn, MessageId, ChimeBearer: f.mod })
      },
      ResourceLimitExceeded: async f => {
        const ChannelArn = await f.channel()
        for (let index = 0; index < 4; index++)
          await call(f, 'PinMessage', { ChannelArn, MessageId: await f.message(ChannelArn), ChimeBearer: f.mod })
      },
    },
  },
  UnpinMessage: { inputs: withMessage('mod'), errors: { NotFound: noSuchMessage('UnpinMessage', f => ({ ChimeBearer: f.mod })) } },
  ListPinnedMessages: {
    inputs: async f => [
      { ChannelArn: await f.channel(), ...paging, ChimeBearer: f.alice },
      { ...(await f.elastic()), ChimeBearer: f.alice },
    ],
  },

  // Channel flows
  CreateChannelFlow: {
    inputs: async f => [{ ...(await flowInput(f)), Tags: f.tags, ClientRequestToken: token() }],
    errors: {
      Forbidden: async f => call(f, 'CreateChannelFlow', { ...(await flowInput(f)), AppInstanceArn: f.noSuchAppInstance }),
      Conflict: reused('CreateChannelFlow', flowInput, { Name: 'other' }),
      ResourceLimitExceeded: repeated('CreateChannelFlow', flowInput),
    },
  },
  DescribeChannelFlow: {
    inputs: async f => [{ ChannelFlowArn: await f.flow() }],
    errors: { Forbidden: f => call(f, 'DescribeChannelFlow', { ChannelFlowArn: f.noSuchFlow }) },
  },
  ListChannelFlows: {
    inputs: async f => [{ AppInstanceArn: f.arn, ...paging }],
    errors: { Forbidden: inNoAppInstance('ListChannelFlows') },
  },
  UpdateChannelFlow: {
    inputs: async f => [{ ChannelFlowArn: await f.flow(), Name: 'two', Processors: [f.processor('q')] }],
    errors: { Forbidden: f => call(f, 'UpdateChannelFlow', { ChannelFlowArn: f.noSuchFlow, Name: 'two', Processors: [f.processor('q')] }) },
    causeless: ['Conflict'],
  },
  DeleteChannelFlow: {
    inputs: async f => [{ ChannelFlowArn: await f.flow() }],
    errors: {
      Conflict: async f => {
        const ChannelFlowArn = await f.flow()
        await f.messaging.associateChannelFlow({ ChannelArn: await f.channel(), ChannelFlowArn, ChimeBearer: f.mod })
        return call(f, 'DeleteChannelFlow', { ChannelFlowArn })
      },
    },
    causeless: ['Forbidden'],
  },
  AssociateChannelFlow: {
    inputs: async f => [{ ChannelArn: await f.channel(), ChannelFlowArn: await f.flow(), ChimeBearer: f.mod }],
    errors: {
      NotFound: async f =>
        call(f, 'AssociateChannelFlow', { ChannelArn: await f.channel(), ChannelFlowArn: f.noSuchFlow, ChimeBearer: f.mod }),
    },
    causeless: ['Conflict'],
  },
  DisassociateChannelFlow: {
    inputs: async f => {
      const input = { ChannelArn: await f.channel(), ChannelFlowArn: await f.flow(), ChimeBearer: f.mod }
      await f.messaging.associateChannelFlow(input)
      return [input]
    },
    errors: {
      NotFound: async f =>
        call(f, 'DisassociateChannelFlow', { ChannelArn: await f.channel(), ChannelFlowArn: await f.flow(), ChimeBearer: f.mod }),
    },
    causeless: ['Conflict'],
  },
  ListChannelsAssociatedWithChannelFlow: {
    inputs: async f => [{ ChannelFlowArn: await f.flow(), ...paging }],
    errors: { Forbidden: f => call(f, 'ListChannelsAssociatedWithChannelFlow', { ChannelFlowArn: f.noSuchFlow }) },
  },
  // What a callback answers needs a processor: test/outbox/flows.test.ts.
  ChannelFlowCallback: {
    inputs: async () => [],
    errors: {
      Forbidden: async f =>
        call(f, 'ChannelFlowCallback', {
          CallbackId: 'c'.repeat(32),
          ChannelArn: await f.channel(),
          DeleteResource: true,
          ChannelMessage: { MessageId: 'f'.repeat(64) },
        }),
    },
    causeless: ['Conflict'],
  },

  // Streaming and sessions
  PutMessagingStreamingConfigurations: {
    inputs: async f => [{ AppInstanceArn: f.arn, StreamingConfigurations: [stream('Channel'), stream('ChannelMessage')] }],
    errors: { NotFound: inNoAppInstance('PutMessagingStreamingConfigurations', { StreamingConfigurations: [stream('Channel')] }) },
    causeless: ['Forbidden', 'Conflict'],
  },
  GetMessagingStreamingConfigurations: {
    inputs: async f => {
      await f.messaging.putMessagingStreamingConfigurations({
        AppInstanceArn: f.arn,
        StreamingConfigurations: [stream('Channel') as never],
      })
      return [{ AppInstanceArn: f.arn }]
    },
    errors: {
      NotFound: async f => {
        await f.messaging.deleteMessagingStreamingConfigurations({ AppInstanceArn: f.arn })
        return call(f, 'GetMessagingStreamingConfigurations', { AppInstanceArn: f.arn })
      },
    },
    causeless: ['Forbidden'],
  },
  DeleteMessagingStreamingConfigurations: { inputs: async f => [{ AppInstanceArn: f.arn }], causeless: ['Forbidden'] },
  GetMessagingSessionEndpoint: { inputs: async () => [{ NetworkType: 'DUAL_STACK' }], causeless: ['Forbidden'] },

  // Tags
  TagResource: {
    inputs: async f => [{ ResourceARN: await f.channel(), Tags: f.tags }],
    errors: {
      Forbidden: f => call(f, 'TagResource', { ResourceARN: f.noSuchChannel, Tags: f.tags }),
      ResourceLimitExceeded: async f => {
        await call(f, 'TagResource', { ResourceARN: f.arn, Tags: thirtyTags('a') })
        return call(f, 'TagResource', { ResourceARN: f.arn, Tags: thirtyTags('b') })
      },
    },
  },
  UntagResource: {
    inputs: async f => [{ ResourceARN: f.alice, TagKeys: ['team'] }],
    errors: { Forbidden: f => call(f, 'UntagResource', { ResourceARN: f.noSuchChannel, TagKeys: ['team'] }) },
  },
  ListTagsForResource: {
    inputs: async f => [{ ResourceARN: f.arn }],
    errors: { Forbidden: f => call(f, 'ListTagsForResource', { ResourceARN: f.noSuchChannel }) },
  },

  // The operators' own
  ListRecentCalls: {
    inputs: async () => [{ AfterRequestId: token(), MaxResults: 10 }],
    errors: { BadRequest: f => call(f, 'ListRecentCalls', { MaxResults: 101 }) },
    causeless: ['Forbidden'],
  },
  DescribeServer: {
    inputs: async () => [{ FiguresAfterTimestamp: new Date() }],
    errors: { BadRequest: f => call(f, 'DescribeServer', { FiguresAfterTimestamp: 'yesterday' }) },
    causeless: ['Forbidden'],
  },
  ListOutboxLanes: { inputs: async () => [{}], causeless: ['Forbidden', 'BadRequest'] },
  ListDeadOutboxEntries: {
    inputs: async () => [{ Lane: 'stream x', ...paging }],
    errors: { BadRequest: f => call(f, 'ListDeadOutboxEntries', { NextToken: 'x' }) },
    causeless: ['Forbidden'],
  },
  RetryDeadOutboxEntries: {
    inputs: async () => [{ EntryIds: [1] }, { Lane: 'stream x' }],
    errors: { BadRequest: f => call(f, 'RetryDeadOutboxEntries', {}) },
    causeless: ['Forbidden'],
  },
  DropDeadOutboxEntries: {
    inputs: async () => [{ EntryIds: [1] }, { Lane: 'stream x' }],
    errors: { BadRequest: f => call(f, 'DropDeadOutboxEntries', { EntryIds: [1], Lane: 'stream x' }) },
    causeless: ['Forbidden'],
  },
  // The limits of keys and roles are in test/api/access-keys.test.ts.
  CreateAccessKey: {
    inputs: async f => [{ UserName: token(), Policy: f.nothing }, { UsualPolicyOf: f.alice }],
    errors: {
      BadRequest: f => call(f, 'CreateAccessKey', {}),
      Conflict: async f => {
        const UserName = token()
        for (let index = 0; index < 2; index++) await call(f, 'CreateAccessKey', { UserName, Policy: f.nothing })
      },
    },
    causeless: ['Forbidden', 'ResourceLimitExceeded'],
  },
  ListAccessKeys: {
    inputs: async () => [paging],
    errors: { BadRequest: f => call(f, 'ListAccessKeys', { NextToken: 'x' }) },
    causeless: ['Forbidden'],
  },
  DescribeAccessKey: {
    inputs: async f => [{ AccessKeyId: await f.accessKey() }],
    errors: {
      BadRequest: f => call(f, 'DescribeAccessKey', { AccessKeyId: 'x' }),
      NotFound: f => call(f, 'DescribeAccessKey', { AccessKeyId: noSuchKey }),
    },
    causeless: ['Forbidden'],
  },
  UpdateAccessKey: {
    inputs: async f => [
      { AccessKeyId: await f.accessKey(), Status: 'DISABLED', Policy: f.nothing },
      { AccessKeyId: await f.accessKey(), UsualPolicyOf: f.alice },
    ],
    errors: {
      BadRequest: async f => call(f, 'UpdateAccessKey', { AccessKeyId: await f.accessKey(), Policy: '{}' }),
      NotFound: f => call(f, 'UpdateAccessKey', { AccessKeyId: noSuchKey, Status: 'DISABLED' }),
    },
    causeless: ['Forbidden'],
  },
  DeleteAccessKey: {
    inputs: async f => [{ AccessKeyId: await f.accessKey() }],
    errors: {
      BadRequest: f => call(f, 'DeleteAccessKey', { AccessKeyId: 'x' }),
      NotFound: f => call(f, 'DeleteAccessKey', { AccessKeyId: noSuchKey }),
    },
    causeless: ['Forbidden'],
  },
  CreateIamRole: {
    inputs: async f => [
      { RoleName: token(), ...roleInput, Policy: f.nothing },
      { RoleName: token(), UsualPolicyOf: f.alice },
    ],
    errors: {
      BadRequest: f => call(f, 'CreateIamRole', { RoleName: token(), Policy: f.nothing, MaxSessionSeconds: 1 }),
      Conflict: async f => call(f, 'CreateIamRole', { RoleName: await f.iamRole(), Policy: f.nothing }),
    },
    causeless: ['Forbidden', 'ResourceLimitExceeded'],
  },
  ListIamRoles: {
    inputs: async () => [paging],
    errors: { BadRequest: f => call(f, 'ListIamRoles', { NextToken: 'x' }) },
    causeless: ['Forbidden'],
  },
  DescribeIamRole: {
    inputs: async f => [{ RoleName: await f.iamRole() }],
    errors: {
      BadRequest: f => call(f, 'DescribeIamRole', { RoleName: 'a b' }),
      NotFound: f => call(f, 'DescribeIamRole', { RoleName: 'none' }),
    },
    causeless: ['Forbidden'],
  },
  UpdateIamRole: {
    inputs: async f => [
      { RoleName: await f.iamRole(), ...roleInput, Policy: f.nothing },
      { RoleName: await f.iamRole(), UsualPolicyOf: f.alice },
    ],
    errors: {
      BadRequest: async f => call(f, 'UpdateIamRole', { RoleName: await f.iamRole(), OidcTrust: { Audiences: ['web'] } }),
      NotFound: f => call(f, 'UpdateIamRole', { RoleName: 'none' }),
    },
    causeless: ['Forbidden'],
  },
  DeleteIamRole: {
    inputs: async f => [{ RoleName: await f.iamRole() }],
    errors: {
      BadRequest: f => call(f, 'DeleteIamRole', { RoleName: 'a b' }),
      NotFound: f => call(f, 'DeleteIamRole', { RoleName: 'none' }),
    },
    causeless: ['Forbidden'],
  },
  SimulatePolicy: {
    inputs: async f => [
      {
        Policy: f.nothing,
        SessionPolicy: f.nothing,
        OperationName: 'CreateChannel',
        OperationInput: { ChimeBearer: f.alice, AppInstanceArn: f.arn },
        Context: {
          Timestamp: new Date(),
          SourceIp: '192.0.2.1',
          IsSecure: false,
          UserAgent: 'x',
          Referer: 'x',
          PrincipalTags: f.tags,
          RequestTags: f.tags,
          SubjectId: 'alice',
        },
      },
      { AccessKeyId: await f.accessKey(), Action: 'chime:Connect', Resources: [f.alice] },
      { RoleName: await f.iamRole(), Action: 'chime:Connect', Resources: [f.alice] },
    ],
    errors: {
      BadRequest: f => call(f, 'SimulatePolicy', { Policy: f.nothing }),
      NotFound: f => call(f, 'SimulatePolicy', { RoleName: 'none', Action: 'chime:Connect', Resources: [f.alice] }),
    },
    causeless: ['Forbidden'],
  },
  ListConnectedUsers: {
    inputs: async f => [
      { ResourceARN: f.arn, ...paging },
      { ResourceARN: f.alice, ...paging },
      { ResourceARN: await f.channel(), ...paging },
    ],
    errors: { NotFound: f => call(f, 'ListConnectedUsers', { ResourceARN: f.noSuchChannel }) },
    causeless: ['Forbidden'],
  },
}
