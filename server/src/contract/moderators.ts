import { ChannelSummary } from './channels.ts'
import { ChimeArn, Identity, NextToken, Timestamp, paging } from './common.ts'
import { operation } from './operation.ts'
import { Required, list, structure } from './shapes.ts'

const ChannelModerator = structure({ Moderator: Identity, ChannelArn: ChimeArn, CreatedTimestamp: Timestamp, CreatedBy: Identity })
const ChannelModeratorSummary = structure({ Moderator: Identity })
const ChannelModeratedByAppInstanceUserSummary = structure({ ChannelSummary })

export const moderators = {
  CreateChannelModerator: operation(
    'POST /channels/{channelArn}/moderators',
    201,
    { ChannelArn: Required(ChimeArn), ChannelModeratorArn: Required(ChimeArn), ChimeBearer: Required(ChimeArn) },
    { ChannelArn: ChimeArn, ChannelModerator: Identity },
    ['ConflictException', 'ResourceLimitExceededException'],
  ),
  DescribeChannelModerator: operation(
    'GET /channels/{channelArn}/moderators/{channelModeratorArn}',
    200,
    { ChannelArn: Required(ChimeArn), ChannelModeratorArn: Required(ChimeArn), ChimeBearer: Required(ChimeArn) },
    { ChannelModerator },
    ['NotFoundException'],
  ),
  ListChannelModerators: operation(
    'GET /channels/{channelArn}/moderators',
    200,
    { ChannelArn: Required(ChimeArn), ...paging, ChimeBearer: Required(ChimeArn) },
    { ChannelArn: ChimeArn, NextToken, ChannelModerators: list(ChannelModeratorSummary) },
  ),
  DeleteChannelModerator: operation(
    'DELETE /channels/{channelArn}/moderators/{channelModeratorArn}',
    204,
    { ChannelArn: Required(ChimeArn), ChannelModeratorArn: Required(ChimeArn), ChimeBearer: Required(ChimeArn) },
    {},
  ),
  DescribeChannelModeratedByAppInstanceUser: operation(
    'GET /channels/{channelArn}?scope=app-instance-user-moderated-channel',
    200,
    { ChannelArn: Required(ChimeArn), AppInstanceUserArn: Required(ChimeArn), ChimeBearer: Required(ChimeArn) },
    { Channel: ChannelModeratedByAppInstanceUserSummary },
  ),
  ListChannelsModeratedByAppInstanceUser: operation(
    'GET /channels?scope=app-instance-user-moderated-channels',
    200,
    { AppInstanceUserArn: ChimeArn, ...paging, ChimeBearer: Required(ChimeArn) },
    { Channels: list(ChannelModeratedByAppInstanceUserSummary), NextToken },
  ),
}
