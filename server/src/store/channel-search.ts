import { statement, type Queries } from '../database/database.ts'
import { summaryColumns, livingSummary, type ChannelSummary, type SummaryRow } from './channel-summary.ts'
import { membershipType } from './memberships.ts'
import type { Cursor, Page } from './page.ts'

/** One condition on the members of a channel: exactly these, or at least these. */
interface MemberField {
  readonly operator: 'EQUALS' | 'INCLUDES'
  readonly memberIds: readonly number[]
}

export interface Search {
  /** The member whose channels are searched: every result has this member. */
  readonly memberId: number
  readonly viewerId: number
  readonly fields: readonly MemberField[]
  /** Whether HIDDEN members count everywhere; otherwise only the viewer itself, and those in channels that it moderates. */
  readonly countsHidden: boolean
}

/** The most channels that a page examines before it ends short. */
const mostCandidates = 500
const step = 50

const selectCandidates = statement<SummaryRow & { membershipId: number; isModerated: number }>(`
  select ${summaryColumns}, m.id as "membershipId",
    case when exists (select 1 from moderators d where d.channel_id = c.id and d.identity_id = $1) then 1 else 0 end as "isModerated"
  from memberships m
  join channels c on c.id = m.channel_id
  join app_instances a on a.id = c.app_instance_id
  where m.member_id = $2 and m.id > $3 and m.sub_channel_id = 0 order by m.id limit $4`)
const countMembers = statement<{ count: number }>(`
  select count(*) as count from (
    select 1 from memberships m join identities i on i.id = m.member_id and i.deleted_at is null
    where m.channel_id = $1 and m.sub_channel_id = 0 and (m.type = 'DEFAULT' or $2 = 1 or m.member_id = $4) limit $3) counted`)

async function matches(db: Queries, channelId: number, { fields, viewerId }: Search, countsHidden: boolean): Promise<boolean> {
  for (const { operator, memberIds } of fields) {
    for (const id of memberIds) {
      const type = await membershipType(db, channelId, 0, id)
      if (type === undefined || (type === 'HIDDEN' && !countsHidden && id !== viewerId)) return false
    }
    if (operator === 'INCLUDES') continue
    const { count } = (await db.get(countMembers, channelId, countsHidden ? 1 : 0, memberIds.length + 1, viewerId))!
    if (count !== memberIds.length) return false
  }
  return true
}

/**
 * A page of the channels that match all fields, without elastic ones, in the order in which the member joined them. It examines a
 * bounded number of channels.
 */
export async function searchChannels(db: Queries, search: Search, after: Cursor | undefined, limit: number): Promise<Page<ChannelSummary>> {
  const items: ChannelSummary[] = []
  let last = after?.[0] ?? 0
  for (let looked = 0; looked < mostCandidates; looked += step) {
    const candidates = await db.all(selectCandidates, search.viewerId, search.memberId, last, step)
    for (const candidate of candidates) {
      const channel = livingSummary(candidate)
      const countsHidden = search.countsHidden || candidate.isModerated === 1
      if (channel && (await matches(db, candidate.id, search, countsHidden))) {
        if (items.length === limit) return { items, next: [last] }
        items.push(channel)
      }
      last = candidate.membershipId
    }
    if (candidates.length < step) return { items, next: undefined }
  }
  return { items, next: [last] }
}
