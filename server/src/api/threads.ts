import type { Handlers } from './call.ts'
import { messageSummary } from '../present/messages.ts'
import { thread } from '../present/threads.ts'
import { listReplies, threadsOfMessages } from '../store/threads.ts'
import { requireMessage, viewingOf } from './messages.ts'
import { paged } from './paging.ts'

export const threads = {
  async ListThreadMessages(input, call) {
    const { MessageId, SortOrder: order = 'DESCENDING' } = input
    requireMessage(call, MessageId)
    const { channel, subChannel } = call.facts
    const { channelId, subChannelId } = viewingOf(call)
    const key = { channelId, subChannelId, messageId: MessageId }
    const { items, NextToken } = await paged(call, input, [channel.arn, MessageId, order], (after, limit) =>
      listReplies(call.db, key, order, after, limit),
    )
    return { ChannelArn: channel.arn, MessageId, NextToken, ChannelMessages: items.map(messageSummary), SubChannelId: subChannel?.name }
  },

  async BatchGetThreads({ MessageIds }, call) {
    const { channel, subChannel } = call.facts
    const found = await threadsOfMessages(call.db, viewingOf(call), [...new Set(MessageIds)])
    return { ChannelArn: channel.arn, Threads: found.map(thread), SubChannelId: subChannel?.name }
  },
} satisfies Partial<Handlers>
