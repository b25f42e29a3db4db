import { retentionCutoff } from '../tools/retention.ts'
import type { Handlers } from './call.ts'
import { checkListed, putReadMarker } from '../domain/read-markers.ts'
import { checkOrdinary } from '../domain/sub-channels.ts'
import { identity } from '../present/identities.ts'
import { listReadMarkers } from '../store/read-markers.ts'
import { actingIn } from './acting.ts'
import { requireMessage } from './messages.ts'
import { paged } from './paging.ts'

export const readMarkers = {
  async ListChannelReadMarkers(input, call) {
    const { db, facts } = call
    const { channel } = facts
    await checkListed(db, channel)
    const { items, NextToken } = await paged(call, input, [channel.arn], (after, limit) => listReadMarkers(db, channel.id, after, limit))
    const ChannelReadMarkers = items.map(({ member, readAt }) => ({ Member: identity(member), ReadMarkerTimestamp: readAt }))
    return { ChannelArn: channel.arn, ChannelReadMarkers, NextToken }
  },

  async PutChannelReadMarker(input, call) {
    checkOrdinary(call.facts.channel, 'Read markers')
    const { createdAt } = requireMessage(call, input.MessageId)
    const hiddenBefore = retentionCutoff(call.now(), call.facts.retentionDays)
    const readAt = await putReadMarker(call.db, actingIn(call), input.MessageId, hiddenBefore)
    return { ChannelArn: call.facts.channel.arn, ReadMarkerTimestamp: readAt ?? createdAt }
  },
} satisfies Partial<Handlers>
