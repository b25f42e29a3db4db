import { setTimeout } from 'node:timers/promises'
import type { Chance } from '../support/chance.ts'
import type { Caller, Clients } from './caller.ts'
import type { Edit, Final, History, Mark, Move, Sent } from './history.ts'

export interface Room {
  /** The ARN. */
  readonly channel: string
  /** The members who never leave; the first of them sends and edits. */
  readonly members: readonly string[]
  /** The members who join and leave. */
  readonly roamer: string
}

interface Tools {
  readonly caller: Caller
  readonly history: History
  readonly chance: Chance
}

/** What users do in a room, one call after the other, each until it is acknowledged. */
export class Traffic {
  readonly #room: Room
  readonly #tools: Tools
  #count = 0
  #isIn = false

  constructor(room: Room, tools: Tools) {
    this.#room = room
    this.#tools = tools
  }

  /** Until the caller is stopped. */
  async run(pauseMilliseconds: number) {
    const { caller, chance } = this.#tools
    while (!caller.isStopped) {
      await this.#act()
      await setTimeout(pauseMilliseconds * (0.5 + chance.next()))
    }
  }

  async #act() {
    const { chance } = this.#tools
    const turn = chance.next()
    if (turn < 0.75) await this.send(`${++this.#count}`)
    else if (turn < 0.85) await this.#edit()
    else if (turn < 0.93) await this.#move()
    else await this.#mark()
  }

  /** Through any member. */
  async send(text: string) {
    const { caller, history, chance } = this.#tools
    const { channel, members } = this.#room
    const user = chance.of(members)
    const message: Sent = { channel, user, content: `${channel.slice(-4)} ${text}`, beganAt: performance.now() }
    history.sent.push(message)
    const asked = {
      ChannelArn: channel,
      Content: message.content,
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ClientRequestToken: crypto.randomUUID(),
      ChimeBearer: user,
    } as const
    const answer = await caller.call('SendChannelMessage', ({ messaging }) => messaging.sendChannelMessage(asked))
    if (!answer) return
    message.messageId = answer.MessageId!
    message.ackedAt = performance.now()
  }

  async #edit() {
    const { caller, history, chance } = this.#tools
    const recent = history.sent.filter(({ channel, messageId }) => channel === this.#room.channel && messageId !== undefined).slice(-20)
    if (recent.length === 0) return
    const { channel, messageId, content } = chance.of(recent)
    const edit: Edit = { channel, messageId: messageId!, content: `${content}, edited ${++this.#count}`, beganAt: performance.now() }
    history.edits.push(edit)
    const answer = await caller.call('UpdateChannelMessage', async ({ messaging }) => {
      const { ChannelMessage } = await messaging.getChannelMessage({
        ChannelArn: channel,
        MessageId: messageId!,
        ChimeBearer: this.#room.members[0]!,
      })
      return messaging.updateChannelMessage({
        ChannelArn: channel,
        MessageId: messageId!,
        Content: edit.content,
        ChimeBearer: ChannelMessage!.Sender!.Arn!,
      })
    })
    if (answer) edit.ackedAt = performance.now()
  }

  async #move() {
    const { caller, history } = this.#tools
    const { channel, members, roamer } = this.#room
    const kind = this.#isIn ? 'leave' : 'join'
    const move: Move = { channel, user: roamer, kind, beganAt: performance.now() }
    history.moves.push(move)
    const asked = { ChannelArn: channel, MemberArn: roamer, ChimeBearer: members[0]! }
    const ask = ({ messaging }: Clients): Promise<unknown> =>
      kind === 'leave'
        ? messaging.deleteChannelMembership(asked)
        : messaging.createChannelMembership({ ...asked, Type: 'DEFAULT' }).catch(already)
    if ((await caller.call('a membership', ask)) === undefined) return
    this.#isIn = !this.#isIn
    move.ackedAt = performance.now()
  }

  async #mark() {
    const { caller, history, chance } = this.#tools
    const { channel, members } = this.#room
    const user = chance.of(members)
    const mark: Mark = { channel, user, beganAt: performance.now() }
    history.marks.push(mark)
    const asked = { ChannelArn: channel, ChimeBearer: user }
    if (await caller.call('UpdateChannelReadMarker', ({ messaging }) => messaging.updateChannelReadMarker(asked)))
      mark.ackedAt = performance.now()
  }
}

/** An earlier attempt has created it, and its answer was lost. */
function already(error: unknown) {
  if ((error as Error).name === 'ConflictException') return {}
  throw error
}

/** Everything that a node returns about a room. */
export async function finalOf({ channel, members }: Room, node: string, { messaging, carillon }: Clients): Promise<Final> {
  const ChimeBearer = members[0]!
  const messages: Final['messages'][number][] = []
  for (let NextToken: string | undefined; ;) {
    const page = await messaging.listChannelMessages({
      ChannelArn: channel,
      ChimeBearer,
      SortOrder: 'ASCENDING',
      MaxResults: 50,
      NextToken,
    })
    for (const { MessageId, Content, CreatedTimestamp } of page.ChannelMessages ?? [])
      messages.push({ messageId: MessageId!, content: Content!, createdAt: CreatedTimestamp!.getTime() })
    NextToken = page.NextToken
    if (NextToken === undefined) break
  }
  const readAt: Record<string, number | undefined> = {}
  const unread: Record<string, number | undefined> = {}
  let lastMessageAt = 0
  for (const user of members) {
    const { ChannelMembership } = await messaging.describeChannelMembershipForAppInstanceUser({
      ChannelArn: channel,
      AppInstanceUserArn: user,
      ChimeBearer: user,
    })
    readAt[user] = ChannelMembership?.AppInstanceUserMembershipSummary?.ReadMarkerTimestamp?.getTime()
    lastMessageAt = ChannelMembership?.ChannelSummary?.LastMessageTimestamp?.getTime() ?? 0
    const { ChannelMemberships = [] } = await carillon.call('ListChannelUnreadCounts', { ChimeBearer: user })
    unread[user] = ChannelMemberships.find(({ ChannelSummary }) => ChannelSummary?.ChannelArn === channel)?.UnreadCount
  }
  return { channel, node, messages, lastMessageAt, readAt, unread }
}
