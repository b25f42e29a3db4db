import { ChimeArn, SubChannelId, Timestamp, paging, NextToken } from '../common.ts'
import { ChannelMessageSummary, MessageId, SortOrder } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, integer, list, structure } from '../shapes.ts'
import { MessageIds } from './reactions.ts'

const Thread = structure({ MessageId, ReplyCount: integer(), LastReplyTimestamp: Timestamp })

export const threads = {
  ListThreadMessages: operation(
    'GET /carillon/channels/{channelArn}/messages/{messageId}/thread-messages',
    200,
    {
      ChannelArn: Required(ChimeArn),
      MessageId: Required(MessageId),
      SortOrder,
      ...paging,
      ChimeBearer: Required(ChimeArn),
      SubChannelId,
    },
    { ChannelArn: ChimeArn, MessageId, NextToken, ChannelMessages: list(ChannelMessageSummary), SubChannelId },
    ['NotFoundException'],
  ),
  BatchGetThreads: operation(
    'POST /carillon/channels/{channelArn}/threads',
    200,
    { ChannelArn: Required(ChimeArn), MessageIds: Required(MessageIds), ChimeBearer: Required(ChimeArn), SubChannelId },
    { ChannelArn: ChimeArn, Threads: list(Thread), SubChannelId },
  ),
}
