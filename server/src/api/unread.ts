import { setImmediate as turn } from 'node:timers/promises'
import { retentionCutoff } from '../tools/retention.ts'
import type { BearerCall, Handlers } from './call.ts'
import { JsonText } from '../contract/common.ts'
import { unreadOfMember, unreadTotals } from '../store/unread.ts'
import { listingOf } from './memberships.ts'
import { paged } from './paging.ts'

/** How many memberships one statement adds up. Other calls run between two statements. */
const portion = 500

const hiddenBefore = ({ facts, now }: BearerCall) => retentionCutoff(now(), facts.retentionDays)

export const unread = {
  async ListChannelUnreadCounts(input, call) {
    const listing = await listingOf(call)
    const { SortBy: order = 'JOINED', IncludeFirstUnread: withFirst = false } = input
    const { items, NextToken } = await paged(call, input, [String(listing.memberId), order], (after, limit) =>
      unreadOfMember(call.db, { ...listing, hiddenBefore: hiddenBefore(call), order, withFirst }, after, limit),
    )
    return { ChannelMemberships: new JsonText(items), NextToken }
  },

  async GetUnreadSummary(_, call) {
    const { memberId } = await listingOf(call)
    const summary = { UnreadCount: 0, UnreadMentionCount: 0, UnreadChannelCount: 0 }
    for (let after: number | undefined = 0; after !== undefined;) {
      const { totals, next } = await unreadTotals(call.db, memberId, hiddenBefore(call), after, portion)
      summary.UnreadCount += totals.unread
      summary.UnreadMentionCount += totals.mentions
      summary.UnreadChannelCount += totals.channels
      after = next
      if (next !== undefined) await turn()
    }
    return summary
  },
} satisfies Partial<Handlers>
