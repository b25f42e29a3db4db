import { ChimeArn, Identity, NextToken, Timestamp, inChannel, onMember, paging } from './common.ts'
import { conflictOrLimit, operation } from './operation.ts'
import { list, structure } from './shapes.ts'

const ChannelBan = structure({ Member: Identity, ChannelArn: ChimeArn, CreatedTimestamp: Timestamp, CreatedBy: Identity })
const ChannelBanSummary = structure({ Member: Identity })

export const bans = {
  CreateChannelBan: operation(
    'POST /channels/{channelArn}/bans',
    201,
    onMember,
    { ChannelArn: ChimeArn, Member: Identity },
    conflictOrLimit,
  ),
  DescribeChannelBan: operation('GET /channels/{channelArn}/bans/{memberArn}', 200, onMember, { ChannelBan }, ['NotFoundException']),
  ListChannelBans: operation(
    'GET /channels/{channelArn}/bans',
    200,
    { ...inChannel, ...paging },
    { ChannelArn: ChimeArn, NextToken, ChannelBans: list(ChannelBanSummary) },
  ),
  DeleteChannelBan: operation('DELETE /channels/{channelArn}/bans/{memberArn}', 204, onMember, {}),
}
