import type { Handlers } from './call.ts'
import { putReactions } from '../domain/reactions.ts'
import { subChannelIdOf } from '../domain/sub-channels.ts'
import { identity } from '../present/identities.ts'
import { ownReactionCount } from '../present/reactions.ts'
import { listReactionMembers, reactionsOfMessages } from '../store/reactions.ts'
import { actingIn } from './acting.ts'
import { requireMessage, viewingOf } from './messages.ts'
import { paged } from './paging.ts'

export const reactions = {
  async PutMessageReactions({ MessageId, Reactions }, call) {
    const message = requireMessage(call, MessageId)
    const { channel, subChannel } = call.facts
    const counts = await call.db.transaction(tx => putReactions(tx, actingIn(call), message, new Set(Reactions)))
    return { ChannelArn: channel.arn, MessageId, Reactions: counts.map(ownReactionCount), SubChannelId: subChannel?.name }
  },

  async BatchGetMessageReactions({ MessageIds }, call) {
    const { channel, subChannel } = call.facts
    const found = await reactionsOfMessages(call.db, viewingOf(call), [...new Set(MessageIds)])
    const MessageReactions = found.map(each => ({ MessageId: each.messageId, Reactions: each.reactions.map(ownReactionCount) }))
    return { ChannelArn: channel.arn, MessageReactions, SubChannelId: subChannel?.name }
  },

  async ListMessageReactionMembers(input, call) {
    const { db, facts } = call
    const { MessageId, Reaction } = input
    const { redacted } = requireMessage(call, MessageId)
    const row = { channelId: facts.channel.id, subChannelId: subChannelIdOf(facts), messageId: MessageId }
    const { items, NextToken } = await paged(call, input, [facts.channel.arn, MessageId, Reaction], async (after, limit) =>
      redacted ? { items: [], next: undefined } : listReactionMembers(db, row, Reaction, after, limit),
    )
    const Members = items.map(identity)
    return { ChannelArn: facts.channel.arn, MessageId, Reaction, Members, NextToken, SubChannelId: facts.subChannel?.name }
  },
} satisfies Partial<Handlers>
