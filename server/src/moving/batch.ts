import { checkMessageSize } from '../domain/sizes.ts'
import type { Queries } from '../database/database.ts'
import type { Limits } from '../settings/limits.ts'
import { importedMessage, type ImportedMessage } from '../store/moving/imported-beside-messages.ts'
import {
  importChannel,
  importedChannel,
  importedFlow,
  importedSubChannel,
  importFlow,
  importRole,
  importSubChannel,
  importTag,
  subChannelsImported,
  type ImportedChannel,
} from '../store/moving/imported-channels.ts'
import {
  importAdmin,
  importDevice,
  importedIdentity,
  importIdentity,
  importPresence,
  type ImportedIdentity,
} from '../store/moving/imported-identities.ts'
import type { MessageKey } from '../store/message-keys.ts'
import { partsOfId } from '../store/message-ids.ts'
import { tagsOf, type TaggedResource } from '../store/tags.ts'
import { countUserEndpoints } from '../store/user-endpoints.ts'
import { WrongLine, type Line, type LineOf, type LineType } from './lines.ts'
import { insertTogether, noRows } from './rows.ts'

const mostTags = 50

/** The rows that lines refer to, as far as they have been looked up. */
export interface Known {
  readonly identities: Map<string, ImportedIdentity>
  readonly channels: Map<string, ImportedChannel>
  readonly subChannels: Map<string, number>
  readonly messages: Map<string, ImportedMessage>
}

const nothingKnown = (): Known => ({ identities: new Map(), channels: new Map(), subChannels: new Map(), messages: new Map() })

/** Throws a WrongLine if something occurs twice in the export. */
function requireNew(isNew: boolean, what: string) {
  if (!isNew) throw new WrongLine(`${what} is in the export twice.`)
}

/** A line that is wrong, by its number in the batch. */
export class WrongLineOf extends Error {
  readonly index: number
  readonly wrong: WrongLine

  constructor(index: number, wrong: WrongLine) {
    super(wrong.message)
    this.index = index
    this.wrong = wrong
  }
}

/** Thrown if one of several rows that were inserted together existed already. Inserting them one by one shows which. */
export class OneIsTwice extends Error {}

/** Stores the lines of one batch, in one transaction. */
export class Batch {
  readonly #tx: Queries
  readonly #appInstanceId: number
  readonly #given: { readonly limits: Limits; readonly latest: number; readonly known: Known; readonly together: boolean }
  /** What this batch has looked up or created; later batches see it once the transaction is committed. */
  readonly found = nothingKnown()
  #rows = noRows()
  #lastType: LineType | undefined

  constructor(tx: Queries, appInstanceId: number, given: { limits: Limits; latest: number; known: Known; together: boolean }) {
    this.#tx = tx
    this.#appInstanceId = appInstanceId
    this.#given = given
  }

  async store(line: Line) {
    for (const [member, value] of Object.entries(line))
      if (member.endsWith('At') && typeof value === 'number' && value > this.#given.latest)
        throw new WrongLine(`The time ${member} is in the future.`)
    if (line.type !== this.#lastType) await this.flush()
    this.#lastType = line.type
    await this.#writers[line.type](line as never)
    if (!this.#given.together) await this.flush()
  }

  /** Inserts the rows that were collected. */
  async flush() {
    const rows = this.#rows
    this.#rows = noRows()
    const what = await insertTogether(this.#tx, rows)
    if (what === undefined) return
    if (this.#given.together) throw new OneIsTwice()
    requireNew(false, what)
  }

  async #lookUp<Found>(kind: keyof Known, name: string, find: () => Promise<Found | undefined>): Promise<Found | undefined> {
    const mine = this.found[kind] as Map<string, unknown>
    const known = (mine.get(name) ?? this.#given.known[kind].get(name)) as Found | undefined
    if (known !== undefined) return known
    const found = await find()
    if (found !== undefined) mine.set(name, found)
    return found
  }

  /**
   * The message to which a line belongs; undefined if the export does not have it. It may have been deleted, or released by a flow, during
   * the export.
   */
  async #message(
    line: LineOf<'reply' | 'reaction' | 'pin' | 'unreadCorrection'>,
    isForAll: boolean,
  ): Promise<{ readonly key: MessageKey; readonly arrival: number } | undefined> {
    const { id: channelId, elastic } = await this.#channel(line.channel)
    const subChannelId = line.subChannel === undefined ? 0 : await this.#subChannelIfKnown(channelId, line.subChannel)
    if (subChannelId === undefined || (elastic === undefined) !== (subChannelId === 0)) return undefined
    const key = { channelId, subChannelId, messageId: line.message }
    const name = `${channelId}/${subChannelId}/${line.message}`
    const found = await this.#lookUp('messages', name, async () => importedMessage(this.#tx, key))
    return found && (found.isForAll || !isForAll) ? { key, arrival: found.arrival } : undefined
  }

  async #identityIfKnown(ref: string): Promise<ImportedIdentity | undefined> {
    return this.#lookUp('identities', ref, async () => importedIdentity(this.#tx, this.#appInstanceId, ref))
  }

  /** A user or bot, deleted or not. */
  async #identity(ref: string, member: string): Promise<ImportedIdentity> {
    const found = await this.#identityIfKnown(ref)
    if (!found) throw new WrongLine(`The member ${member} names a user or bot that no earlier line has.`)
    return found
  }

  async #living(ref: string, member: string): Promise<ImportedIdentity> {
    const found = await this.#identity(ref, member)
    if (found.deletedAt !== null) throw new WrongLine(`The member ${member} names a user or bot that is deleted.`)
    return found
  }

  async #channel(id: string): Promise<ImportedChannel> {
    const found = await this.#lookUp('channels', id, async () => importedChannel(this.#tx, this.#appInstanceId, id))
    if (!found) throw new WrongLine('The member channel names a channel that no earlier line has.')
    return found
  }

  /** The sub-channel of a line. One that was created during the export has no line, and is created here. */
  async #subChannel(channel: ImportedChannel, id: string | undefined, createdAt: number): Promise<number> {
    if ((id === undefined) !== (channel.elastic === undefined))
      throw new WrongLine(
        channel.elastic
          ? 'In an elastic channel the member subChannel is required.'
          : 'The channel is not elastic: it has no sub-channels.',
      )
    if (id === undefined) return 0
    const found = await this.#subChannelIfKnown(channel.id, id)
    if (found !== undefined) return found
    await this.#makeSubChannel(channel, { id, capacity: channel.elastic!.target, wanted: 0, isOpen: true, createdAt })
    return (await this.#subChannelIfKnown(channel.id, id))!
  }

  async #subChannelIfKnown(channelId: number, id: string): Promise<number | undefined> {
    return this.#lookUp('subChannels', `${channelId}/${id}`, async () => importedSubChannel(this.#tx, channelId, id))
  }

  async #makeSubChannel(channel: ImportedChannel, given: Parameters<typeof importSubChannel>[2]) {
    if (!channel.elastic) throw new WrongLine('The channel is not elastic: it has no sub-channels.')
    if ((await subChannelsImported(this.#tx, channel.id)) >= channel.elastic.maximum)
      throw new WrongLine(`The channel has more sub-channels than its maximum of ${channel.elastic.maximum}.`)
    requireNew(await importSubChannel(this.#tx, channel.id, given), 'The sub-channel')
  }

  async #tagged({ of, id }: LineOf<'tag'>): Promise<TaggedResource> {
    if (of === 'app-instance') return { kind: of, id: this.#appInstanceId }
    if (of === 'identity') return { kind: of, id: (await this.#living(id, 'id')).id }
    if (of === 'channel') return { kind: of, id: (await this.#channel(id)).id }
    return { kind: of, id: await this.#flow(id) }
  }

  async #flow(id: string): Promise<number> {
    const found = await importedFlow(this.#tx, this.#appInstanceId, id)
    if (found === undefined) throw new WrongLine('It names a channel flow that no earlier line has.')
    return found
  }

  async #role({ type, channel, identity, createdBy, createdAt }: LineOf<'moderator'> | LineOf<'ban'>) {
    const role = {
      channelId: (await this.#channel(channel)).id,
      identityId: (await this.#living(identity, 'identity')).id,
      createdBy: (await this.#identity(createdBy, 'createdBy')).id,
      createdAt,
    }
    requireNew(await importRole(this.#tx, type, role), `The ${type}`)
  }

  readonly #writers: { readonly [Type in LineType]: (line: LineOf<Type>) => Promise<void> } = {
    flow: async line => {
      if (line.processors.length > this.#given.limits.processorsPerFlow)
        throw new WrongLine(
          `The flow has ${line.processors.length} processors; this server allows ${this.#given.limits.processorsPerFlow} (--limit-processors-per-flow).`,
        )
      requireNew(await importFlow(this.#tx, this.#appInstanceId, line), 'The channel flow')
    },
    identity: async ({ ifUnknown = false, ...line }) => {
      if (await this.#identityIfKnown(line.ref)) {
        if (ifUnknown) return
        throw new WrongLine('Its ref is that of an earlier line.')
      }
      if ((line.kind === 'bot') !== (line.configuration !== undefined) && line.deletedAt === undefined)
        throw new WrongLine(line.kind === 'bot' ? 'A bot needs a configuration.' : 'A user has no configuration.')
      if (line.kind === 'bot' && line.expirationDays !== undefined) throw new WrongLine('A bot has no expirationDays.')
      const made = await importIdentity(this.#tx, this.#appInstanceId, line)
      if (!made) throw new WrongLine(`The ${line.kind} is in the export twice.`)
      this.found.identities.set(line.ref, made)
    },
    admin: async ({ identity, createdAt }) => {
      const { id } = await this.#living(identity, 'identity')
      requireNew(await importAdmin(this.#tx, this.#appInstanceId, id, createdAt), 'The admin')
    },
    device: async ({ identity, ...line }) => {
      const { id, kind } = await this.#living(identity, 'identity')
      if (kind !== 'user') throw new WrongLine('A bot has no devices.')
      const { endpointsPerUser } = this.#given.limits
      if ((await countUserEndpoints(this.#tx, id)) >= endpointsPerUser)
        throw new WrongLine(`The user has more than ${endpointsPerUser} devices, the limit of this server (--limit-endpoints-per-user).`)
      requireNew(await importDevice(this.#tx, this.#appInstanceId, id, line), 'The device')
    },
    presence: async ({ identity, ...line }) => {
      const { id, kind } = await this.#living(identity, 'identity')
      if (kind !== 'user') throw new WrongLine('A bot has no presence.')
      requireNew(await importPresence(this.#tx, id, line), 'The presence')
    },
    channel: async ({ createdBy, flow, ...line }) => {
      if ((line.expirationDays === undefined) !== (line.expirationCriterion === undefined))
        throw new WrongLine('Of expirationDays and expirationCriterion, both or none are required.')
      const named = {
        createdBy: (await this.#identity(createdBy, 'createdBy')).id,
        flowId: flow === undefined ? undefined : await this.#flow(flow),
      }
      requireNew(await importChannel(this.#tx, this.#appInstanceId, line, named), 'The channel')
    },
    subChannel: async ({ channel, ...line }) => this.#makeSubChannel(await this.#channel(channel), line),
    moderator: async line => this.#role(line),
    ban: async line => this.#role(line),
    tag: async line => {
      const resource = await this.#tagged(line)
      if ((await tagsOf(this.#tx, resource)).length >= mostTags) throw new WrongLine(`The resource has more than ${mostTags} tags.`)
      requireNew(await importTag(this.#tx, resource.kind, resource.id, line.key, line.value), 'The tag')
    },
    membership: async ({ channel, subChannel, member, invitedBy, readUpTo: arrival, readUpToAt: at, ...line }) => {
      const found = await this.#channel(channel)
      const subChannelId = await this.#subChannel(found, subChannel, line.createdAt)
      if (line.placed && subChannelId === 0) throw new WrongLine('In a channel that is not elastic, placed must be false.')
      const memberId = (await this.#living(member, 'member')).id
      const inviter = (await this.#identity(invitedBy, 'invitedBy')).id
      if ((arrival === undefined) !== (at === undefined)) throw new WrongLine('Of readUpTo and readUpToAt, both or none are required.')
      const position = arrival === undefined || at === undefined ? undefined : { arrival, at }
      this.#rows.membership.push({ ...line, channelId: found.id, subChannelId, memberId, invitedBy: inviter, position })
    },
    message: async ({ channel, subChannel, sender, target, failed = false, ...line }) => {
      const found = await this.#channel(channel)
      const { at } = partsOfId(line.id)!
      if (at > this.#given.latest) throw new WrongLine('The time in its id is in the future.')
      this.#requireContent(line)
      this.#rows.message.push({
        ...line,
        channelId: found.id,
        subChannelId: await this.#subChannel(found, subChannel, at),
        senderId: (await this.#identity(sender, 'sender')).id,
        targetId: target === undefined ? undefined : (await this.#identity(target, 'target')).id,
        failed,
      })
    },
    reply: async line => {
      const found = await this.#message(line, true)
      if (found) this.#rows.reply.push({ ...found.key, rootAt: line.rootAt, rootSequence: line.rootSequence })
    },
    reaction: async line => {
      const found = await this.#message(line, false)
      const { reaction, addedWith: sequence, firstAddedWith: firstSequence } = line
      const { id: identityId } = await this.#identity(line.identity, 'identity')
      if (found) this.#rows.reaction.push({ ...found.key, identityId, reaction, sequence, firstSequence })
    },
    pin: async line => {
      const found = await this.#message(line, true)
      const { id: pinnedBy } = await this.#identity(line.pinnedBy, 'pinnedBy')
      if (found) this.#rows.pin.push({ ...found.key, pinnedBy, pinnedAt: line.pinnedAt, sequence: line.pinnedWith })
    },
    unreadCorrection: async line => {
      const found = await this.#message(line, false)
      const { id: viewerId } = await this.#identity(line.viewer, 'viewer')
      const { unread, mentions } = line
      if (found) this.#rows.unreadCorrection.push({ ...found.key, arrival: found.arrival, viewerId, unread, mentions })
    },
  }

  #requireContent(line: Pick<LineOf<'message'>, 'kind' | 'redacted' | 'content' | 'metadata' | 'attributes'>) {
    const { kind, redacted, content, metadata, attributes } = line
    if (redacted !== (content === undefined)) throw new WrongLine('A message has content, unless it is redacted.')
    if (content === undefined) return
    try {
      checkMessageSize(kind, { content, metadata, attributes }, this.#given.limits)
    } catch (error) {
      const { reason, message } = error as { reason?: string; message: string }
      throw new WrongLine(`${reason ?? message} The limits are those of this server (--limit-content-bytes and others).`)
    }
  }
}
