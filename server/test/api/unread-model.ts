import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { callBack, processor, until, type Lambda } from '../support/processor.ts'
import { nextCorrected, settleCorrections } from '../../src/store/unread-corrections.ts'
import type { World } from '../support/world.ts'
import { days, open, runJob, say } from './acts.ts'

const names = ['ann', 'ben', 'cid'] as const
type Name = (typeof names)[number]
const channels = ['plain', 'flowing'] as const
type Place = (typeof channels)[number]

/** A step of a random walk: `which` chooses one of the existing messages. */
const acts = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ act: fc.constant('send' as const), mentions: fc.subarray([...names]), isControl: fc.constant(false) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('send' as const),
      mentions: fc.constant([] as Name[]),
      isControl: fc.boolean(),
      to: fc.constantFrom(...names),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('decide' as const),
      which: fc.nat(),
      isPassed: fc.boolean(),
      mentions: fc.subarray([...names]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('edit' as const, 'redact' as const, 'delete' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('mark' as const, 'rejoin' as const) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('put' as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constantFrom('wait' as const, 'keep a day' as const, 'keep all' as const, 'empty' as const) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('settle' as const), rows: fc.integer({ min: 1, max: 3 }) }) },
)
const step = fc.record({ who: fc.constantFrom(...names), where: fc.constantFrom(...channels), what: acts })

/** A random walk of several users in two channels, one of them with a flow. */
export const walk = (acts: number) => fc.array(step, { minLength: acts, maxLength: acts })
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

interface Message {
  readonly id: string
  readonly sender: Name
  readonly target: Name | undefined
  mentions: readonly Name[]
  readonly isControl: boolean
  /** Whether a processor has to decide about the message, or about an edit of it, and how many decisions there were. */
  isPending: boolean
  callbacks: number
  pendingSince: number
  /** Undefined until others see it. */
  arrival: number | undefined
  /** The position up to which its sender had read when it sent the message. */
  readonly sentWhen: number
  isGone: boolean
}

interface Channel {
  readonly arn: string
  arrivals: number
  readonly messages: Message[]
  readonly read: Map<Name, number>
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)

interface Listed {
  readonly ChannelSummary?: { readonly LastMessageTimestamp?: Date }
  readonly FirstUnreadMessageId?: string
}

const withoutFirst = <Entry extends Listed>(entry: Entry) => ({ ...entry, FirstUnreadMessageId: undefined })

/** The channels in the order of their last messages, without the first unread message of each. */
export const newestFirst = <Entry extends Listed>(joined: readonly Entry[]) =>
  joined
    .toSorted((a, b) => Number(b.ChannelSummary?.LastMessageTimestamp ?? 0) - Number(a.ChannelSummary?.LastMessageTimestamp ?? 0))
    .map(withoutFirst)

/** Removes corrections of messages that are gone from each channel, so many at once. */
export async function settleSome({ app: { db } }: World, rows: number) {
  let place: Awaited<ReturnType<typeof nextCorrected>> = { channelId: 0, subChannelId: 0 }
  const most = { rows, mostMessages: 2000, before: Number.MAX_SAFE_INTEGER }
  while ((place = await nextCorrected(db, place))) await db.transaction(tx => settleCorrections(tx, place!, most))
}

/** The answers that the API should give, computed from everything that has happened, message by message. */
export class UnreadModel {
  readonly #world: World
  readonly #user: (name: string) => string
  readonly #appInstanceArn: string
  readonly #called: ReturnType<Lambda['define']>
  readonly #channels: Record<Place, Channel>
  #retentionDays: number | undefined
  #emptiedBefore = 0

  private constructor(given: {
    world: World
    user: (name: string) => string
    appInstanceArn: string
    called: ReturnType<Lambda['define']>
    channels: Record<Place, Channel>
  }) {
    this.#world = given.world
    this.#user = given.user
    this.#appInstanceArn = given.appInstanceArn
    this.#called = given.called
    this.#channels = given.channels
  }

  static async open(world: World, lambda: Lambda) {
    const { messaging, appInstance } = world
    const { arn, user } = await appInstance(names, { admins: ['root'] })
    const MemberArns = names.slice(1).map(user)
    const openChannel = async (): Promise<Channel> => ({
      arn: await open(world, user('ann'), { MemberArns }),
      arrivals: 0,
      messages: [],
      read: new Map(names.map(name => [name, 0])),
    })
    const all = { plain: await openChannel(), flowing: await openChannel() }
    const called = lambda.define()
    const Processors = [processor(called.arn)]
    const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })
    await messaging.associateChannelFlow({ ChannelArn: all.flowing.arn, ChannelFlowArn, ChimeBearer: user('root') })
    return new UnreadModel({ world, user, appInstanceArn: arn, called, channels: all })
  }

  #attributes(mentions: readonly Name[]) {
    return { 'CHIME.mentions': { StringValues: mentions.map(this.#user) } }
  }

  get appInstanceArn() {
    return this.#appInstanceArn
  }

  get #hiddenBefore() {
    const { now } = this.#world
    return Math.max(this.#emptiedBefore, this.#retentionDays === undefined ? 0 : now() - days(this.#retentionDays))
  }

  readonly #isHidden = ({ id }: Message) => Number.parseInt(id.slice(0, 12), 16) < this.#hiddenBefore

  async does({ who, where, what }: Step) {
    const { messaging, carillon } = this.#world
    const channel = this.#channels[where]
    const bearer = this.#user(who)
    const [asked, asRoot] = [bearer, this.#user('root')].map(ChimeBearer => ({ ChannelArn: channel.arn, ChimeBearer }))
    const { messages } = channel
    const seen = messages.filter(message => !message.isGone && !this.#isHidden(message))
    if (what.act === 'send') {
      const target = 'to' in what && !what.isControl && what.to !== who ? what.to : undefined
      const id = await say(this.#world, bearer, channel.arn, 'hello', {
        Type: what.isControl ? 'CONTROL' : 'STANDARD',
        ...(target && { Target: [{ MemberArn: this.#user(target) }] }),
        ...(what.mentions.length > 0 && { MessageAttributes: this.#attributes(what.mentions) }),
      })
      const isHeld = where === 'flowing' && !what.isControl
      if (!isHeld) channel.arrivals++
      if (!what.isControl) channel.read.set(who, channel.arrivals)
      messages.push({
        id,
        sender: who,
        target,
        mentions: what.mentions,
        isControl: what.isControl,
        isPending: isHeld,
        callbacks: isHeld ? 1 : 0,
        pendingSince: this.#world.now(),
        arrival: isHeld ? undefined : channel.arrivals,
        sentWhen: channel.arrivals,
        isGone: false,
      })
    } else if (what.act === 'mark') {
      await messaging.updateChannelReadMarker(asked!)
      channel.read.set(who, channel.arrivals)
    } else if (what.act === 'rejoin') {
      const MemberArn = bearer
      await messaging.deleteChannelMembership({ ...asRoot!, MemberArn })
      await messaging.createChannelMembership({ ...asRoot!, MemberArn, Type: 'DEFAULT' })
      channel.read.set(who, channel.arrivals)
    } else if (what.act === 'put') {
      const own = seen.filter(({ sender, target, arrival }) => sender === who || (arrival !== undefined && (!target || target === who)))
      const message = own[what.which % own.length]
      if (!message) return
      await carillon.call('PutChannelReadMarker', { ...asked!, MessageId: message.id })
      channel.read.set(who, message.arrival ?? message.sentWhen)
    } else if (what.act === 'decide') {
      const waiting = messages.filter(({ isPending, pendingSince }) => isPending && this.#world.now() - pendingSince < days(1.9))
      const message = waiting[what.which % waiting.length]
      if (!message) return
      const { event } = await until(
        () => this.#called.invocations.filter(({ event }) => event.ChannelMessage.MessageId === message.id)[message.callbacks - 1],
      )
      const isEdit = message.arrival !== undefined
      const MessageAttributes = this.#attributes(what.mentions)
      if (what.isPassed)
        await callBack(messaging, event, what.mentions.length > 0 ? { Content: 'passed', MessageAttributes } : { Content: 'passed' })
      else await callBack(messaging, event, {}, { DeleteResource: true })
      message.isPending = false
      if (what.isPassed && !message.isGone) {
        if (what.mentions.length > 0) message.mentions = what.mentions
        if (!isEdit) message.arrival = ++channel.arrivals
      } else if (!isEdit) message.isGone = true
    } else if (what.act === 'edit' || what.act === 'redact' || what.act === 'delete') {
      const settled = seen.filter(({ isPending, arrival }) => !isPending && arrival !== undefined)
      const message = settled[what.which % settled.length]
      if (!message) return
      const named = { ChannelArn: channel.arn, MessageId: message.id, ChimeBearer: this.#user(message.sender) }
      if (what.act === 'edit') {
        await messaging.updateChannelMessage({ ...named, Content: 'edited' })
        if (where === 'flowing' && !message.isControl) {
          message.isPending = true
          message.callbacks++
          message.pendingSince = this.#world.now()
        }
        return
      }
      if (what.act === 'redact') await messaging.redactChannelMessage(named)
      else if (message.target) return
      else await messaging.deleteChannelMessage({ ...named, ChimeBearer: this.#user('root') })
      message.isGone = true
    } else if (what.act === 'settle') await settleSome(this.#world, what.rows)
    else if (what.act === 'wait') this.#world.advance(days(0.6))
    else if (what.act === 'empty') {
      this.#world.advance(days(31))
      await runJob(this.#world, 'retention')
      if (this.#retentionDays !== undefined) this.#emptiedBefore = this.#hiddenBefore
    } else {
      this.#retentionDays = what.act === 'keep a day' ? 1 : undefined
      const ChannelRetentionSettings = this.#retentionDays === undefined ? {} : { RetentionDays: this.#retentionDays }
      await this.#world.identity.putAppInstanceRetentionSettings({
        AppInstanceArn: this.#appInstanceArn,
        AppInstanceRetentionSettings: { ChannelRetentionSettings },
      })
    }
  }

  #expected(who: Name) {
    return Object.fromEntries(
      Object.values(this.#channels).map(({ arn, messages, read }) => {
        const unread = messages
          .filter(message => !message.isGone && !message.isControl && message.arrival !== undefined && !this.#isHidden(message))
          .filter(({ sender, target, arrival }) => sender !== who && (!target || target === who) && arrival! > read.get(who)!)
          .toSorted((a, b) => a.arrival! - b.arrival!)
        const mentions = unread.filter(message => message.mentions.includes(who)).length
        return [arn, { unread: unread.length, mentions, first: unread[0]?.id }]
      }),
    )
  }

  /** What the API should return to every user for each channel, and in total. */
  expected() {
    return names.map(who => {
      const channels = this.#expected(who)
      const all = Object.values(channels)
      return {
        who,
        channels,
        isInOrder: true,
        UnreadCount: sum(all.map(({ unread }) => unread)),
        UnreadMentionCount: sum(all.map(({ mentions }) => mentions)),
        UnreadChannelCount: all.filter(({ unread }) => unread > 0).length,
      }
    })
  }

  /** What the API returns to them, in this world or in another one to which the app instance was moved. */
  async told({ carillon }: Pick<World, 'carillon'> = this.#world) {
    return Promise.all(
      names.map(async who => {
        const ChimeBearer = this.#user(who)
        const { ChannelMemberships = [] } = await carillon.call('ListChannelUnreadCounts', { IncludeFirstUnread: true, ChimeBearer })
        const { ChannelMemberships: newest = [] } = await carillon.call('ListChannelUnreadCounts', { SortBy: 'LAST_MESSAGE', ChimeBearer })
        const isInOrder = isDeepStrictEqual(newest.map(withoutFirst), newestFirst(ChannelMemberships))
        const { $metadata: _, ...summary } = await carillon.call('GetUnreadSummary', { ChimeBearer })
        const channels = ChannelMemberships.map(({ ChannelSummary, UnreadCount, UnreadMentionCount, FirstUnreadMessageId }) => [
          ChannelSummary!.ChannelArn!,
          { unread: UnreadCount, mentions: UnreadMentionCount, first: FirstUnreadMessageId },
        ])
        return { who, channels: Object.fromEntries(channels) as unknown, isInOrder, ...summary }
      }),
    )
  }
}
