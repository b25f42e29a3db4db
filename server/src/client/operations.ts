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
  SendTypingIndicator: {
    input: { readonly ChannelArn: string; readonly IsTyping: boolean; readonly SubChannelId?: string; readonly ChimeBearer: string }
    output: {}
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
  ResetTestServer: { input: {}; output: {} }
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
  SendTypingIndicator: 'PUT /carillon/channels/{channelArn}/typing-indicator',
  SeedAppInstance: 'POST /carillon/testing/app-instances',
  ResetTestServer: 'POST /carillon/testing/reset',
  PutTestClock: 'PUT /carillon/testing/clock',
  CreateTestFault: 'POST /carillon/testing/faults',
  CloseTestSessions: 'POST /carillon/testing/sessions/close',
}
