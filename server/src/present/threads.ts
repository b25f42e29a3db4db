import type { Thread } from '../store/threads.ts'

export const thread = ({ messageId, replies, lastReplyAt }: Thread) => ({
  MessageId: messageId,
  ReplyCount: replies,
  LastReplyTimestamp: lastReplyAt,
})
