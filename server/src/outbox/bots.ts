import { ApiError } from '../errors.ts'
import { parseArn } from '../arn.ts'
import type { Queries, Transaction } from '../database/database.ts'
import { send } from '../domain/messages.ts'
import { checkMessageSize } from '../domain/sizes.ts'
import type { BotInvocation } from '../events/bots.ts'
import type { Limits } from '../settings/limits.ts'
import { findMemberBot } from '../store/bots.ts'
import { findFacts } from '../store/facts.ts'
import { findIdentity } from '../store/identities.ts'
import { membershipType } from '../store/memberships.ts'
import { partsOfLane, type OutboxEntry } from '../store/outbox.ts'
import { Seldom } from '../tools/seldom.ts'
import { Refused, type DeliveryTools, type SingleDelivery } from './delivery.ts'
import { NobodyToAsk, type AskLex } from './lex.ts'
import { errorAttributes, LexFailure, replyOf, type BotReply } from './lex-answer.ts'

/** After this time a message is not retried, as in the real service (docs/service/push-and-bots.md#a-bots-answer). */
const longestTrying = 43_000

/** How long an answer may take. Lex waits equally long for the function that fulfils an intent. */
const askMilliseconds = 30_000

/** How often the log repeats that no service answers for a bot. */
const remindMilliseconds = 10 * 60 * 1000

const contentTypes = { reply: 'application/amz-chime-lex-msgs', error: 'application/amz-chime-lex-error' }

const tooLong = () =>
  new LexFailure(
    "1 validation error detected: Value at 'text' failed to satisfy constraint: Member must have length less than or equal to 1024",
    { status: 400, isPassing: false },
  )

interface Tools extends DeliveryTools {
  readonly limits: Limits
  readonly ask: AskLex
}

/** The bot, its channel and its membership; undefined if it is not a member any more. */
async function placeOfBot(db: Queries, botArn: string, { channelArn, channelId, subChannelName }: BotInvocation) {
  const facts = await findFacts(db, parseArn(botArn)!, { channel: parseArn(channelArn), subChannelName })
  // A new channel under the same ChannelId has another id.
  if (facts?.channel?.id !== channelId || facts.membership === undefined) return undefined
  if (subChannelName !== undefined && facts.subChannel === undefined) return undefined
  return { actor: facts.caller, channel: facts.channel, subChannel: facts.subChannel }
}

/** Whether the reply can be delivered: the sender of a targeted message may have left the channel. */
async function hasTarget(db: Queries, { said, channelId, subChannelId }: BotInvocation) {
  if (!said?.isTargeted) return true
  const sender = await findIdentity(db, parseArn(said.senderArn)!)
  return sender !== undefined && (await membershipType(db, channelId, subChannelId, sender.id)) !== undefined
}

/** Throws a LexFailure for a reply that is larger than a message may be. */
function checkReply(reply: BotReply, limits: Limits) {
  try {
    checkMessageSize('STANDARD', { ...reply, metadata: undefined }, limits)
  } catch (error) {
    if (error instanceof ApiError)
      throw new LexFailure(`The answer is too large for a message: ${error.reason}`, { status: 400, isPassing: false, cause: error })
    throw error
  }
}

const invocationOf = ({ payload }: OutboxEntry) => JSON.parse(payload) as BotInvocation

/** Invokes bots, and sends their answers, once for each invocation: in the transaction that removes the entry. */
export const botInvocations = ({ db, now, limits, ids, log, ask, report }: Tools): SingleDelivery => {
  const reminders = new Seldom(remindMilliseconds)

  async function say(tx: Transaction, botArn: string, invocation: BotInvocation, contentType: string, reply: BotReply) {
    const place = await placeOfBot(tx, botArn, invocation)
    if (!place || !(await hasTarget(tx, invocation))) return
    const { said } = invocation
    await send(
      tx,
      { ...place, now, limits, ids },
      {
        ...reply,
        type: 'STANDARD',
        persistence: 'PERSISTENT',
        metadata: undefined,
        contentType,
        pushNotification: undefined,
        target: said?.isTargeted ? parseArn(said.senderArn) : undefined,
        hiddenBefore: 0,
      },
    )
  }

  async function turnOf(botArn: string, invocation: BotInvocation) {
    const place = await placeOfBot(db, botArn, invocation)
    const bot = place && (await findMemberBot(db, invocation, place.actor.id))
    if (!bot) return undefined
    const { said, sessionId, channelArn } = invocation
    if (said?.text === null) throw tooLong()
    const { LexBotAliasArn: aliasArn, LocaleId: localeId, WelcomeIntent: welcomeIntent } = bot.lex
    const what = said ? { text: said.text } : welcomeIntent === undefined ? undefined : { welcomeIntent }
    if (!what) return undefined
    const requestAttributes = {
      'CHIME.channel.arn': channelArn,
      ...(said && { 'CHIME.sender.arn': said.senderArn }),
      'x-amz-lex:channels:platform': 'Amazon Chime SDK Messaging',
    }
    return { aliasArn, localeId, sessionId, what, requestAttributes }
  }

  return {
    isOrdered: false,
    attempts: 6,
    // One slow Lex may answer for all of them.
    inAllAtMost: 256,
    patience: askMilliseconds + 2000,

    async deliver(entry, signal) {
      const { destination: botArn } = partsOfLane(entry.lane)
      const invocation = invocationOf(entry)
      try {
        const turn = await turnOf(botArn, invocation)
        if (!turn) return undefined
        const answer = await ask(turn, AbortSignal.any([signal, AbortSignal.timeout(askMilliseconds)]))
        const reply = replyOf(answer, { sessionId: invocation.sessionId, messageId: invocation.said?.messageId })
        checkReply(reply, limits)
        return async tx => say(tx, botArn, invocation, contentTypes.reply, reply)
      } catch (error) {
        if (error instanceof NobodyToAsk) {
          if (reminders.isDue(botArn))
            log.warn({ bot: botArn, reason: error.message }, 'A bot cannot be invoked, since no service answers for it')
          return undefined
        }
        if (!(error instanceof LexFailure)) throw error
        const isLast = !error.isPassing || now() - invocation.at >= longestTrying
        throw isLast ? new Refused(error.message, { cause: error }) : error
      }
    },

    async giveUp(tx, entry, error) {
      const { destination: botArn } = partsOfLane(entry.lane)
      const invocation = invocationOf(entry)
      const { message, cause } = error as Error
      const failure = [error, cause].find(each => each instanceof LexFailure)
      const Code = failure?.status ?? 429
      const reply = { content: JSON.stringify({ Code }), attributes: errorAttributes(invocation.said?.messageId) }
      // If the limits of messages leave no room for the error, only the log and EventBridge have it.
      await say(tx, botArn, invocation, contentTypes.error, reply).catch((refused: unknown) => {
        if (!(refused instanceof ApiError)) throw refused
      })
      await report(tx, {
        detailType: 'Chime Messaging AppInstanceBot Lex Failure',
        detail: { resourceArn: botArn, failureReason: message },
      })
    },
  }
}
