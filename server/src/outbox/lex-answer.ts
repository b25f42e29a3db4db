import { isObject, type JsonObject } from '../tools/json.ts'
import type { MessageAttributes } from '../store/messages.ts'

/** Lex, or the webhook in its place, has not answered for a bot. */
export class LexFailure extends Error {
  /** The status that the members of the channel see. */
  readonly status: number
  /** Whether a retry may succeed. */
  readonly isPassing: boolean

  constructor(message: string, { status, isPassing, cause }: { status: number; isPassing: boolean; cause?: unknown }) {
    super(message, { cause })
    this.status = status
    this.isPassing = isPassing
  }
}

/** The message of a bot: its content and attributes. */
export interface BotReply {
  readonly content: string
  readonly attributes: MessageAttributes
}

const noAnswer = (what: string) => new LexFailure(`The answer is not that of RecognizeText: ${what}`, { status: 502, isPassing: false })

/** A member that is a text or absent. Throws a LexFailure for anything else. */
function textOf(object: JsonObject, member: string): string | undefined {
  const value = object[member] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw noAnswer(`${member} must be a text`)
}

function listOf(value: unknown, member: string): unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value as unknown[]
  throw noAnswer(`${member} must be a list`)
}

function objectOf(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value
  throw noAnswer(`${what} must be an object`)
}

const buttonOf = (value: unknown) => {
  const button = objectOf(value, 'a button')
  return { Text: textOf(button, 'text'), Value: textOf(button, 'value') }
}

const cardOf = (value: unknown) => {
  const card = objectOf(value, 'imageResponseCard')
  const buttons = listOf(card['buttons'], 'buttons').map(buttonOf)
  return {
    Title: textOf(card, 'title'),
    Subtitle: textOf(card, 'subtitle'),
    ImageUrl: textOf(card, 'imageUrl'),
    Buttons: buttons.length === 0 ? undefined : buttons,
  }
}

/** A message of Lex with the keys that members of the channel see; those without a value are left out. */
const messageOf = (value: unknown) => {
  const message = objectOf(value, 'a message')
  const card = message['imageResponseCard'] ?? undefined
  return {
    Content: textOf(message, 'content'),
    ContentType: textOf(message, 'contentType'),
    ImageResponseCard: card === undefined ? undefined : cardOf(card),
  }
}

/** The member if it can be a name, state or id of Lex; otherwise undefined. */
const plainValue = /^[\w.:-]{1,100}$/

const attributesOf = (values: Readonly<Record<string, string | undefined>>): MessageAttributes =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value !== undefined && plainValue.test(value) ? [[`CHIME.LEX.sessionState.${name}`, { StringValues: [value] }]] : [],
    ),
  )

/** The attributes of a message about an error. */
export const errorAttributes = (originatingRequestId: string | undefined) => attributesOf({ originatingRequestId })

/**
 * The message of a bot from an answer of RecognizeText (docs/service/push-and-bots.md#a-bots-answer). Throws a LexFailure for any other
 * answer.
 */
export function replyOf(answer: unknown, { sessionId, messageId }: { sessionId: string; messageId: string | undefined }): BotReply {
  const { messages, sessionState, sessionId: answered } = objectOf(answer, 'it')
  const said = listOf(messages, 'messages').map(messageOf)
  const state = sessionState === undefined || sessionState === null ? {} : objectOf(sessionState, 'sessionState')
  const intent = isObject(state['intent']) ? state['intent'] : {}
  return {
    content: JSON.stringify({ Messages: said }),
    attributes: attributesOf({
      'intent.name': textOf(intent, 'name'),
      'intent.state': textOf(intent, 'state'),
      originatingRequestId: messageId,
      sessionId: typeof answered === 'string' && plainValue.test(answered) ? answered : sessionId,
    }),
  }
}
