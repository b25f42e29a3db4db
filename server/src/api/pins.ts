import type { Handlers } from './call.ts'
import { pin, unpin } from '../domain/pins.ts'
import { identity } from '../present/identities.ts'
import { messageSummary } from '../present/messages.ts'
import { listPins } from '../store/pins.ts'
import { actingIn } from './acting.ts'
import { requireMessage, viewingOf } from './messages.ts'
import { paged } from './paging.ts'

export const pins = {
  async PinMessage({ MessageId }, call) {
    const message = requireMessage(call, MessageId)
    const { channel, subChannel } = call.facts
    await call.db.transaction(tx => pin(tx, actingIn(call), message, viewingOf(call).notBefore))
    return { ChannelArn: channel.arn, MessageId, SubChannelId: subChannel?.name }
  },

  async UnpinMessage({ MessageId }, call) {
    const message = requireMessage(call, MessageId)
    await call.db.transaction(tx => unpin(tx, actingIn(call), message))
  },

  async ListPinnedMessages(input, call) {
    const { channel, subChannel } = call.facts
    const viewing = viewingOf(call)
    const about = [channel.arn, String(viewing.subChannelId)]
    const { items, NextToken } = await paged(call, input, about, (after, limit) => listPins(call.db, viewing, after, limit))
    const PinnedMessages = items.map(({ message, by, at }) => ({
      Message: messageSummary(message),
      PinnedBy: identity(by),
      PinnedTimestamp: at,
    }))
    return { ChannelArn: channel.arn, PinnedMessages, NextToken, SubChannelId: subChannel?.name }
  },
} satisfies Partial<Handlers>
