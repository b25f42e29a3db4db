import { parseArn } from '../arn.ts'
import type { ClientOutput } from '../contract/index.ts'
import type { AnyLine, ApiReader, At, Step } from './api-reader.ts'
import { goneUnlessKnown, idOf, millisecondsOf, newIdOf, refOf, type Person } from './api-names.ts'
import type { LineOf } from './lines.ts'

type Channel = NonNullable<ClientOutput<'DescribeChannel'>['Channel']>

const privacies = ['PUBLIC', 'PRIVATE'] as const

/** The stages that read all channels: the channels themselves, their members, their messages. */
export class ApiChannels {
  readonly #api: ApiReader
  #page: { readonly key: string; readonly page: ClientOutput<'ListChannels'> } | undefined

  constructor(api: ApiReader) {
    this.#api = api
  }

  /** The channel at a position of the list of all channels; undefined after the last one of its page. */
  async #channelAt(at: At): Promise<{ channel: Channel | undefined; isThere: boolean; nextToken: string | undefined }> {
    const { privacy = 0, token, done = 0 } = at
    const key = `${privacy} ${token}`
    if (this.#page?.key !== key) {
      const asked = { AppInstanceArn: this.#api.arn, Privacy: privacies[privacy], MaxResults: 50, ChimeBearer: this.#api.bearer }
      this.#page = { key, page: await this.#api.get('ListChannels', { ...asked, ...(token && { NextToken: token }) }) }
    }
    const { Channels = [], NextToken } = this.#page.page
    const ChannelArn = Channels[done]?.ChannelArn
    if (ChannelArn === undefined) return { channel: undefined, isThere: false, nextToken: NextToken }
    const answer = await this.#api.orNone('DescribeChannel', { ChannelArn, ChimeBearer: this.#api.bearer })
    return { channel: answer?.Channel, isThere: true, nextToken: NextToken }
  }

  /** A stage that reads channels in parts, and continues with the next channel when `linesOf` says that a channel is finished. */
  async #ofChannels(at: At, startedAt: number, linesOf: (channel: Channel, at: At) => Promise<Step>): Promise<Step> {
    const { privacy = 0, token, done = 0 } = at
    const { channel, isThere, nextToken } = await this.#channelAt(at)
    const nextChannel = { privacy, token, done: done + 1 }
    if (!isThere) {
      const next: At | undefined = nextToken !== undefined ? { privacy, token: nextToken } : privacy === 0 ? { privacy: 1 } : undefined
      return { lines: [], next }
    }
    if (!channel || millisecondsOf(channel.CreatedTimestamp, 0) > startedAt) return { lines: [], next: nextChannel }
    const { lines, next } = await linesOf(channel, at)
    return { lines, next: next ? { privacy, token, done, ...next } : nextChannel }
  }

  async #moderators(ChannelArn: string) {
    return this.#api.all(this.#api.list('ListChannelModerators', 'ChannelModerators', { ChannelArn, ChimeBearer: this.#api.bearer }))
  }

  async #subChannels(ChannelArn: string) {
    return this.#api.all(this.#api.list('ListSubChannels', 'SubChannels', { ChannelArn, ChimeBearer: this.#api.bearer }))
  }

  async channels(at: At, startedAt: number): Promise<Step> {
    return this.#ofChannels(at, startedAt, async found => {
      const ChannelArn = found.ChannelArn!
      const asked = { ChannelArn, ChimeBearer: this.#api.bearer }
      const channel = idOf(ChannelArn)
      const createdAt = millisecondsOf(found.CreatedTimestamp, 0)
      const updatedAt = millisecondsOf(found.LastUpdatedTimestamp, createdAt)
      const { ElasticChannelConfiguration: elastic, ExpirationSettings: expiration } = found
      const line: LineOf<'channel'> = {
        type: 'channel',
        id: channel,
        name: found.Name ?? '',
        ...(found.Metadata !== undefined && { metadata: found.Metadata }),
        mode: found.Mode ?? 'UNRESTRICTED',
        privacy: found.Privacy ?? 'PRIVATE',
        createdBy: refOf(found.CreatedBy?.Arn),
        createdAt,
        updatedAt,
        sequence: 0,
        lastEventAt: millisecondsOf(found.LastMessageTimestamp, updatedAt),
        ...(expiration && { expirationDays: expiration.ExpirationDays, expirationCriterion: expiration.ExpirationCriterion }),
        ...(found.ChannelFlowArn !== undefined && { flow: idOf(found.ChannelFlowArn) }),
        ...(elastic && {
          elastic: {
            maximum: elastic.MaximumSubChannels,
            target: elastic.TargetMembershipsPerSubChannel,
            percentage: elastic.MinimumMembershipPercentage,
          },
        }),
      }
      const lines: AnyLine[] = [
        ...goneUnlessKnown(found.CreatedBy, startedAt),
        line,
        ...(await this.#api.tags('channel', ChannelArn, channel)),
      ]
      for (const { SubChannelId: id = '' } of elastic ? await this.#subChannels(ChannelArn) : [])
        lines.push({
          type: 'subChannel',
          channel,
          id,
          capacity: elastic!.TargetMembershipsPerSubChannel,
          wanted: 0,
          isOpen: true,
          createdAt,
        })
      for (const { Moderator } of await this.#moderators(ChannelArn)) {
        const answer = await this.#api.orNone('DescribeChannelModerator', { ...asked, ChannelModeratorArn: Moderator?.Arn ?? '' })
        if (answer?.ChannelModerator) lines.push(...this.#role('moderator', channel, Moderator, answer.ChannelModerator, startedAt))
      }
      const bans = await this.#api.all(this.#api.list('ListChannelBans', 'ChannelBans', asked))
      for (const { Member } of bans) {
        const answer = await this.#api.orNone('DescribeChannelBan', { ...asked, MemberArn: Member?.Arn ?? '' })
        if (answer?.ChannelBan) lines.push(...this.#role('ban', channel, Member, answer.ChannelBan, startedAt))
      }
      return { lines, next: undefined }
    })
  }

  #role(
    type: 'moderator' | 'ban',
    channel: string,
    person: Person | undefined,
    { CreatedBy, CreatedTimestamp }: { readonly CreatedBy?: Person; readonly CreatedTimestamp?: Date },
    startedAt: number,
  ): AnyLine[] {
    const createdAt = millisecondsOf(CreatedTimestamp, 0)
    if (createdAt > startedAt) return []
    const line = { type, channel, identity: refOf(person?.Arn), createdBy: refOf(CreatedBy?.Arn), createdAt }
    return [...goneUnlessKnown(CreatedBy, startedAt), line]
  }

  /** The parts of a channel in which there are members and messages: its sub-channels, or itself. */
  async #partsOf({ ChannelArn, ElasticChannelConfiguration }: Channel): Promise<readonly (string | undefined)[]> {
    if (!ElasticChannelConfiguration) return [undefined]
    return (await this.#subChannels(ChannelArn!)).map(({ SubChannelId }) => SubChannelId)
  }

  async memberships(at: At, startedAt: number): Promise<Step> {
    return this.#ofChannels(at, startedAt, async (channel, { part = 0, inner }) => {
      const types = ['DEFAULT', 'HIDDEN'] as const
      const parts = (await this.#partsOf(channel)).flatMap(SubChannelId => types.map(Type => ({ SubChannelId, Type })))
      const subChannel = parts[part]
      if (!subChannel) return { lines: [], next: undefined }
      const ChannelArn = channel.ChannelArn!
      const { SubChannelId, Type } = subChannel
      const inPart = { ChannelArn, ChimeBearer: this.#api.bearer, ...(SubChannelId !== undefined && { SubChannelId }) }
      const page = await this.#api.get('ListChannelMemberships', { ...inPart, Type, MaxResults: 50, ...(inner && { NextToken: inner }) })
      const moderators = SubChannelId === undefined ? [] : (await this.#moderators(ChannelArn)).map(({ Moderator }) => Moderator?.Arn)
      const lines: AnyLine[] = []
      for (const { Member } of page.ChannelMemberships ?? []) {
        const MemberArn = Member?.Arn ?? ''
        const found = (await this.#api.orNone('DescribeChannelMembership', { ...inPart, MemberArn }))?.ChannelMembership
        const createdAt = millisecondsOf(found?.CreatedTimestamp, 0)
        if (!found || createdAt > startedAt) continue
        const readAt = SubChannelId === undefined ? await this.#readAt(ChannelArn, MemberArn) : undefined
        lines.push(...goneUnlessKnown(found.InvitedBy, startedAt), {
          type: 'membership',
          channel: idOf(ChannelArn),
          ...(SubChannelId !== undefined && { subChannel: SubChannelId }),
          member: refOf(MemberArn),
          visibility: Type,
          invitedBy: refOf(found.InvitedBy?.Arn),
          createdAt,
          updatedAt: millisecondsOf(found.LastUpdatedTimestamp, createdAt),
          ...(readAt !== undefined && { readAt }),
          placed: SubChannelId !== undefined && !moderators.includes(MemberArn),
        })
      }
      return { lines, next: page.NextToken === undefined ? { part: part + 1 } : { part, inner: page.NextToken } }
    })
  }

  async #readAt(ChannelArn: string, AppInstanceUserArn: string): Promise<number | undefined> {
    if (parseArn(AppInstanceUserArn)?.kind !== 'user') return undefined
    const asked = { ChannelArn, AppInstanceUserArn, ChimeBearer: this.#api.bearer }
    const answer = await this.#api.orNone('DescribeChannelMembershipForAppInstanceUser', asked)
    return answer?.ChannelMembership?.AppInstanceUserMembershipSummary?.ReadMarkerTimestamp?.getTime()
  }

  async messages(at: At, startedAt: number): Promise<Step> {
    return this.#ofChannels(at, startedAt, async (channel, { part = 0, inner, count = 0 }) => {
      const parts = await this.#partsOf(channel)
      if (part >= parts.length) return { lines: [], next: undefined }
      const SubChannelId = parts[part]
      const ChannelArn = channel.ChannelArn!
      const page = await this.#api.get('ListChannelMessages', {
        ChannelArn,
        SortOrder: 'ASCENDING',
        NotAfter: new Date(startedAt),
        MaxResults: 50,
        ChimeBearer: this.#api.bearer,
        ...(SubChannelId !== undefined && { SubChannelId }),
        ...(inner && { NextToken: inner }),
      })
      const found = page.ChannelMessages ?? []
      const lines = found.flatMap((message, index): AnyLine[] => {
        if (message.Status?.Value !== undefined && message.Status.Value !== 'SENT') return []
        const createdAt = millisecondsOf(message.CreatedTimestamp, 0)
        const target = message.Target?.[0]?.MemberArn
        const { Content, Metadata, MessageAttributes, ContentType, LastEditedTimestamp, Redacted: redacted = false } = message
        return [
          ...goneUnlessKnown(message.Sender, startedAt),
          ...goneUnlessKnown(target === undefined ? undefined : { Arn: target }, startedAt),
          {
            type: 'message',
            channel: idOf(ChannelArn),
            ...(SubChannelId !== undefined && { subChannel: SubChannelId }),
            ...newIdOf(message.MessageId ?? '', createdAt, count + index + 1),
            sender: refOf(message.Sender?.Arn),
            ...(target !== undefined && { target: refOf(target) }),
            kind: message.Type ?? 'STANDARD',
            ...(!redacted && { content: Content ?? '' }),
            ...(!redacted && Metadata !== undefined && { metadata: Metadata }),
            ...(!redacted && MessageAttributes !== undefined && { attributes: MessageAttributes }),
            ...(ContentType !== undefined && { contentType: ContentType }),
            redacted,
            ...(LastEditedTimestamp && { editedAt: LastEditedTimestamp.getTime() }),
            updatedAt: millisecondsOf(message.LastUpdatedTimestamp, createdAt),
          },
        ]
      })
      const read = { count: count + found.length }
      return { lines, next: page.NextToken === undefined ? { ...read, part: part + 1 } : { ...read, part, inner: page.NextToken } }
    })
  }
}
