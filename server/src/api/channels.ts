import { parseArn, type Arn } from '../arn.ts'
import type { BearerCall, Handlers } from './call.ts'
import type { Input } from '../contract/index.ts'
import { listedPrivacies, searchesAll } from '../auth/roles/sight.ts'
import { badRequest, forbidden } from '../errors.ts'
import { changeChannel, createChannel, deleteChannel, setExpiration } from '../domain/channels.ts'
import { requireIdentity } from '../domain/identities.ts'
import { channelDetails, channelSummary, expirationSettings, subChannelSummary } from '../present/channels.ts'
import { findChannel, listChannels, type Elastic } from '../store/channels.ts'
import type { ExpirationCriterion } from '../store/channel-expiration.ts'
import { membershipsOf } from '../store/counters.ts'
import { findIdentity } from '../store/identities.ts'
import { searchChannels } from '../store/channel-search.ts'
import { listSubChannels } from '../store/sub-channels.ts'
import { acting, actingIn } from './acting.ts'
import { once } from './idempotency.ts'
import { allNamed } from './named.ts'
import { paged } from './paging.ts'
import type { Queries } from '../database/database.ts'

async function requireIdentities(tx: Queries, arns: readonly Arn[]) {
  const found = []
  for (const arn of arns) found.push(await requireIdentity(tx, arn))
  return found
}

/** The expiration in an input, in the form of the domain. */
const expirationOf = (given: { ExpirationDays: number; ExpirationCriterion: ExpirationCriterion } | undefined) =>
  given && { days: given.ExpirationDays, criterion: given.ExpirationCriterion }

/** The sub-channels of an elastic channel, as an input describes them. */
const elasticOf = (given: Input<'CreateChannel'>['ElasticChannelConfiguration']): Elastic | undefined =>
  given && {
    maximum: given.MaximumSubChannels,
    target: given.TargetMembershipsPerSubChannel,
    percentage: given.MinimumMembershipPercentage,
  }

/** One condition of a search: the members in it, or undefined if one of them does not exist. */
async function memberField(
  db: Queries,
  { Operator, Values }: { Operator: 'EQUALS' | 'INCLUDES'; Values: readonly string[] },
  call: BearerCall,
) {
  const memberIds = new Set<number>()
  for (const value of Values) {
    const arn = parseArn(value)
    if (arn?.kind !== 'user' && arn?.kind !== 'bot') {
      throw badRequest('An invalid ARN was supplied for the input parameter.', `${value} in Values is not the ARN of a user or bot.`)
    }
    if (arn.appInstanceArn !== call.facts.caller.appInstanceArn) throw forbidden(`${value} is not in the app instance of the bearer.`)
    const found = await findIdentity(db, arn)
    if (!found) return undefined
    memberIds.add(found.id)
  }
  return { operator: Operator, memberIds: [...memberIds] }
}

/** Throws unless the caller is in one of the fields and in few enough channels (docs/service/channels.md#searching-channels). */
async function requireSearchable({ db, facts: { caller }, limits }: BearerCall, fields: readonly { readonly Values: readonly string[] }[]) {
  if (!fields.some(({ Values }) => Values.includes(caller.arn))) {
    throw badRequest(
      'AppInstanceUser must include its own ARN for MEMBERS field',
      `Add ${caller.arn} to the Values of a field. Only an AppInstanceAdmin may search channels of which it is not a member.`,
    )
  }
  if ((await membershipsOf(db, caller.id)) > limits.membershipsOfSearcher) {
    throw badRequest(
      `Primary search user ${caller.arn} exceeds channel membership limit to perform search.`,
      `A user or bot in more than ${limits.membershipsOfSearcher} channels cannot search (--limit-memberships-of-searcher); an AppInstanceAdmin can.`,
    )
  }
}

export const channels = {
  async CreateChannel(input, call) {
    return once(call, input.AppInstanceArn, input, async tx => {
      const arn = await createChannel(tx, acting(call), {
        channelId: input.ChannelId,
        name: input.Name,
        metadata: input.Metadata,
        mode: input.Mode,
        privacy: input.Privacy,
        elastic: elasticOf(input.ElasticChannelConfiguration),
        expiration: expirationOf(input.ExpirationSettings),
        members: await requireIdentities(tx, allNamed(call, 'MemberArns')),
        moderators: await requireIdentities(tx, allNamed(call, 'ModeratorArns')),
        tags: input.Tags,
      })
      return { ChannelArn: arn }
    })
  },

  async DescribeChannel(_, { db, facts: { channel, caller } }) {
    const found = await findChannel(db, channel.id, caller.id)
    if (!found) throw forbidden(`The channel ${channel.arn} does not exist.`)
    return { Channel: channelDetails(found) }
  },

  async ListChannels(input, call) {
    const { db, facts } = call
    const { caller } = facts
    const privacies = listedPrivacies(facts, input.Privacy)
    const asked = { appInstanceId: caller.appInstanceId, privacies, viewerId: caller.id }
    const { items, NextToken } = await paged(call, input, [input.AppInstanceArn, ...privacies], (after, limit) =>
      listChannels(db, asked, after, limit),
    )
    return { Channels: items.map(channelSummary), NextToken }
  },

  async UpdateChannel({ Name, Mode, Metadata }, call) {
    await call.db.transaction(tx => changeChannel(tx, actingIn(call), { name: Name, mode: Mode, metadata: Metadata }))
    return { ChannelArn: call.facts.channel.arn }
  },

  async DeleteChannel(_, { db, facts: { channel }, now }) {
    await db.transaction(tx => deleteChannel(tx, channel.id, now()))
  },

  async SearchChannels(input, call) {
    const { db, facts } = call
    const { caller } = facts
    const isEverywhere = searchesAll(facts)
    const fields = await Promise.all(input.Fields.map(field => memberField(db, field, call)))
    if (!isEverywhere) await requireSearchable(call, input.Fields)
    if (fields.includes(undefined)) return { Channels: [] }
    const known = fields.filter(field => field !== undefined)
    const memberId = isEverywhere ? known[0]!.memberIds[0]! : caller.id
    const search = { memberId, viewerId: caller.id, fields: known, countsHidden: isEverywhere }
    const { items, NextToken } = await paged(call, input, [JSON.stringify(input.Fields)], (after, limit) =>
      searchChannels(db, search, after, limit),
    )
    return { Channels: items.map(channelSummary), NextToken }
  },

  async PutChannelExpirationSettings({ ExpirationSettings }, call) {
    const expiration = expirationOf(ExpirationSettings)
    await call.db.transaction(tx => setExpiration(tx, actingIn(call), expiration))
    return { ChannelArn: call.facts.channel.arn, ExpirationSettings: expiration && expirationSettings(expiration) }
  },

  async ListSubChannels(input, call) {
    const { db, facts } = call
    const { channel } = facts
    if (!channel.elastic) throw badRequest('Only elastic channels have sub-channels', `${channel.arn} is not elastic.`)
    const { items, NextToken } = await paged(call, input, [channel.arn], (after, limit) => listSubChannels(db, channel.id, after, limit))
    return { ChannelArn: channel.arn, SubChannels: items.map(subChannelSummary), NextToken }
  },
} satisfies Partial<Handlers>
