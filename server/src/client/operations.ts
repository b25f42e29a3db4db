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
}

export const routes: Readonly<Record<keyof Operations, `${'GET' | 'POST' | 'PUT' | 'DELETE'} /${string}`>> = {
  ListChannelReadMarkers: 'GET /carillon/channels/{channelArn}/read-markers',
  PutChannelReadMarker: 'PUT /carillon/channels/{channelArn}/read-marker',
  SendTypingIndicator: 'PUT /carillon/channels/{channelArn}/typing-indicator',
}
