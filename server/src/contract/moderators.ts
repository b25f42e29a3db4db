import { ChannelSummary } from './channels.ts'
import { ChimeArn, Identity, NextToken, Timestamp, inChannel, paging } from './common.ts'
import { conflictOrLimit, operation } from './operation.ts'
import { Required, list, structure } from './shapes.ts'

const ChannelModerator = structure({ Moderator: Identity, ChannelArn: ChimeArn, CreatedTimestamp: Timestamp, CreatedBy: Identity })
const ChannelModeratorSummary = structure({ Moderator: Identity })
const ChannelModeratedByAppInstanceUserSummary = structure({ ChannelSummary })
const onModerator = { ...inChannel, ChannelModeratorArn: Required(ChimeArn) }

export const moderators = {
  CreateChannelModerator: operation(
    'POST /channels/{channelArn}/moderators',
    201,
    onModerator,
    { ChannelArn: ChimeArn, ChannelModerator: Identity },
    conflictOrLimit,
  ),
  DescribeChannelModerator: operation(
    'GET /channels/{channelArn}/moderators/{channelModeratorArn}',
    200,
    onModerator,
    { ChannelModerator },
    ['NotFoundException'],
  ),
  ListChannelModerators: operation(
    'GET /channels/{channelArn}/moderators',
    200,
    { ...inChannel, ...paging },
    { ChannelArn: ChimeArn, NextToken, ChannelModerators: list(ChannelModeratorSummary) },
  ),
  DeleteChannelModerator: operation('DELETE /channels/{channelArn}/moderators/{channelModeratorArn}', 204, onModerator, {}),
  DescribeChannelModeratedByAppInstanceUser: operation(
    'GET /channels/{channelArn}?scope=app-instance-user-moderated-channel',
    200,
    { ...inChannel, AppInstanceUserArn: Required(ChimeArn) },
    { Channel: ChannelModeratedByAppInstanceUserSummary },
  ),
  ListChannelsModeratedByAppInstanceUser: operation(
    'GET /channels?scope=app-instance-user-moderated-channels',
    200,
    { AppInstanceUserArn: ChimeArn, ...paging, ChimeBearer: Required(ChimeArn) },
    { Channels: list(ChannelModeratedByAppInstanceUserSummary), NextToken },
  ),
}
