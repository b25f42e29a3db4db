import { ChimeArn, Identity, NextToken, Timestamp, inChannel, paging } from '../common.ts'
import { MessageId } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, list, structure } from '../shapes.ts'

const ChannelReadMarker = structure({ Member: Identity, ReadMarkerTimestamp: Timestamp })

export const readMarkers = {
  ListChannelReadMarkers: operation(
    'GET /carillon/channels/{channelArn}/read-markers',
    200,
    { ...inChannel, ...paging },
    { ChannelArn: ChimeArn, ChannelReadMarkers: list(ChannelReadMarker), NextToken },
  ),
  PutChannelReadMarker: operation(
    'PUT /carillon/channels/{channelArn}/read-marker',
    200,
    { ...inChannel, MessageId: Required(MessageId) },
    { ChannelArn: ChimeArn, ReadMarkerTimestamp: Timestamp },
    ['NotFoundException'],
  ),
}
