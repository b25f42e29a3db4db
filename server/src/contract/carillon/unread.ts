import { ChannelSummary } from '../channels.ts'
import { ChimeArn, NextToken, paging } from '../common.ts'
import { AppInstanceUserMembershipSummary } from '../memberships.ts'
import { MessageId } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, boolean, integer, list, oneOf, structure } from '../shapes.ts'

const UnreadCount = integer({ minimum: 0 })
const UnreadChannelMembership = structure({
  ChannelSummary,
  AppInstanceUserMembershipSummary,
  UnreadCount,
  UnreadMentionCount: UnreadCount,
  FirstUnreadMessageId: MessageId,
})

export const unread = {
  ListChannelUnreadCounts: operation(
    'GET /carillon/unread-counts',
    200,
    {
      AppInstanceUserArn: ChimeArn,
      SortBy: oneOf('JOINED', 'LAST_MESSAGE'),
      IncludeFirstUnread: boolean(),
      ...paging,
      ChimeBearer: Required(ChimeArn),
    },
    { ChannelMemberships: list(UnreadChannelMembership), NextToken },
  ),
  GetUnreadSummary: operation(
    'GET /carillon/unread-summary',
    200,
    { AppInstanceUserArn: ChimeArn, ChimeBearer: Required(ChimeArn) },
    { UnreadCount, UnreadMentionCount: UnreadCount, UnreadChannelCount: UnreadCount },
  ),
}
