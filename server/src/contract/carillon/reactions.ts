import { ChimeArn, Identity, NextToken, SubChannelId, inChannel, nameCharacters, paging } from '../common.ts'
import { MessageId } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, boolean, integer, list, structure, text } from '../shapes.ts'

/** An emoji of several code points, or the name of a picture of the app. A lone surrogate could not be sent in the query of a URL. */
export const Reaction = text({ minLength: 1, maxLength: 32, pattern: nameCharacters, sensitive: true })
const ReactionCount = structure({ Reaction, Count: integer(), Me: boolean() })
const MessageReactions = structure({ MessageId, Reactions: list(ReactionCount) })
/** The messages whose reactions one call returns. */
export const MessageIds = list(MessageId, { minItems: 1, maxItems: 50 })

export const reactions = {
  PutMessageReactions: operation(
    'PUT /carillon/channels/{channelArn}/messages/{messageId}/reactions',
    200,
    { ...inChannel, MessageId: Required(MessageId), Reactions: Required(list(Reaction, { minItems: 0, maxItems: 10 })), SubChannelId },
    { ChannelArn: ChimeArn, MessageId, Reactions: list(ReactionCount), SubChannelId },
    ['NotFoundException', 'ConflictException', 'ResourceLimitExceededException'],
  ),
  BatchGetMessageReactions: operation(
    'POST /carillon/channels/{channelArn}/message-reactions',
    200,
    { ...inChannel, MessageIds: Required(MessageIds), SubChannelId },
    { ChannelArn: ChimeArn, MessageReactions: list(MessageReactions), SubChannelId },
  ),
  ListMessageReactionMembers: operation(
    'GET /carillon/channels/{channelArn}/messages/{messageId}/reaction-members',
    200,
    { ...inChannel, MessageId: Required(MessageId), Reaction: Required(Reaction), ...paging, SubChannelId },
    { ChannelArn: ChimeArn, MessageId, Reaction, Members: list(Identity), NextToken, SubChannelId },
    ['NotFoundException'],
  ),
}
