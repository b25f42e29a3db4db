import { createHash } from 'node:crypto'
import { parseArn } from '../arn.ts'
import { messageId, placeOfId } from '../store/message-ids.ts'
import type { Answer, Input, OperationName } from '../contract/index.ts'
import { Refused, type ApiClient } from './api-client.ts'
import type { Source } from './export.ts'
import type { LineOf, LineType } from './lines.ts'

type AnyLine = { [Type in LineType]: LineOf<Type> }[LineType]

/** Where a stage goes on: the page of its list, and how many entries of that page are done. */
interface At {
  readonly token?: string | undefined
  readonly done?: number
  /** Of the channels: 0 for the public ones, 1 for the private ones. */
  readonly privacy?: 0 | 1
  /** Within a channel: which of its parts, and the page of the list there. */
  readonly part?: number
  readonly inner?: string | undefined
  /** How many messages of the part are exported. */
  readonly count?: number
}

interface Step {
  readonly lines: readonly AnyLine[]
  /** Undefined at the end of the stage. */
  readonly next: At | undefined
}

interface Place {
  readonly stage: number
  readonly startedAt: number
  readonly at: At
}

type Person = { readonly Arn?: string; readonly Name?: string }
type Channel = NonNullable<Answer<'DescribeChannel'>['Channel']>

const millisecondsOf = (time: Date | undefined, otherwise: number) => time?.getTime() ?? otherwise
const privacies = ['PUBLIC', 'PRIVATE'] as const

/** What an ARN of the app instance names, as the lines call it: `user/alice`. */
function refOf(arn: string | undefined): string {
  const { kind, id } = parseArn(arn ?? '') ?? {}
  if (kind === undefined || id === undefined) throw new Error(`The answer names ${arn}, which is no ARN of this service.`)
  return `${kind}/${id}`
}

const idOf = (arn: string | undefined) => refOf(arn).split('/')[1]!

/** A line that stands for a user or bot that is deleted, unless a line before has it. */
function goneUnlessKnown(person: Person | undefined, startedAt: number): LineOf<'identity'>[] {
  if (person?.Arn === undefined) return []
  const [kind, id] = refOf(person.Arn).split('/') as ['user' | 'bot', string]
  const times = { createdAt: 0, updatedAt: 0, deletedAt: startedAt }
  return [{ type: 'identity', ref: `${kind}/${id}`, kind, id, name: person.Name ?? '', ...times, ifUnknown: true }]
}

/** Each of these lines once. */
function unique(lines: readonly AnyLine[]): AnyLine[] {
  return [...new Map(lines.map(line => [JSON.stringify(line), line])).values()]
}

/** An app instance that is read through the public API, by the credentials of an AppInstanceAdmin. */
export class FromApi implements Source {
  readonly name: string
  readonly #client: ApiClient
  readonly #arn: string
  readonly #bearer: string
  readonly #now: () => number
  #page: { readonly key: string; readonly page: Answer<'ListChannels'> } | undefined

  constructor(client: ApiClient, { arn, bearer, origin, now }: { arn: string; bearer: string; origin: string; now: () => number }) {
    this.name = `API at ${origin}: ${arn}`
    this.#client = client
    this.#arn = arn
    this.#bearer = bearer
    this.#now = now
  }

  async begin() {
    const AppInstanceArn = this.#arn
    const { AppInstance } = await this.#client.get('DescribeAppInstance', { AppInstanceArn })
    if (!AppInstance) throw new Error('DescribeAppInstance has answered without an app instance.')
    const retention = await this.#client.get('GetAppInstanceRetentionSettings', { AppInstanceArn })
    const streams = await this.#orNone('GetMessagingStreamingConfigurations', { AppInstanceArn })
    const streamOf = (type: string) => streams?.StreamingConfigurations?.find(each => each.DataType === type)?.ResourceArn
    const startedAt = this.#now()
    const days = retention.AppInstanceRetentionSettings?.ChannelRetentionSettings?.RetentionDays
    const appInstance = {
      arn: AppInstanceArn,
      name: AppInstance.Name,
      metadata: AppInstance.Metadata,
      createdAt: millisecondsOf(AppInstance.CreatedTimestamp, startedAt),
      updatedAt: millisecondsOf(AppInstance.LastUpdatedTimestamp, startedAt),
      ...(days !== undefined && { retentionDays: days, retentionStartsAt: millisecondsOf(retention.InitiateDeletionTimestamp, startedAt) }),
      channelStream: streamOf('Channel'),
      messageStream: streamOf('ChannelMessage'),
    }
    const first: Place = { stage: 0, startedAt, at: {} }
    return { appInstance, first }
  }

  async page(given: unknown) {
    const { stage, startedAt, at } = given as Place
    const { lines, next } = await this.#stages[stage]!(at, startedAt)
    const isLast = stage + 1 === this.#stages.length
    const place: Place | undefined = next ? { stage, startedAt, at: next } : isLast ? undefined : { stage: stage + 1, startedAt, at: {} }
    return { lines: unique(lines), next: place }
  }

  /** Undefined where the answer is that there is none. */
  async #orNone<Name extends OperationName>(name: Name, input: Input<Name>): Promise<Answer<Name> | undefined> {
    try {
      return await this.#client.get(name, input)
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return undefined
      throw error
    }
  }

  async #tags(of: LineOf<'tag'>['of'], ResourceARN: string, id: string): Promise<LineOf<'tag'>[]> {
    const { Tags = [] } = await this.#client.get('ListTagsForResource', { ResourceARN })
    return Tags.map(({ Key: key, Value: value }) => ({ type: 'tag', of, id, key, value }))
  }

  /** A stage that reads one entry of a list after the other, each with calls of its own. */
  async #each<Entry>(
    { token, done = 0 }: At,
    load: (NextToken: string | undefined) => Promise<{ entries: readonly Entry[]; next: string | undefined }>,
    linesOf: (entry: Entry) => Promise<readonly AnyLine[]>,
  ): Promise<Step> {
    const { entries, next } = await load(token)
    const lines: AnyLine[] = []
    for (const entry of entries.slice(done)) lines.push(...(await linesOf(entry)))
    return { lines, next: next === undefined ? undefined : { token: next } }
  }

  async #flows(at: At): Promise<Step> {
    const load = async (NextToken?: string) => {
      const page = await this.#client.get('ListChannelFlows', {
        AppInstanceArn: this.#arn,
        MaxResults: 50,
        ...(NextToken && { NextToken }),
      })
      return { entries: page.ChannelFlows ?? [], next: page.NextToken }
    }
    return this.#each(at, load, async ({ ChannelFlowArn = '' }) => {
      const { ChannelFlow = {} } = await this.#client.get('DescribeChannelFlow', { ChannelFlowArn })
      const id = idOf(ChannelFlowArn)
      const createdAt = millisecondsOf(ChannelFlow.CreatedTimestamp, 0)
      const times = { createdAt, updatedAt: millisecondsOf(ChannelFlow.LastUpdatedTimestamp, createdAt) }
      const flow = { type: 'flow', id, name: ChannelFlow.Name ?? '', processors: ChannelFlow.Processors ?? [], ...times } as const
      return [flow, ...(await this.#tags('channel-flow', ChannelFlowArn, id))]
    })
  }

  async #users(at: At): Promise<Step> {
    const load = async (NextToken?: string) => {
      const page = await this.#client.get('ListAppInstanceUsers', {
        AppInstanceArn: this.#arn,
        MaxResults: 50,
        ...(NextToken && { NextToken }),
      })
      return { entries: page.AppInstanceUsers ?? [], next: page.NextToken }
    }
    return this.#each(at, load, async ({ AppInstanceUserArn = '' }) => {
      const answer = await this.#orNone('DescribeAppInstanceUser', { AppInstanceUserArn })
      const user = answer?.AppInstanceUser
      if (!user) return []
      const ref = refOf(AppInstanceUserArn)
      const createdAt = millisecondsOf(user.CreatedTimestamp, 0)
      const line: LineOf<'identity'> = {
        type: 'identity',
        ref,
        kind: 'user',
        id: idOf(AppInstanceUserArn),
        name: user.Name ?? '',
        ...(user.Metadata !== undefined && { metadata: user.Metadata }),
        ...(user.ExpirationSettings && { expirationDays: user.ExpirationSettings.ExpirationDays }),
        createdAt,
        updatedAt: millisecondsOf(user.LastUpdatedTimestamp, createdAt),
      }
      return [line, ...(await this.#tags('identity', AppInstanceUserArn, ref)), ...(await this.#devices(AppInstanceUserArn, ref))]
    })
  }

  async #devices(AppInstanceUserArn: string, identity: string): Promise<LineOf<'device'>[]> {
    const lines: LineOf<'device'>[] = []
    for (let NextToken: string | undefined, isLast = false; !isLast; isLast = NextToken === undefined) {
      const page = await this.#client.get('ListAppInstanceUserEndpoints', { AppInstanceUserArn, ...(NextToken && { NextToken }) })
      NextToken = page.NextToken
      for (const { EndpointId = '' } of page.AppInstanceUserEndpoints ?? []) {
        const answer = await this.#client.get('DescribeAppInstanceUserEndpoint', { AppInstanceUserArn, EndpointId })
        const device = answer.AppInstanceUserEndpoint
        if (!device?.EndpointAttributes || !device.Type) continue
        const createdAt = millisecondsOf(device.CreatedTimestamp, 0)
        const { DeviceToken: deviceToken, VoipDeviceToken: voipDeviceToken } = device.EndpointAttributes
        lines.push({
          type: 'device',
          identity,
          id: EndpointId,
          ...(device.Name !== undefined && { name: device.Name }),
          platform: device.Type,
          resourceArn: device.ResourceArn ?? '',
          deviceToken,
          ...(voipDeviceToken !== undefined && { voipDeviceToken }),
          allowMessages: device.AllowMessages ?? 'ALL',
          ...(device.EndpointState?.StatusReason && { statusReason: device.EndpointState.StatusReason }),
          createdAt,
          updatedAt: millisecondsOf(device.LastUpdatedTimestamp, createdAt),
        })
      }
    }
    return lines
  }

  async #bots(at: At): Promise<Step> {
    const load = async (NextToken?: string) => {
      const page = await this.#client.get('ListAppInstanceBots', {
        AppInstanceArn: this.#arn,
        MaxResults: 50,
        ...(NextToken && { NextToken }),
      })
      return { entries: page.AppInstanceBots ?? [], next: page.NextToken }
    }
    return this.#each(at, load, async ({ AppInstanceBotArn = '' }) => {
      const answer = await this.#orNone('DescribeAppInstanceBot', { AppInstanceBotArn })
      const bot = answer?.AppInstanceBot
      if (!bot) return []
      const ref = refOf(AppInstanceBotArn)
      const createdAt = millisecondsOf(bot.CreatedTimestamp, 0)
      const line: LineOf<'identity'> = {
        type: 'identity',
        ref,
        kind: 'bot',
        id: idOf(AppInstanceBotArn),
        name: bot.Name ?? '',
        ...(bot.Metadata !== undefined && { metadata: bot.Metadata }),
        ...(bot.Configuration && { configuration: bot.Configuration }),
        createdAt,
        updatedAt: millisecondsOf(bot.LastUpdatedTimestamp, createdAt),
      }
      return [line, ...(await this.#tags('identity', AppInstanceBotArn, ref))]
    })
  }

  async #admins(at: At): Promise<Step> {
    const AppInstanceArn = this.#arn
    const load = async (NextToken?: string) => {
      const page = await this.#client.get('ListAppInstanceAdmins', { AppInstanceArn, MaxResults: 50, ...(NextToken && { NextToken }) })
      return { entries: page.AppInstanceAdmins ?? [], next: page.NextToken }
    }
    const step = await this.#each(at, load, async ({ Admin }) => {
      const answer = await this.#orNone('DescribeAppInstanceAdmin', { AppInstanceArn, AppInstanceAdminArn: Admin?.Arn ?? '' })
      if (!answer?.AppInstanceAdmin) return []
      return [{ type: 'admin', identity: refOf(Admin?.Arn), createdAt: millisecondsOf(answer.AppInstanceAdmin.CreatedTimestamp, 0) }]
    })
    return step.next ? step : { ...step, lines: [...step.lines, ...(await this.#tags('app-instance', AppInstanceArn, ''))] }
  }

  /** The channel of a place in the list of all channels; undefined after the last one of its page. */
  async #channelAt({
    privacy = 0,
    token,
    done = 0,
  }: At): Promise<{ channel: Channel | undefined; isThere: boolean; nextToken: string | undefined }> {
    const key = `${privacy} ${token}`
    if (this.#page?.key !== key) {
      const asked = { AppInstanceArn: this.#arn, Privacy: privacies[privacy], MaxResults: 50, ChimeBearer: this.#bearer }
      this.#page = { key, page: await this.#client.get('ListChannels', { ...asked, ...(token && { NextToken: token }) }) }
    }
    const { Channels = [], NextToken } = this.#page.page
    const ChannelArn = Channels[done]?.ChannelArn
    if (ChannelArn === undefined) return { channel: undefined, isThere: false, nextToken: NextToken }
    const answer = await this.#orNone('DescribeChannel', { ChannelArn, ChimeBearer: this.#bearer })
    return { channel: answer?.Channel, isThere: true, nextToken: NextToken }
  }

  /** A stage that does a part of the work on a channel, and goes on with the next channel where `linesOf` says that it is done. */
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

  async #everyPage<Entry>(
    load: (NextToken: string | undefined) => Promise<{ entries: readonly Entry[]; next: string | undefined }>,
  ): Promise<Entry[]> {
    const all: Entry[] = []
    for (let token: string | undefined, isLast = false; !isLast; isLast = token === undefined) {
      const { entries, next } = await load(token)
      all.push(...entries)
      token = next
    }
    return all
  }

  async #moderators(ChannelArn: string) {
    return this.#everyPage(async NextToken => {
      const asked = { ChannelArn, MaxResults: 50, ChimeBearer: this.#bearer }
      const page = await this.#client.get('ListChannelModerators', { ...asked, ...(NextToken && { NextToken }) })
      return { entries: page.ChannelModerators ?? [], next: page.NextToken }
    })
  }

  async #subChannels(ChannelArn: string) {
    return this.#everyPage(async NextToken => {
      const asked = { ChannelArn, MaxResults: 50, ChimeBearer: this.#bearer }
      const page = await this.#client.get('ListSubChannels', { ...asked, ...(NextToken && { NextToken }) })
      return { entries: page.SubChannels ?? [], next: page.NextToken }
    })
  }

  async #channels(at: At, startedAt: number): Promise<Step> {
    return this.#ofChannels(at, startedAt, async found => {
      const ChannelArn = found.ChannelArn!
      const asked = { ChannelArn, ChimeBearer: this.#bearer }
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
      const lines: AnyLine[] = [...goneUnlessKnown(found.CreatedBy, startedAt), line, ...(await this.#tags('channel', ChannelArn, channel))]
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
        const answer = await this.#orNone('DescribeChannelModerator', { ...asked, ChannelModeratorArn: Moderator?.Arn ?? '' })
        if (answer?.ChannelModerator) lines.push(...this.#role('moderator', channel, Moderator, answer.ChannelModerator, startedAt))
      }
      const bans = await this.#everyPage(async NextToken => {
        const page = await this.#client.get('ListChannelBans', { ...asked, MaxResults: 50, ...(NextToken && { NextToken }) })
        return { entries: page.ChannelBans ?? [], next: page.NextToken }
      })
      for (const { Member } of bans) {
        const answer = await this.#orNone('DescribeChannelBan', { ...asked, MemberArn: Member?.Arn ?? '' })
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

  async #memberships(at: At, startedAt: number): Promise<Step> {
    return this.#ofChannels(at, startedAt, async (channel, { part = 0, inner }) => {
      const types = ['DEFAULT', 'HIDDEN'] as const
      const parts = (await this.#partsOf(channel)).flatMap(SubChannelId => types.map(Type => ({ SubChannelId, Type })))
      const place = parts[part]
      if (!place) return { lines: [], next: undefined }
      const ChannelArn = channel.ChannelArn!
      const { SubChannelId, Type } = place
      const inPart = { ChannelArn, ChimeBearer: this.#bearer, ...(SubChannelId !== undefined && { SubChannelId }) }
      const page = await this.#client.get('ListChannelMemberships', { ...inPart, Type, MaxResults: 50, ...(inner && { NextToken: inner }) })
      const moderators = SubChannelId === undefined ? [] : (await this.#moderators(ChannelArn)).map(({ Moderator }) => Moderator?.Arn)
      const lines: AnyLine[] = []
      for (const { Member } of page.ChannelMemberships ?? []) {
        const MemberArn = Member?.Arn ?? ''
        const found = (await this.#orNone('DescribeChannelMembership', { ...inPart, MemberArn }))?.ChannelMembership
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
    const asked = { ChannelArn, AppInstanceUserArn, ChimeBearer: this.#bearer }
    const answer = await this.#orNone('DescribeChannelMembershipForAppInstanceUser', asked)
    return answer?.ChannelMembership?.AppInstanceUserMembershipSummary?.ReadMarkerTimestamp?.getTime()
  }

  async #messages(at: At, startedAt: number): Promise<Step> {
    return this.#ofChannels(at, startedAt, async (channel, { part = 0, inner, count = 0 }) => {
      const parts = await this.#partsOf(channel)
      if (part >= parts.length) return { lines: [], next: undefined }
      const SubChannelId = parts[part]
      const ChannelArn = channel.ChannelArn!
      const page = await this.#client.get('ListChannelMessages', {
        ChannelArn,
        SortOrder: 'ASCENDING',
        NotAfter: new Date(startedAt),
        MaxResults: 50,
        ChimeBearer: this.#bearer,
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
      const next =
        page.NextToken === undefined
          ? { part: part + 1, count: count + found.length }
          : { part, inner: page.NextToken, count: count + found.length }
      return { lines, next }
    })
  }

  readonly #stages: readonly ((at: At, startedAt: number) => Promise<Step>)[] = [
    async at => this.#flows(at),
    async at => this.#users(at),
    async at => this.#bots(at),
    async at => this.#admins(at),
    async (at, startedAt) => this.#channels(at, startedAt),
    async (at, startedAt) => this.#memberships(at, startedAt),
    async (at, startedAt) => this.#messages(at, startedAt),
  ]
}

/**
 * The id of a message here is its place (docs/decisions/0002). One from a Carillon stays; another one gets an id of its time and its
 * number in the channel, with random digits that follow from its old id, which is stored in the line.
 */
function newIdOf(id: string, createdAt: number, number: number): { readonly id: string; readonly idAtOrigin?: string } {
  if (placeOfId(id)?.at === createdAt) return { id }
  return {
    id: messageId({ at: createdAt, sequence: number, nonce: createHash('sha256').update(id).digest('hex').slice(0, 40) }),
    idAtOrigin: id,
  }
}
