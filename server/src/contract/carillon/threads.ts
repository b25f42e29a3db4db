import { ChimeArn, NextToken, SubChannelId, Timestamp, inChannel, paging } from '../common.ts'
import { ChannelMessageSummary, MessageId, SortOrder } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, integer, list, structure } from '../shapes.ts'
import { MessageIds } from './reactions.ts'

const Thread = structure({ MessageId, ReplyCount: integer(), LastReplyTimestamp: Timestamp })

export const threads = {
  ListThreadMessages: operation(
    'GET /carillon/channels/{channelArn}/messages/{messageId}/thread-messages',
    200,
    { ...inChannel, MessageId: Required(MessageId), SortOrder, ...paging, SubChannelId },
    { ChannelArn: ChimeArn, MessageId, NextToken, ChannelMessages: list(ChannelMessageSummary), SubChannelId },
    ['NotFoundException'],
  ),
  BatchGetThreads: operation(
    'POST /carillon/channels/{channelArn}/threads',
    200,
    { ...inChannel, MessageIds: Required(MessageIds), SubChannelId },
    { ChannelArn: ChimeArn, Threads: list(Thread), SubChannelId },
  ),
}
