import { ChimeArn, Identity, NextToken, SubChannelId, Timestamp, inChannel, paging } from '../common.ts'
import { ChannelMessageSummary, MessageId, onMessage } from '../messages.ts'
import { operation } from '../operation.ts'
import { list, structure } from '../shapes.ts'

const PinnedMessage = structure({ Message: ChannelMessageSummary, PinnedBy: Identity, PinnedTimestamp: Timestamp })

export const pins = {
  PinMessage: operation(
    'PUT /carillon/channels/{channelArn}/messages/{messageId}/pin',
    200,
    onMessage,
    { ChannelArn: ChimeArn, MessageId, SubChannelId },
    ['NotFoundException', 'ConflictException', 'ResourceLimitExceededException'],
  ),
  UnpinMessage: operation('DELETE /carillon/channels/{channelArn}/messages/{messageId}/pin', 204, onMessage, {}, ['NotFoundException']),
  ListPinnedMessages: operation(
    'GET /carillon/channels/{channelArn}/pins',
    200,
    { ...inChannel, ...paging, SubChannelId },
    { ChannelArn: ChimeArn, PinnedMessages: list(PinnedMessage), NextToken, SubChannelId },
  ),
}
