// Made from the contract: npx vitest run server/test/models -u

export type Identity = { Arn?: string; Name?: string }

export type ChannelMessageSummary = {
  MessageId?: string
  Content?: string
  Metadata?: string
  Type?: 'STANDARD' | 'CONTROL'
  CreatedTimestamp?: Date
  LastUpdatedTimestamp?: Date
  LastEditedTimestamp?: Date
  Sender?: Identity
  Redacted?: boolean
  Status?: { Value?: 'SENT' | 'PENDING' | 'FAILED' | 'DENIED'; Detail?: string }
  MessageAttributes?: Readonly<Record<string, { StringValues?: readonly string[] }>>
  ContentType?: string
  Target?: readonly { MemberArn?: string }[]
}

export type Presence = {
  AppInstanceUserArn?: string
  IsOnline?: boolean
  LastSeenTimestamp?: Date
  Status?: 'AVAILABLE' | 'BUSY' | 'AWAY' | 'DO_NOT_DISTURB' | 'INVISIBLE'
  StatusText?: string
}

export type PolicyDecision = {
  Action?: string
  ResourceArn?: string
  Decision?: 'ALLOWED' | 'EXPLICITLY_DENIED' | 'NOT_ALLOWED'
  DecidingStatements?: readonly { PolicyOf?: 'IDENTITY' | 'SESSION'; StatementNumber?: number; Sid?: string; Effect?: 'Allow' | 'Deny' }[]
  MissedStatements?: readonly {
    PolicyOf?: 'IDENTITY' | 'SESSION'
    StatementNumber?: number
    Sid?: string
    Effect?: 'Allow' | 'Deny'
    Missed?: 'RESOURCE' | 'CONDITION' | 'VARIABLE'
  }[]
}

/** The operations of the service `carillon`: what goes in, and what comes out. */
export interface Operations {
  ListChannelReadMarkers: {
    input: { ChannelArn: string; ChimeBearer: string; MaxResults?: number | undefined; NextToken?: string | undefined }
    output: { ChannelArn?: string; ChannelReadMarkers?: readonly { Member?: Identity; ReadMarkerTimestamp?: Date }[]; NextToken?: string }
  }
  PutChannelReadMarker: {
    input: { ChannelArn: string; ChimeBearer: string; MessageId: string }
    output: { ChannelArn?: string; ReadMarkerTimestamp?: Date }
  }
  ListChannelUnreadCounts: {
    input: {
      AppInstanceUserArn?: string | undefined
      SortBy?: 'JOINED' | 'LAST_MESSAGE' | undefined
      IncludeFirstUnread?: boolean | undefined
      MaxResults?: number | undefined
      NextToken?: string | undefined
      ChimeBearer: string
    }
    output: {
      ChannelMemberships?: readonly {
        ChannelSummary?: {
          Name?: string
          ChannelArn?: string
          Mode?: 'UNRESTRICTED' | 'RESTRICTED'
          Privacy?: 'PUBLIC' | 'PRIVATE'
          Metadata?: string
          LastMessageTimestamp?: Date
        }
        AppInstanceUserMembershipSummary?: { Type?: 'DEFAULT' | 'HIDDEN'; ReadMarkerTimestamp?: Date; SubChannelId?: string }
        UnreadCount?: number
        UnreadMentionCount?: number
        FirstUnreadMessageId?: string
      }[]
      NextToken?: string
    }
  }
  GetUnreadSummary: {
    input: { AppInstanceUserArn?: string | undefined; ChimeBearer: string }
    output: { UnreadCount?: number; UnreadMentionCount?: number; UnreadChannelCount?: number }
  }
  SearchMessages: {
    input: {
      SearchText?: string | undefined
      ChannelArn?: string | undefined
      SubChannelId?: string | undefined
      SenderArn?: string | undefined
      NotBefore?: Date | undefined
      NotAfter?: Date | undefined
      SortBy?: 'NEWEST' | 'BEST' | undefined
      MaxResults?: number | undefined
      NextToken?: string | undefined
      ChimeBearer: string
    }
    output: {
      FoundMessages?: readonly {
        ChannelArn?: string
        SubChannelId?: string
        ChannelMessage?: ChannelMessageSummary
        Snippet?: readonly { Text?: string; IsMatch?: boolean }[]
      }[]
      SearchedAllChannels?: boolean
      IndexedAllMessages?: boolean
      NextToken?: string
    }
  }
  SendTypingIndicator: {
    input: { ChannelArn: string; ChimeBearer: string; IsTyping: boolean; SubChannelId?: string | undefined }
    output: {}
  }
  PutMessageReactions: {
    input: { ChannelArn: string; ChimeBearer: string; MessageId: string; Reactions: readonly string[]; SubChannelId?: string | undefined }
    output: {
      ChannelArn?: string
      MessageId?: string
      Reactions?: readonly { Reaction?: string; Count?: number; Me?: boolean }[]
      SubChannelId?: string
    }
  }
  BatchGetMessageReactions: {
    input: { ChannelArn: string; ChimeBearer: string; MessageIds: readonly string[]; SubChannelId?: string | undefined }
    output: {
      ChannelArn?: string
      MessageReactions?: readonly { MessageId?: string; Reactions?: readonly { Reaction?: string; Count?: number; Me?: boolean }[] }[]
      SubChannelId?: string
    }
  }
  ListMessageReactionMembers: {
    input: {
      ChannelArn: string
      ChimeBearer: string
      MessageId: string
      Reaction: string
      MaxResults?: number | undefined
      NextToken?: string | undefined
      SubChannelId?: string | undefined
    }
    output: {
      ChannelArn?: string
      MessageId?: string
      Reaction?: string
      Members?: readonly Identity[]
      NextToken?: string
      SubChannelId?: string
    }
  }
  ListThreadMessages: {
    input: {
      ChannelArn: string
      ChimeBearer: string
      MessageId: string
      SortOrder?: 'ASCENDING' | 'DESCENDING' | undefined
      MaxResults?: number | undefined
      NextToken?: string | undefined
      SubChannelId?: string | undefined
    }
    output: {
      ChannelArn?: string
      MessageId?: string
      NextToken?: string
      ChannelMessages?: readonly ChannelMessageSummary[]
      SubChannelId?: string
    }
  }
  BatchGetThreads: {
    input: { ChannelArn: string; ChimeBearer: string; MessageIds: readonly string[]; SubChannelId?: string | undefined }
    output: {
      ChannelArn?: string
      Threads?: readonly { MessageId?: string; ReplyCount?: number; LastReplyTimestamp?: Date }[]
      SubChannelId?: string
    }
  }
  PinMessage: {
    input: { ChannelArn: string; ChimeBearer: string; MessageId: string; SubChannelId?: string | undefined }
    output: { ChannelArn?: string; MessageId?: string; SubChannelId?: string }
  }
  UnpinMessage: { input: { ChannelArn: string; ChimeBearer: string; MessageId: string; SubChannelId?: string | undefined }; output: {} }
  ListPinnedMessages: {
    input: {
      ChannelArn: string
      ChimeBearer: string
      MaxResults?: number | undefined
      NextToken?: string | undefined
      SubChannelId?: string | undefined
    }
    output: {
      ChannelArn?: string
      PinnedMessages?: readonly { Message?: ChannelMessageSummary; PinnedBy?: Identity; PinnedTimestamp?: Date }[]
      NextToken?: string
      SubChannelId?: string
    }
  }
  PutPresenceStatus: {
    input: {
      AppInstanceUserArn: string
      Status: 'AVAILABLE' | 'BUSY' | 'AWAY' | 'DO_NOT_DISTURB' | 'INVISIBLE'
      StatusText?: string | undefined
      ChimeBearer: string
    }
    output: { Status?: 'AVAILABLE' | 'BUSY' | 'AWAY' | 'DO_NOT_DISTURB' | 'INVISIBLE'; StatusText?: string }
  }
  BatchGetPresence: { input: { AppInstanceUserArns: readonly string[]; ChimeBearer: string }; output: { Presences?: readonly Presence[] } }
  GetChannelPresence: {
    input: { ChannelArn: string; ChimeBearer: string }
    output: { ChannelArn?: string; OnlineMemberCount?: number; Presences?: readonly Presence[] }
  }
  WatchPresence: {
    input: {
      SessionId: string
      ChannelArns?: readonly string[] | undefined
      AppInstanceUserArns?: readonly string[] | undefined
      ChimeBearer: string
    }
    output: { ChannelArns?: readonly string[]; AppInstanceUserArns?: readonly string[] }
  }
  PutAppInstancePresenceSettings: {
    input: { AppInstanceArn: string; PresenceSettings: { Enabled: boolean } }
    output: { PresenceSettings?: { Enabled?: boolean } }
  }
  GetAppInstancePresenceSettings: { input: { AppInstanceArn: string }; output: { PresenceSettings?: { Enabled?: boolean } } }
  PutAppInstanceEventSettings: {
    input: { AppInstanceArn: string; EventSettings: { Events: readonly ('read' | 'unread' | 'typing' | 'reaction' | 'thread' | 'pin')[] } }
    output: { EventSettings?: { Events?: readonly ('read' | 'unread' | 'typing' | 'reaction' | 'thread' | 'pin')[] } }
  }
  GetAppInstanceEventSettings: {
    input: { AppInstanceArn: string }
    output: { EventSettings?: { Events?: readonly ('read' | 'unread' | 'typing' | 'reaction' | 'thread' | 'pin')[] } }
  }
  ListRecentCalls: {
    input: { AfterRequestId?: string | undefined; MaxResults?: number | undefined }
    output: {
      NodeName?: string
      RecentCalls?: readonly {
        RequestId?: string
        OperationName?: string
        AnsweredTimestamp?: Date
        DurationMicroseconds?: number
        StatusCode?: number
        ErrorName?: string
        ErrorMessage?: string
        Reason?: string
        SourceIp?: string
        AccessKeyId?: string
        PrincipalArn?: string
        BearerArn?: string
        ResourceArns?: readonly string[]
        Method?: string
        Path?: string
        RequestSize?: number
        ResponseSize?: number
        Input?: string
        Checks?: readonly {
          Check?: 'SIGNATURE' | 'INPUT' | 'IAM' | 'ROLE' | 'OPERATION'
          Outcome?: 'PASSED' | 'REFUSED' | 'NOT_REACHED' | 'NOT_NEEDED'
          Explanation?: string
          Decisions?: readonly PolicyDecision[]
        }[]
      }[]
    }
  }
  DescribeServer: {
    input: { FiguresAfterTimestamp?: Date | undefined }
    output: {
      Version?: string
      NodeName?: string
      StartedTimestamp?: Date
      Region?: string
      Account?: string
      Database?: 'SQLITE' | 'POSTGRESQL'
      Nodes?: readonly { NodeName?: string; Bus?: 'NATS' | 'NONE' }[]
      Figures?: readonly {
        Timestamp?: Date
        Seconds?: number
        CallCount?: number
        RefusedCallCount?: number
        FailedCallCount?: number
        MessageCount?: number
        SessionCount?: number
        MedianMicroseconds?: number
        Percentile99Microseconds?: number
      }[]
    }
  }
  ListOutboxLanes: {
    input: {}
    output: {
      OutboxLanes?: readonly {
        Lane?: string
        Kind?: string
        Destination?: string
        WaitingCount?: number
        OldestTimestamp?: Date
        DeadCount?: number
        DeliveredTimestamp?: Date
        FailedTimestamp?: Date
        LastError?: string
        PausedUntilTimestamp?: Date
        PauseReason?: string
      }[]
    }
  }
  ListDeadOutboxEntries: {
    input: { Lane?: string | undefined; MaxResults?: number | undefined; NextToken?: string | undefined }
    output: {
      DeadOutboxEntries?: readonly {
        EntryId?: number
        Lane?: string
        SubLane?: string
        AttemptCount?: number
        CreatedTimestamp?: Date
        DiedTimestamp?: Date
        LastError?: string
        Size?: number
      }[]
      NextToken?: string
    }
  }
  RetryDeadOutboxEntries: {
    input: { EntryIds?: readonly number[] | undefined; Lane?: string | undefined }
    output: { EntryCount?: number; HasMore?: boolean }
  }
  DropDeadOutboxEntries: {
    input: { EntryIds?: readonly number[] | undefined; Lane?: string | undefined }
    output: { EntryCount?: number; HasMore?: boolean }
  }
  CreateAccessKey: {
    input: { UserName?: string | undefined; Policy?: string | undefined; UsualPolicyOf?: string | undefined }
    output: { AccessKeyId?: string; SecretAccessKey?: string; UserName?: string; PrincipalArn?: string }
  }
  ListAccessKeys: {
    input: { MaxResults?: number | undefined; NextToken?: string | undefined }
    output: {
      AccessKeys?: readonly { AccessKeyId?: string; UserName?: string; Status?: 'ENABLED' | 'DISABLED'; CreatedTimestamp?: Date }[]
      NextToken?: string
    }
  }
  DescribeAccessKey: {
    input: { AccessKeyId: string }
    output: {
      AccessKey?: {
        AccessKeyId?: string
        UserName?: string
        Status?: 'ENABLED' | 'DISABLED'
        CreatedTimestamp?: Date
        PrincipalArn?: string
        Policy?: string
      }
    }
  }
  UpdateAccessKey: {
    input: {
      AccessKeyId: string
      Status?: 'ENABLED' | 'DISABLED' | undefined
      Policy?: string | undefined
      UsualPolicyOf?: string | undefined
    }
    output: { AccessKeyId?: string; PrincipalArn?: string }
  }
  DeleteAccessKey: { input: { AccessKeyId: string }; output: {} }
  CreateIamRole: {
    input: {
      RoleName: string
      Policy?: string | undefined
      TrustedPrincipals?: readonly string[] | undefined
      OidcTrust?:
        { Issuer?: string | undefined; Audiences?: readonly string[] | undefined; ClaimCondition?: string | undefined } | undefined
      ExternalId?: string | undefined
      SessionTagKeys?: readonly string[] | undefined
      MaxSessionSeconds?: number | undefined
      UsualPolicyOf?: string | undefined
    }
    output: { RoleArn?: string }
  }
  ListIamRoles: {
    input: { MaxResults?: number | undefined; NextToken?: string | undefined }
    output: {
      IamRoles?: readonly { RoleName?: string; RoleArn?: string; CreatedTimestamp?: Date; LastUpdatedTimestamp?: Date }[]
      NextToken?: string
    }
  }
  DescribeIamRole: {
    input: { RoleName: string }
    output: {
      IamRole?: {
        RoleName?: string
        RoleArn?: string
        CreatedTimestamp?: Date
        LastUpdatedTimestamp?: Date
        RoleId?: string
        Policy?: string
        TrustedPrincipals?: readonly string[]
        OidcTrust?: { Issuer?: string; Audiences?: readonly string[]; ClaimCondition?: string }
        ExternalId?: string
        SessionTagKeys?: readonly string[]
        MaxSessionSeconds?: number
      }
    }
  }
  UpdateIamRole: {
    input: {
      RoleName: string
      Policy?: string | undefined
      TrustedPrincipals?: readonly string[] | undefined
      OidcTrust?:
        { Issuer?: string | undefined; Audiences?: readonly string[] | undefined; ClaimCondition?: string | undefined } | undefined
      ExternalId?: string | undefined
      SessionTagKeys?: readonly string[] | undefined
      MaxSessionSeconds?: number | undefined
      UsualPolicyOf?: string | undefined
    }
    output: { RoleArn?: string }
  }
  DeleteIamRole: { input: { RoleName: string }; output: {} }
  SimulatePolicy: {
    input: {
      Policy?: string | undefined
      AccessKeyId?: string | undefined
      RoleName?: string | undefined
      SessionPolicy?: string | undefined
      OperationName?: string | undefined
      OperationInput?: Readonly<Record<string, string>> | undefined
      Action?: string | undefined
      Resources?: readonly string[] | undefined
      Context?:
        | {
            Timestamp?: Date | undefined
            SourceIp?: string | undefined
            IsSecure?: boolean | undefined
            UserAgent?: string | undefined
            Referer?: string | undefined
            PrincipalTags?: readonly { Key: string; Value: string }[] | undefined
            RequestTags?: readonly { Key: string; Value: string }[] | undefined
            SubjectId?: string | undefined
          }
        | undefined
    }
    output: { IsAllowed?: boolean; PrincipalArn?: string; PolicyDecisions?: readonly PolicyDecision[]; RoleRule?: string }
  }
  ListConnectedUsers: {
    input: { ResourceARN: string; MaxResults?: number | undefined; NextToken?: string | undefined }
    output: {
      ConnectedUsers?: readonly {
        User?: Identity
        Connections?: readonly { NodeName?: string; ConnectedTimestamp?: Date; SourceIp?: string }[]
      }[]
      NextToken?: string
    }
  }
  SeedAppInstance: {
    input: {
      Id: string
      Name?: string | undefined
      Metadata?: string | undefined
      Users?: readonly { Id: string; Name?: string | undefined; Metadata?: string | undefined }[] | undefined
      Admins?: readonly string[] | undefined
      Channels?:
        | readonly {
            Id: string
            Name?: string | undefined
            Mode?: 'UNRESTRICTED' | 'RESTRICTED' | undefined
            Privacy?: 'PUBLIC' | 'PRIVATE' | undefined
            Metadata?: string | undefined
            Moderators: readonly string[]
            Members?: readonly string[] | undefined
            Messages?: readonly { Sender: string; Content: string; Metadata?: string | undefined }[] | undefined
            ReadBy?: readonly string[] | undefined
          }[]
        | undefined
    }
    output: { AppInstanceArn?: string }
  }
  ResetTestServer: { input: { CountedIds?: boolean | undefined }; output: {} }
  PutTestClock: {
    input: {
      Timestamp?: Date | undefined
      AdvanceSeconds?: number | undefined
      Frozen?: boolean | undefined
      SignatureSkewSeconds?: number | undefined
    }
    output: { Timestamp?: Date; Frozen?: boolean; SignatureSkewSeconds?: number }
  }
  CreateTestFault: {
    input: {
      Operation?: string | undefined
      EventType?: string | undefined
      Times?: number | undefined
      Error?:
        | 'BadRequestException'
        | 'UnauthorizedClientException'
        | 'ForbiddenException'
        | 'NotFoundException'
        | 'ConflictException'
        | 'ResourceLimitExceededException'
        | 'ThrottledClientException'
        | 'ServiceFailureException'
        | 'ServiceUnavailableException'
        | undefined
      DelayMilliseconds?: number | undefined
      CloseCode?: number | undefined
      CarriedOut?: boolean | undefined
      CloseConnection?: boolean | undefined
    }
    output: {}
  }
  CloseTestSessions: {
    input: { CloseCode: number; Reason?: string | undefined; AppInstanceUserArn?: string | undefined }
    output: { SessionCount?: number }
  }
}

export const routes: Readonly<Record<keyof Operations, `${'GET' | 'POST' | 'PUT' | 'DELETE'} /${string}`>> = {
  ListChannelReadMarkers: 'GET /carillon/channels/{channelArn}/read-markers',
  PutChannelReadMarker: 'PUT /carillon/channels/{channelArn}/read-marker',
  ListChannelUnreadCounts: 'GET /carillon/unread-counts',
  GetUnreadSummary: 'GET /carillon/unread-summary',
  SearchMessages: 'POST /carillon/messages/search',
  SendTypingIndicator: 'PUT /carillon/channels/{channelArn}/typing-indicator',
  PutMessageReactions: 'PUT /carillon/channels/{channelArn}/messages/{messageId}/reactions',
  BatchGetMessageReactions: 'POST /carillon/channels/{channelArn}/message-reactions',
  ListMessageReactionMembers: 'GET /carillon/channels/{channelArn}/messages/{messageId}/reaction-members',
  ListThreadMessages: 'GET /carillon/channels/{channelArn}/messages/{messageId}/thread-messages',
  BatchGetThreads: 'POST /carillon/channels/{channelArn}/threads',
  PinMessage: 'PUT /carillon/channels/{channelArn}/messages/{messageId}/pin',
  UnpinMessage: 'DELETE /carillon/channels/{channelArn}/messages/{messageId}/pin',
  ListPinnedMessages: 'GET /carillon/channels/{channelArn}/pins',
  PutPresenceStatus: 'PUT /carillon/app-instance-users/{appInstanceUserArn}/presence-status',
  BatchGetPresence: 'POST /carillon/presence/batch-get',
  GetChannelPresence: 'GET /carillon/channels/{channelArn}/presence',
  WatchPresence: 'PUT /carillon/presence/watch',
  PutAppInstancePresenceSettings: 'PUT /carillon/app-instances/{appInstanceArn}/presence-settings',
  GetAppInstancePresenceSettings: 'GET /carillon/app-instances/{appInstanceArn}/presence-settings',
  PutAppInstanceEventSettings: 'PUT /carillon/app-instances/{appInstanceArn}/event-settings',
  GetAppInstanceEventSettings: 'GET /carillon/app-instances/{appInstanceArn}/event-settings',
  ListRecentCalls: 'GET /carillon/recent-calls',
  DescribeServer: 'GET /carillon/server',
  ListOutboxLanes: 'GET /carillon/outbox-lanes',
  ListDeadOutboxEntries: 'GET /carillon/dead-outbox-entries',
  RetryDeadOutboxEntries: 'POST /carillon/dead-outbox-entries/retry',
  DropDeadOutboxEntries: 'POST /carillon/dead-outbox-entries/drop',
  CreateAccessKey: 'POST /carillon/access-keys',
  ListAccessKeys: 'GET /carillon/access-keys',
  DescribeAccessKey: 'GET /carillon/access-keys/{accessKeyId}',
  UpdateAccessKey: 'PUT /carillon/access-keys/{accessKeyId}',
  DeleteAccessKey: 'DELETE /carillon/access-keys/{accessKeyId}',
  CreateIamRole: 'POST /carillon/iam-roles',
  ListIamRoles: 'GET /carillon/iam-roles',
  DescribeIamRole: 'GET /carillon/iam-roles/{roleName}',
  UpdateIamRole: 'PUT /carillon/iam-roles/{roleName}',
  DeleteIamRole: 'DELETE /carillon/iam-roles/{roleName}',
  SimulatePolicy: 'POST /carillon/simulated-policies',
  ListConnectedUsers: 'GET /carillon/connected-users',
  SeedAppInstance: 'POST /carillon/testing/app-instances',
  ResetTestServer: 'POST /carillon/testing/reset',
  PutTestClock: 'PUT /carillon/testing/clock',
  CreateTestFault: 'POST /carillon/testing/faults',
  CloseTestSessions: 'POST /carillon/testing/sessions/close',
}
