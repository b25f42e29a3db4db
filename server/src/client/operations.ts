// Made from the contract: npx vitest run server/test/models -u

/** The operations of the service `carillon`: what goes in, and what comes out. */
export interface Operations {
  ListChannelReadMarkers: {
    input: { readonly ChannelArn: string; readonly MaxResults?: number; readonly NextToken?: string; readonly ChimeBearer: string }
    output: {
      readonly ChannelArn?: string
      readonly ChannelReadMarkers?: readonly {
        readonly Member?: { readonly Arn?: string; readonly Name?: string }
        readonly ReadMarkerTimestamp?: Date
      }[]
      readonly NextToken?: string
    }
  }
  PutChannelReadMarker: {
    input: { readonly ChannelArn: string; readonly MessageId: string; readonly ChimeBearer: string }
    output: { readonly ChannelArn?: string; readonly ReadMarkerTimestamp?: Date }
  }
  ListChannelUnreadCounts: {
    input: {
      readonly AppInstanceUserArn?: string
      readonly SortBy?: 'JOINED' | 'LAST_MESSAGE'
      readonly IncludeFirstUnread?: boolean
      readonly MaxResults?: number
      readonly NextToken?: string
      readonly ChimeBearer: string
    }
    output: {
      readonly ChannelMemberships?: readonly {
        readonly ChannelSummary?: {
          readonly Name?: string
          readonly ChannelArn?: string
          readonly Mode?: 'UNRESTRICTED' | 'RESTRICTED'
          readonly Privacy?: 'PUBLIC' | 'PRIVATE'
          readonly Metadata?: string
          readonly LastMessageTimestamp?: Date
        }
        readonly AppInstanceUserMembershipSummary?: {
          readonly Type?: 'DEFAULT' | 'HIDDEN'
          readonly ReadMarkerTimestamp?: Date
          readonly SubChannelId?: string
        }
        readonly UnreadCount?: number
        readonly UnreadMentionCount?: number
        readonly FirstUnreadMessageId?: string
      }[]
      readonly NextToken?: string
    }
  }
  GetUnreadSummary: {
    input: { readonly AppInstanceUserArn?: string; readonly ChimeBearer: string }
    output: { readonly UnreadCount?: number; readonly UnreadMentionCount?: number; readonly UnreadChannelCount?: number }
  }
  SearchMessages: {
    input: {
      readonly SearchText?: string
      readonly ChannelArn?: string
      readonly SubChannelId?: string
      readonly SenderArn?: string
      readonly NotBefore?: Date
      readonly NotAfter?: Date
      readonly SortBy?: 'NEWEST' | 'BEST'
      readonly MaxResults?: number
      readonly NextToken?: string
      readonly ChimeBearer: string
    }
    output: {
      readonly FoundMessages?: readonly {
        readonly ChannelArn?: string
        readonly SubChannelId?: string
        readonly ChannelMessage?: {
          readonly MessageId?: string
          readonly Content?: string
          readonly Metadata?: string
          readonly Type?: 'STANDARD' | 'CONTROL'
          readonly CreatedTimestamp?: Date
          readonly LastUpdatedTimestamp?: Date
          readonly LastEditedTimestamp?: Date
          readonly Sender?: { readonly Arn?: string; readonly Name?: string }
          readonly Redacted?: boolean
          readonly Status?: { readonly Value?: 'SENT' | 'PENDING' | 'FAILED' | 'DENIED'; readonly Detail?: string }
          readonly MessageAttributes?: Readonly<Record<string, { readonly StringValues?: readonly string[] }>>
          readonly ContentType?: string
          readonly Target?: readonly { readonly MemberArn?: string }[]
        }
        readonly Snippet?: readonly { readonly Text?: string; readonly IsMatch?: boolean }[]
      }[]
      readonly SearchedAllChannels?: boolean
      readonly IndexedAllMessages?: boolean
      readonly NextToken?: string
    }
  }
  SendTypingIndicator: {
    input: { readonly ChannelArn: string; readonly IsTyping: boolean; readonly SubChannelId?: string; readonly ChimeBearer: string }
    output: {}
  }
  PutMessageReactions: {
    input: {
      readonly ChannelArn: string
      readonly MessageId: string
      readonly Reactions: readonly string[]
      readonly ChimeBearer: string
      readonly SubChannelId?: string
    }
    output: {
      readonly ChannelArn?: string
      readonly MessageId?: string
      readonly Reactions?: readonly { readonly Reaction?: string; readonly Count?: number; readonly Me?: boolean }[]
      readonly SubChannelId?: string
    }
  }
  BatchGetMessageReactions: {
    input: {
      readonly ChannelArn: string
      readonly MessageIds: readonly string[]
      readonly ChimeBearer: string
      readonly SubChannelId?: string
    }
    output: {
      readonly ChannelArn?: string
      readonly MessageReactions?: readonly {
        readonly MessageId?: string
        readonly Reactions?: readonly { readonly Reaction?: string; readonly Count?: number; readonly Me?: boolean }[]
      }[]
      readonly SubChannelId?: string
    }
  }
  ListMessageReactionMembers: {
    input: {
      readonly ChannelArn: string
      readonly MessageId: string
      readonly Reaction: string
      readonly MaxResults?: number
      readonly NextToken?: string
      readonly ChimeBearer: string
      readonly SubChannelId?: string
    }
    output: {
      readonly ChannelArn?: string
      readonly MessageId?: string
      readonly Reaction?: string
      readonly Members?: readonly { readonly Arn?: string; readonly Name?: string }[]
      readonly NextToken?: string
      readonly SubChannelId?: string
    }
  }
  ListThreadMessages: {
    input: {
      readonly ChannelArn: string
      readonly MessageId: string
      readonly SortOrder?: 'ASCENDING' | 'DESCENDING'
      readonly MaxResults?: number
      readonly NextToken?: string
      readonly ChimeBearer: string
      readonly SubChannelId?: string
    }
    output: {
      readonly ChannelArn?: string
      readonly MessageId?: string
      readonly NextToken?: string
      readonly ChannelMessages?: readonly {
        readonly MessageId?: string
        readonly Content?: string
        readonly Metadata?: string
        readonly Type?: 'STANDARD' | 'CONTROL'
        readonly CreatedTimestamp?: Date
        readonly LastUpdatedTimestamp?: Date
        readonly LastEditedTimestamp?: Date
        readonly Sender?: { readonly Arn?: string; readonly Name?: string }
        readonly Redacted?: boolean
        readonly Status?: { readonly Value?: 'SENT' | 'PENDING' | 'FAILED' | 'DENIED'; readonly Detail?: string }
        readonly MessageAttributes?: Readonly<Record<string, { readonly StringValues?: readonly string[] }>>
        readonly ContentType?: string
        readonly Target?: readonly { readonly MemberArn?: string }[]
      }[]
      readonly SubChannelId?: string
    }
  }
  BatchGetThreads: {
    input: {
      readonly ChannelArn: string
      readonly MessageIds: readonly string[]
      readonly ChimeBearer: string
      readonly SubChannelId?: string
    }
    output: {
      readonly ChannelArn?: string
      readonly Threads?: readonly { readonly MessageId?: string; readonly ReplyCount?: number; readonly LastReplyTimestamp?: Date }[]
      readonly SubChannelId?: string
    }
  }
  PinMessage: {
    input: { readonly ChannelArn: string; readonly MessageId: string; readonly ChimeBearer: string; readonly SubChannelId?: string }
    output: { readonly ChannelArn?: string; readonly MessageId?: string; readonly SubChannelId?: string }
  }
  UnpinMessage: {
    input: { readonly ChannelArn: string; readonly MessageId: string; readonly ChimeBearer: string; readonly SubChannelId?: string }
    output: {}
  }
  ListPinnedMessages: {
    input: {
      readonly ChannelArn: string
      readonly MaxResults?: number
      readonly NextToken?: string
      readonly ChimeBearer: string
      readonly SubChannelId?: string
    }
    output: {
      readonly ChannelArn?: string
      readonly PinnedMessages?: readonly {
        readonly Message?: {
          readonly MessageId?: string
          readonly Content?: string
          readonly Metadata?: string
          readonly Type?: 'STANDARD' | 'CONTROL'
          readonly CreatedTimestamp?: Date
          readonly LastUpdatedTimestamp?: Date
          readonly LastEditedTimestamp?: Date
          readonly Sender?: { readonly Arn?: string; readonly Name?: string }
          readonly Redacted?: boolean
          readonly Status?: { readonly Value?: 'SENT' | 'PENDING' | 'FAILED' | 'DENIED'; readonly Detail?: string }
          readonly MessageAttributes?: Readonly<Record<string, { readonly StringValues?: readonly string[] }>>
          readonly ContentType?: string
          readonly Target?: readonly { readonly MemberArn?: string }[]
        }
        readonly PinnedBy?: { readonly Arn?: string; readonly Name?: string }
        readonly PinnedTimestamp?: Date
      }[]
      readonly NextToken?: string
      readonly SubChannelId?: string
    }
  }
  PutPresenceStatus: {
    input: {
      readonly AppInstanceUserArn: string
      readonly Status: 'AVAILABLE' | 'BUSY' | 'AWAY' | 'DO_NOT_DISTURB' | 'INVISIBLE'
      readonly StatusText?: string
      readonly ChimeBearer: string
    }
    output: { readonly Status?: 'AVAILABLE' | 'BUSY' | 'AWAY' | 'DO_NOT_DISTURB' | 'INVISIBLE'; readonly StatusText?: string }
  }
  BatchGetPresence: {
    input: { readonly AppInstanceUserArns: readonly string[]; readonly ChimeBearer: string }
    output: {
      readonly Presences?: readonly {
        readonly AppInstanceUserArn?: string
        readonly IsOnline?: boolean
        readonly LastSeenTimestamp?: Date
        readonly Status?: 'AVAILABLE' | 'BUSY' | 'AWAY' | 'DO_NOT_DISTURB' | 'INVISIBLE'
        readonly StatusText?: string
      }[]
    }
  }
  GetChannelPresence: {
    input: { readonly ChannelArn: string; readonly ChimeBearer: string }
    output: {
      readonly ChannelArn?: string
      readonly OnlineMemberCount?: number
      readonly Presences?: readonly {
        readonly AppInstanceUserArn?: string
        readonly IsOnline?: boolean
        readonly LastSeenTimestamp?: Date
        readonly Status?: 'AVAILABLE' | 'BUSY' | 'AWAY' | 'DO_NOT_DISTURB' | 'INVISIBLE'
        readonly StatusText?: string
      }[]
    }
  }
  WatchPresence: {
    input: {
      readonly SessionId: string
      readonly ChannelArns?: readonly string[]
      readonly AppInstanceUserArns?: readonly string[]
      readonly ChimeBearer: string
    }
    output: { readonly ChannelArns?: readonly string[]; readonly AppInstanceUserArns?: readonly string[] }
  }
  PutAppInstancePresenceSettings: {
    input: { readonly AppInstanceArn: string; readonly PresenceSettings: { readonly Enabled: boolean } }
    output: { readonly PresenceSettings?: { readonly Enabled?: boolean } }
  }
  GetAppInstancePresenceSettings: {
    input: { readonly AppInstanceArn: string }
    output: { readonly PresenceSettings?: { readonly Enabled?: boolean } }
  }
  PutAppInstanceEventSettings: {
    input: {
      readonly AppInstanceArn: string
      readonly EventSettings: { readonly Events: readonly ('read' | 'unread' | 'typing' | 'reaction' | 'thread' | 'pin')[] }
    }
    output: { readonly EventSettings?: { readonly Events?: readonly ('read' | 'unread' | 'typing' | 'reaction' | 'thread' | 'pin')[] } }
  }
  GetAppInstanceEventSettings: {
    input: { readonly AppInstanceArn: string }
    output: { readonly EventSettings?: { readonly Events?: readonly ('read' | 'unread' | 'typing' | 'reaction' | 'thread' | 'pin')[] } }
  }
  ListRecentCalls: {
    input: { readonly AfterRequestId?: string; readonly MaxResults?: number }
    output: {
      readonly NodeName?: string
      readonly RecentCalls?: readonly {
        readonly RequestId?: string
        readonly OperationName?: string
        readonly AnsweredTimestamp?: Date
        readonly DurationMicroseconds?: number
        readonly StatusCode?: number
        readonly ErrorName?: string
        readonly ErrorMessage?: string
        readonly Reason?: string
        readonly SourceIp?: string
        readonly AccessKeyId?: string
        readonly PrincipalArn?: string
        readonly BearerArn?: string
        readonly ResourceArns?: readonly string[]
        readonly Method?: string
        readonly Path?: string
        readonly RequestSize?: number
        readonly ResponseSize?: number
        readonly Input?: string
        readonly Checks?: readonly {
          readonly Check?: 'SIGNATURE' | 'INPUT' | 'IAM' | 'ROLE' | 'OPERATION'
          readonly Outcome?: 'PASSED' | 'REFUSED' | 'NOT_REACHED' | 'NOT_NEEDED'
          readonly Explanation?: string
          readonly Decisions?: readonly {
            readonly Action?: string
            readonly ResourceArn?: string
            readonly Decision?: 'ALLOWED' | 'EXPLICITLY_DENIED' | 'NOT_ALLOWED'
            readonly DecidingStatements?: readonly {
              readonly PolicyOf?: 'IDENTITY' | 'SESSION'
              readonly StatementNumber?: number
              readonly Sid?: string
              readonly Effect?: 'Allow' | 'Deny'
            }[]
            readonly MissedStatements?: readonly {
              readonly PolicyOf?: 'IDENTITY' | 'SESSION'
              readonly StatementNumber?: number
              readonly Sid?: string
              readonly Effect?: 'Allow' | 'Deny'
              readonly Missed?: 'RESOURCE' | 'CONDITION' | 'VARIABLE'
            }[]
          }[]
        }[]
      }[]
    }
  }
  DescribeServer: {
    input: { readonly FiguresAfterTimestamp?: Date }
    output: {
      readonly Version?: string
      readonly NodeName?: string
      readonly StartedTimestamp?: Date
      readonly Region?: string
      readonly Account?: string
      readonly Database?: 'SQLITE' | 'POSTGRESQL'
      readonly Nodes?: readonly { readonly NodeName?: string; readonly Bus?: 'NATS' | 'NONE' }[]
      readonly Figures?: readonly {
        readonly Timestamp?: Date
        readonly Seconds?: number
        readonly CallCount?: number
        readonly RefusedCallCount?: number
        readonly FailedCallCount?: number
        readonly MessageCount?: number
        readonly SessionCount?: number
        readonly MedianMicroseconds?: number
        readonly Percentile99Microseconds?: number
      }[]
    }
  }
  ListOutboxLanes: {
    input: {}
    output: {
      readonly OutboxLanes?: readonly {
        readonly Lane?: string
        readonly Kind?: string
        readonly Destination?: string
        readonly WaitingCount?: number
        readonly OldestTimestamp?: Date
        readonly DeadCount?: number
        readonly DeliveredTimestamp?: Date
        readonly FailedTimestamp?: Date
        readonly LastError?: string
      }[]
    }
  }
  ListDeadOutboxEntries: {
    input: { readonly Lane?: string; readonly MaxResults?: number; readonly NextToken?: string }
    output: {
      readonly DeadOutboxEntries?: readonly {
        readonly EntryId?: number
        readonly Lane?: string
        readonly SubLane?: string
        readonly AttemptCount?: number
        readonly CreatedTimestamp?: Date
        readonly DiedTimestamp?: Date
        readonly LastError?: string
        readonly Size?: number
      }[]
      readonly NextToken?: string
    }
  }
  RetryDeadOutboxEntries: {
    input: { readonly EntryIds?: readonly number[]; readonly Lane?: string }
    output: { readonly EntryCount?: number; readonly HasMore?: boolean }
  }
  DropDeadOutboxEntries: {
    input: { readonly EntryIds?: readonly number[]; readonly Lane?: string }
    output: { readonly EntryCount?: number; readonly HasMore?: boolean }
  }
  CreateAccessKey: {
    input: { readonly UserName?: string; readonly Policy?: string; readonly UsualPolicyOf?: string }
    output: { readonly AccessKeyId?: string; readonly SecretAccessKey?: string; readonly UserName?: string; readonly PrincipalArn?: string }
  }
  ListAccessKeys: {
    input: { readonly MaxResults?: number; readonly NextToken?: string }
    output: {
      readonly AccessKeys?: readonly {
        readonly AccessKeyId?: string
        readonly UserName?: string
        readonly Status?: 'ENABLED' | 'DISABLED'
        readonly CreatedTimestamp?: Date
      }[]
      readonly NextToken?: string
    }
  }
  DescribeAccessKey: {
    input: { readonly AccessKeyId: string }
    output: {
      readonly AccessKey?: {
        readonly AccessKeyId?: string
        readonly UserName?: string
        readonly Status?: 'ENABLED' | 'DISABLED'
        readonly CreatedTimestamp?: Date
        readonly PrincipalArn?: string
        readonly Policy?: string
      }
    }
  }
  UpdateAccessKey: {
    input: {
      readonly AccessKeyId: string
      readonly Status?: 'ENABLED' | 'DISABLED'
      readonly Policy?: string
      readonly UsualPolicyOf?: string
    }
    output: { readonly AccessKeyId?: string; readonly PrincipalArn?: string }
  }
  DeleteAccessKey: { input: { readonly AccessKeyId: string }; output: {} }
  CreateIamRole: {
    input: {
      readonly RoleName: string
      readonly Policy?: string
      readonly TrustedPrincipals?: readonly string[]
      readonly OidcTrust?: { readonly Issuer?: string; readonly Audiences?: readonly string[]; readonly ClaimCondition?: string }
      readonly ExternalId?: string
      readonly SessionTagKeys?: readonly string[]
      readonly MaxSessionSeconds?: number
      readonly UsualPolicyOf?: string
    }
    output: { readonly RoleArn?: string }
  }
  ListIamRoles: {
    input: { readonly MaxResults?: number; readonly NextToken?: string }
    output: {
      readonly IamRoles?: readonly {
        readonly RoleName?: string
        readonly RoleArn?: string
        readonly CreatedTimestamp?: Date
        readonly LastUpdatedTimestamp?: Date
      }[]
      readonly NextToken?: string
    }
  }
  DescribeIamRole: {
    input: { readonly RoleName: string }
    output: {
      readonly IamRole?: {
        readonly RoleName?: string
        readonly RoleArn?: string
        readonly CreatedTimestamp?: Date
        readonly LastUpdatedTimestamp?: Date
        readonly RoleId?: string
        readonly Policy?: string
        readonly TrustedPrincipals?: readonly string[]
        readonly OidcTrust?: { readonly Issuer?: string; readonly Audiences?: readonly string[]; readonly ClaimCondition?: string }
        readonly ExternalId?: string
        readonly SessionTagKeys?: readonly string[]
        readonly MaxSessionSeconds?: number
      }
    }
  }
  UpdateIamRole: {
    input: {
      readonly RoleName: string
      readonly Policy?: string
      readonly TrustedPrincipals?: readonly string[]
      readonly OidcTrust?: { readonly Issuer?: string; readonly Audiences?: readonly string[]; readonly ClaimCondition?: string }
      readonly ExternalId?: string
      readonly SessionTagKeys?: readonly string[]
      readonly MaxSessionSeconds?: number
      readonly UsualPolicyOf?: string
    }
    output: { readonly RoleArn?: string }
  }
  DeleteIamRole: { input: { readonly RoleName: string }; output: {} }
  SimulatePolicy: {
    input: {
      readonly Policy?: string
      readonly AccessKeyId?: string
      readonly RoleName?: string
      readonly SessionPolicy?: string
      readonly OperationName?: string
      readonly OperationInput?: Readonly<Record<string, string>>
      readonly Action?: string
      readonly Resources?: readonly string[]
      readonly Context?: {
        readonly Timestamp?: Date
        readonly SourceIp?: string
        readonly IsSecure?: boolean
        readonly UserAgent?: string
        readonly Referer?: string
        readonly PrincipalTags?: readonly { readonly Key: string; readonly Value: string }[]
        readonly RequestTags?: readonly { readonly Key: string; readonly Value: string }[]
        readonly SubjectId?: string
      }
    }
    output: {
      readonly IsAllowed?: boolean
      readonly PrincipalArn?: string
      readonly PolicyDecisions?: readonly {
        readonly Action?: string
        readonly ResourceArn?: string
        readonly Decision?: 'ALLOWED' | 'EXPLICITLY_DENIED' | 'NOT_ALLOWED'
        readonly DecidingStatements?: readonly {
          readonly PolicyOf?: 'IDENTITY' | 'SESSION'
          readonly StatementNumber?: number
          readonly Sid?: string
          readonly Effect?: 'Allow' | 'Deny'
        }[]
        readonly MissedStatements?: readonly {
          readonly PolicyOf?: 'IDENTITY' | 'SESSION'
          readonly StatementNumber?: number
          readonly Sid?: string
          readonly Effect?: 'Allow' | 'Deny'
          readonly Missed?: 'RESOURCE' | 'CONDITION' | 'VARIABLE'
        }[]
      }[]
      readonly RoleRule?: string
    }
  }
  ListConnectedUsers: {
    input: { readonly ResourceARN: string; readonly MaxResults?: number; readonly NextToken?: string }
    output: {
      readonly ConnectedUsers?: readonly {
        readonly User?: { readonly Arn?: string; readonly Name?: string }
        readonly Connections?: readonly { readonly NodeName?: string; readonly ConnectedTimestamp?: Date; readonly SourceIp?: string }[]
      }[]
      readonly NextToken?: string
    }
  }
  SeedAppInstance: {
    input: {
      readonly Id: string
      readonly Name?: string
      readonly Metadata?: string
      readonly Users?: readonly { readonly Id: string; readonly Name?: string; readonly Metadata?: string }[]
      readonly Admins?: readonly string[]
      readonly Channels?: readonly {
        readonly Id: string
        readonly Name?: string
        readonly Mode?: 'UNRESTRICTED' | 'RESTRICTED'
        readonly Privacy?: 'PUBLIC' | 'PRIVATE'
        readonly Metadata?: string
        readonly Moderators: readonly string[]
        readonly Members?: readonly string[]
        readonly Messages?: readonly { readonly Sender: string; readonly Content: string; readonly Metadata?: string }[]
        readonly ReadBy?: readonly string[]
      }[]
    }
    output: { readonly AppInstanceArn?: string }
  }
  ResetTestServer: { input: { readonly CountedIds?: boolean }; output: {} }
  PutTestClock: {
    input: {
      readonly Timestamp?: Date
      readonly AdvanceSeconds?: number
      readonly Frozen?: boolean
      readonly SignatureSkewSeconds?: number
    }
    output: { readonly Timestamp?: Date; readonly Frozen?: boolean; readonly SignatureSkewSeconds?: number }
  }
  CreateTestFault: {
    input: {
      readonly Operation?: string
      readonly EventType?: string
      readonly Times?: number
      readonly Error?:
        | 'BadRequestException'
        | 'UnauthorizedClientException'
        | 'ForbiddenException'
        | 'NotFoundException'
        | 'ConflictException'
        | 'ResourceLimitExceededException'
        | 'ThrottledClientException'
        | 'ServiceFailureException'
        | 'ServiceUnavailableException'
      readonly DelayMilliseconds?: number
      readonly CloseCode?: number
      readonly CarriedOut?: boolean
      readonly CloseConnection?: boolean
    }
    output: {}
  }
  CloseTestSessions: {
    input: { readonly CloseCode: number; readonly Reason?: string; readonly AppInstanceUserArn?: string }
    output: { readonly SessionCount?: number }
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
