import { ChimeArn, Identity, NextToken, Timestamp, paging } from '../common.ts'
import { MessageId } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, list, structure } from '../shapes.ts'

const ChannelReadMarker = structure({ Member: Identity, ReadMarkerTimestamp: Timestamp })

export const readMarkers = {
  ListChannelReadMarkers: operation(
    'GET /carillon/channels/{channelArn}/read-markers',
    200,
    { ChannelArn: Required(ChimeArn), ...paging, ChimeBearer: Required(ChimeArn) },
    { ChannelArn: ChimeArn, ChannelReadMarkers: list(ChannelReadMarker), NextToken },
  ),
  PutChannelReadMarker: operation(
    'PUT /carillon/channels/{channelArn}/read-marker',
    200,
    { ChannelArn: Required(ChimeArn), MessageId: Required(MessageId), ChimeBearer: Required(ChimeArn) },
    { ChannelArn: ChimeArn, ReadMarkerTimestamp: Timestamp },
    ['NotFoundException'],
  ),
}
