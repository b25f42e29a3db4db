import { createHash } from 'node:crypto'
import { parseArn } from '../arn.ts'
import type { ShownMessage } from '../present/messages.ts'
import type { NamedPlace } from '../store/places.ts'
import type { Transaction } from '../database/database.ts'
import { botIds, botsOfChannel, findMemberBot, putBotsOfChannel, type MemberBot } from '../store/bots.ts'
import { countOthers, placesOf } from '../store/memberships.ts'
import { mentionsIn } from '../store/messages.ts'
import { laneOf, waitingInSubLane } from '../store/outbox.ts'
import type { EventOf } from './events.ts'
import type { Follower } from './follower.ts'
import { addToOutbox } from './outbox.ts'

/** The kind of the outbox's lanes that invoke bots: one lane for each bot. A sub-lane is a conversation (sessionId of Lex). */
export const botKind = 'bot'

/** The longest text that Lex accepts, in characters (docs/service/push-and-bots.md#what-lex-gets). */
const longestText = 1024
/** The most messages of a conversation that wait in order; further ones are delivered in any order. */
const orderedAtMost = 20

/** The payload of an invocation in the outbox. */
export interface BotInvocation extends NamedPlace {
  readonly sessionId: string
  readonly at: number
  /** The message that invokes the bot; undefined for the welcome. */
  readonly said?: {
    readonly messageId: string
    readonly senderArn: string
    /** Null if it is longer than Lex accepts. */
    readonly text: string | null
    /** Whether the answer is for the sender only. */
    readonly isTargeted: boolean
  }
}

const isBot = (arn: string) => parseArn(arn)?.kind === 'bot'

/** The sessionId of Lex for the conversation of a user with a bot in a channel; without a user, for that of the welcome. */
function sessionIdOf({ channelArn, subChannelName = '' }: NamedPlace, botArn: string, userArn = '') {
  return createHash('sha256').update([channelArn, subChannelName, botArn, userArn].join(' ')).digest('hex')
}

async function invoke(tx: Transaction, bot: MemberBot, invocation: BotInvocation) {
  const lane = laneOf(botKind, bot.arn)
  const { sessionId, at } = invocation
  const isInOrder = (await waitingInSubLane(tx, lane, sessionId, orderedAtMost)) < orderedAtMost
  await addToOutbox(tx, lane, invocation, at, isInOrder ? sessionId : null)
}

/** Whether a message invokes the bot (docs/service/push-and-bots.md#when-a-bot-is-invoked). */
async function isInvoked(tx: Transaction, { id, arn, lex }: MemberBot, message: ShownMessage, { channelId, subChannelId }: NamedPlace) {
  const { StandardMessages, TargetedMessages } = lex.InvokedBy ?? { StandardMessages: 'ALL', TargetedMessages: 'NONE' }
  if (message.target) return message.target.arn === arn && TargetedMessages === 'ALL'
  if (StandardMessages === 'ALL' || StandardMessages === 'NONE') return StandardMessages === 'ALL'
  if (mentionsIn(message.attributes).includes(arn)) return true
  return StandardMessages === 'AUTO' && (await countOthers(tx, channelId, subChannelId, id)) === 1
}

/** Appends the invocations of bots by a message. Messages of bots invoke no bots, so that bots cannot talk to each other for ever. */
export const messageToBots: Follower<EventOf<'MessageSent'>> = async (tx, { moment, message, place }) => {
  if (moment === undefined || moment.bots === null || message.type !== 'STANDARD' || isBot(message.sender.arn)) return
  const { channelId, channelArn, subChannelId, subChannelName } = place
  const content = message.content ?? ''
  const present = botIds(moment.bots)
  for (const botId of message.target ? present.filter(id => id === message.target!.id) : present) {
    const bot = await findMemberBot(tx, place, botId)
    if (!bot || !(await isInvoked(tx, bot, message, place))) continue
    const said = {
      messageId: message.messageId,
      senderArn: message.sender.arn,
      text: Array.from(content).length > longestText ? null : content,
      isTargeted: message.target !== undefined,
    }
    const sessionId = sessionIdOf(place, bot.arn, message.sender.arn)
    await invoke(tx, bot, { channelId, channelArn, subChannelId, subChannelName, sessionId, at: moment.at, said })
  }
}

/** Adds bots that have joined to the channel's row, and invokes those that have a WelcomeIntent. */
export const joinedToBots: Follower<EventOf<'MembersJoined'>> = async (tx, { channelId, moment, memberships }) => {
  const joined = memberships.filter(({ member }) => isBot(member.arn))
  if (joined.length === 0) return
  await putBotsOfChannel(tx, channelId, [...new Set([...(await botsOfChannel(tx, channelId)), ...joined.map(({ member }) => member.id)])])
  for (const { member, channelArn, subChannelId, subChannelName } of joined) {
    const place = { channelId, channelArn, subChannelId, subChannelName }
    const bot = await findMemberBot(tx, place, member.id)
    if (bot?.lex.WelcomeIntent !== undefined) await invoke(tx, bot, { ...place, sessionId: sessionIdOf(place, bot.arn), at: moment.at })
  }
}

/** Removes bots that have left from the channel's row. */
export const leftToBots: Follower<EventOf<'MembersLeft'>> = async (tx, { channelId, memberships }) => {
  const left = new Set(memberships.filter(({ member }) => isBot(member.arn)).map(({ member }) => member.id))
  if (left.size === 0) return
  for (const id of left) if ((await placesOf(tx, channelId, id)).length > 0) left.delete(id)
  const remaining = (await botsOfChannel(tx, channelId)).filter(id => !left.has(id))
  await putBotsOfChannel(tx, channelId, remaining)
}
