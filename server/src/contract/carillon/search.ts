import { ChimeArn, NextToken, SubChannelId, Timestamp, anything, paging } from '../common.ts'
import { ChannelMessageSummary } from '../messages.ts'
import { operation } from '../operation.ts'
import { Required, boolean, list, oneOf, structure, text } from '../shapes.ts'

const SearchText = text({ minLength: 1, maxLength: 256, pattern: anything, sensitive: true })
const SnippetPart = structure({ Text: text({ minLength: 1, pattern: anything, sensitive: true }), IsMatch: boolean() })
const FoundMessage = structure({ ChannelArn: ChimeArn, SubChannelId, ChannelMessage: ChannelMessageSummary, Snippet: list(SnippetPart) })

export const search = {
  SearchMessages: operation(
    'POST /carillon/messages/search',
    200,
    {
      SearchText,
      ChannelArn: ChimeArn,
      SubChannelId,
      SenderArn: ChimeArn,
      NotBefore: Timestamp,
      NotAfter: Timestamp,
      SortBy: oneOf('NEWEST', 'BEST'),
      ...paging,
      ChimeBearer: Required(ChimeArn),
    },
    { FoundMessages: list(FoundMessage), SearchedAllChannels: boolean(), IndexedAllMessages: boolean(), NextToken },
  ),
}
