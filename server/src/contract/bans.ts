import { ChimeArn, Identity, NextToken, Timestamp, paging } from './common.ts'
import { operation } from './operation.ts'
import { Required, list, structure } from './shapes.ts'

const ChannelBan = structure({ Member: Identity, ChannelArn: ChimeArn, CreatedTimestamp: Timestamp, CreatedBy: Identity })
const ChannelBanSummary = structure({ Member: Identity })

export const bans = {
  CreateChannelBan: operation(
    'POST /channels/{channelArn}/bans',
    201,
    { ChannelArn: Required(ChimeArn), MemberArn: Required(ChimeArn), ChimeBearer: Required(ChimeArn) },
    { ChannelArn: ChimeArn, Member: Identity },
    ['ConflictException', 'ResourceLimitExceededException'],
  ),
  DescribeChannelBan: operation(
    'GET /channels/{channelArn}/bans/{memberArn}',
    200,
    { ChannelArn: Required(ChimeArn), MemberArn: Required(ChimeArn), ChimeBearer: Required(ChimeArn) },
    { ChannelBan },
    ['NotFoundException'],
  ),
  ListChannelBans: operation(
    'GET /channels/{channelArn}/bans',
    200,
    { ChannelArn: Required(ChimeArn), ...paging, ChimeBearer: Required(ChimeArn) },
    { ChannelArn: ChimeArn, NextToken, ChannelBans: list(ChannelBanSummary) },
  ),
  DeleteChannelBan: operation(
    'DELETE /channels/{channelArn}/bans/{memberArn}',
    204,
    { ChannelArn: Required(ChimeArn), MemberArn: Required(ChimeArn), ChimeBearer: Required(ChimeArn) },
    {},
  ),
}
