import { retentionCutoff } from '../tools/retention.ts'
import type { BearerCall, Handlers } from './call.ts'
import { viewersOfMessage } from '../auth/roles/sight.ts'
import { bestFound, newestFound, searchedPhrases, type FoundMessage } from '../domain/message-search.ts'
import { subChannelIdOf } from '../domain/sub-channels.ts'
import { badRequest } from '../errors.ts'
import { messageSummary } from '../present/messages.ts'
import { everybodyOf } from '../store/identities.ts'
import { placesOfMember, type PlaceOfMember } from '../store/searched-places.ts'
import { checkPeriod } from './messages.ts'
import { namedIfGiven } from './named.ts'
import { paged } from './paging.ts'

/** Later than all messages. */
const endOfTime = Date.UTC(4000)

/** The most channels and sub-channels of one search. */
const mostPlaces = 200

/** The channel or sub-channel that the call names, or those that the caller is in. `isAll` is false if some of them are left out. */
async function placesOf({ db, facts }: BearerCall): Promise<{ places: readonly PlaceOfMember[]; isAll: boolean }> {
  const { caller, channel, admin } = facts
  if (!channel) return placesOfMember(db, { memberId: caller.id, isAdmin: admin }, mostPlaces)
  const subChannelId = subChannelIdOf(facts)
  const subChannelName = facts.subChannel?.name
  return { places: [{ channelId: channel.id, channelArn: channel.arn, subChannelId, subChannelName, hasPrivate: true }], isAll: true }
}

const shown = ({ place, message, snippet }: FoundMessage) => ({
  ChannelArn: place.channelArn,
  SubChannelId: place.subChannelName,
  ChannelMessage: messageSummary(message),
  Snippet: snippet.map(({ text, isMatch }) => ({ Text: text, IsMatch: isMatch })),
})

export const search = {
  async SearchMessages(input, call) {
    const { db, facts, now, search: index } = call
    const { SearchText, ChannelArn = '', SubChannelId = '', SenderArn = '', NotBefore, NotAfter, SortBy = 'NEWEST' } = input
    if (!index) throw badRequest('Messages are not indexed', 'The server was started without --search on.')
    checkPeriod(input)
    if (SubChannelId !== '' && ChannelArn === '')
      throw badRequest('A SubChannelId needs a ChannelArn', 'Name the channel that it belongs to.')
    if (SearchText === undefined && SenderArn === '') {
      throw badRequest('SearchText or SenderArn is required', 'Give the words to search for, or the sender of the messages.')
    }
    const phrases = SearchText === undefined ? [] : searchedPhrases(SearchText)
    const senderArn = namedIfGiven(call, 'SenderArn')
    const senderIds = senderArn && (await everybodyOf(db, senderArn))
    const { places, isAll } = await placesOf(call)
    const answer = { SearchedAllChannels: isAll, IndexedAllMessages: await index.isComplete() }
    // A user that has never existed has sent no messages.
    if (senderIds?.length === 0) return { ...answer, FoundMessages: [] }
    const searched = {
      viewerId: facts.caller.id,
      places,
      phrases,
      senderIds,
      notBefore: Math.max(NotBefore?.getTime() ?? 0, retentionCutoff(now(), facts.retentionDays)),
      notAfter: Math.min(NotAfter?.getTime() ?? endOfTime, endOfTime),
      sees: (message: FoundMessage['message']) =>
        message.status === 'SENT' && viewersOfMessage(message)?.includes(facts.caller.id) !== false,
    }
    const period = [NotBefore, NotAfter].map(at => at?.toISOString() ?? '')
    // Nodes of the former version have another cursor for BEST.
    const order = SortBy === 'BEST' ? 'BEST by score' : SortBy
    const about = [SearchText ?? '', ChannelArn, SubChannelId, SenderArn, ...period, order]
    const { items, NextToken } = await paged(call, input, about, async (after, limit) =>
      SortBy === 'BEST' ? bestFound(db, index, searched, after, limit) : newestFound(db, index, searched, after, limit),
    )
    return { ...answer, FoundMessages: items.map(shown), NextToken }
  },
} satisfies Partial<Handlers>
