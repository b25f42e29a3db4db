import type { Handlers } from '../call.ts'
import { forbidden, unavailable } from '../errors.ts'
import { channelDetails, channelSummary, createChannel } from '../domain/channels.ts'
import { requireIdentity } from '../domain/identities.ts'
import { checkMetadataSize } from '../domain/limits.ts'
import { buryChannel, findChannel, listChannels, updateChannel } from '../store/channels.ts'
import { once } from './idempotency.ts'
import { paged } from './paging.ts'
import type { Queries } from '../store/database.ts'

async function requireIdentities(tx: Queries, arns: readonly string[] = []) {
  const found = []
  for (const arn of arns) found.push(await requireIdentity(tx, arn))
  return found
}

export const channels: Handlers<'CreateChannel' | 'DescribeChannel' | 'ListChannels' | 'UpdateChannel' | 'DeleteChannel'> = {
  async CreateChannel(input, call) {
    if (input.ElasticChannelConfiguration) throw unavailable('Elastic channels are not supported yet: they come next')
    if (input.ExpirationSettings) throw unavailable('Expiration of channels is not supported yet: it comes next')
    checkMetadataSize(input.Metadata)
    return once(call, input.AppInstanceArn, input, async tx => {
      const arn = await createChannel(
        tx,
        call.caller,
        {
          channelId: input.ChannelId,
          name: input.Name,
          metadata: input.Metadata,
          mode: input.Mode,
          privacy: input.Privacy,
          members: await requireIdentities(tx, input.MemberArns),
          moderators: await requireIdentities(tx, input.ModeratorArns),
          tags: input.Tags,
        },
        call.now(),
      )
      return { ChannelArn: arn }
    })
  },

  async DescribeChannel(_, { db, channel, caller }) {
    const found = await findChannel(db, channel.id, caller.id)
    if (!found) throw forbidden(`The channel ${channel.arn} does not exist.`)
    return { Channel: channelDetails(found) }
  },

  /** Without Privacy an admin sees all channels, everybody else the public ones (spec/operations.md §6). */
  async ListChannels(input, call) {
    const { caller, admin, db } = call
    const privacies = input.Privacy ? [input.Privacy] : admin ? (['PUBLIC', 'PRIVATE'] as const) : (['PUBLIC'] as const)
    const asked = { appInstanceId: caller.appInstanceId, privacies, viewerId: caller.id }
    const { items, NextToken } = await paged(call, input, [input.AppInstanceArn, ...privacies], (after, limit) =>
      listChannels(db, asked, after, limit),
    )
    return { Channels: items.map(channelSummary), NextToken }
  },

  async UpdateChannel({ Name, Mode, Metadata }, { db, channel, now }) {
    checkMetadataSize(Metadata)
    if (Name !== undefined || Mode !== undefined || Metadata !== undefined) {
      await db.transaction(tx => updateChannel(tx, channel.id, { name: Name, mode: Mode, metadata: Metadata, now: now() }))
    }
    return { ChannelArn: channel.arn }
  },

  async DeleteChannel(_, { db, channel, now, purgeSoon }) {
    await db.transaction(tx => buryChannel(tx, channel.id, now()))
    purgeSoon()
  },
}
