import { ChimeArn, Identity, NextToken, SubChannelId, Timestamp, paging } from '../common.ts'
import { ChannelMessageSummary, MessageId } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, list, structure } from '../shapes.ts'

const PinnedMessage = structure({ Message: ChannelMessageSummary, PinnedBy: Identity, PinnedTimestamp: Timestamp })
const one = { ChannelArn: Required(ChimeArn), MessageId: Required(MessageId), ChimeBearer: Required(ChimeArn), SubChannelId }

export const pins = {
  PinMessage: operation(
    'PUT /carillon/channels/{channelArn}/messages/{messageId}/pin',
    200,
    one,
    { ChannelArn: ChimeArn, MessageId, SubChannelId },
    ['NotFoundException', 'ConflictException', 'ResourceLimitExceededException'],
  ),
  UnpinMessage: operation('DELETE /carillon/channels/{channelArn}/messages/{messageId}/pin', 204, one, {}, ['NotFoundException']),
  ListPinnedMessages: operation(
    'GET /carillon/channels/{channelArn}/pins',
    200,
    { ChannelArn: Required(ChimeArn), ...paging, ChimeBearer: Required(ChimeArn), SubChannelId },
    { ChannelArn: ChimeArn, PinnedMessages: list(PinnedMessage), NextToken, SubChannelId },
  ),
}
