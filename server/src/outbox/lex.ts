import { gunzipSync } from 'node:zlib'
import type { PutSessionCommandOutput } from '@aws-sdk/client-lex-runtime-v2'
import type { Destinations } from '../settings/destinations.ts'
import { messageOf } from '../tools/error-text.ts'
import { awsOptions, clientOfRegion, detailOf, hasCredentialVariables, regionOf, saidBy, type SdkError } from './aws.ts'
import { isLate, NotReached } from './delivery.ts'
import { LexFailure } from './lex-answer.ts'
import { ask, reach, shownUrl, WebhookRefusal } from './webhook.ts'

/** The largest response in bytes; a message of a bot has at most four KiB. */
const largestResponse = 256 * 1024

/** One turn of a conversation. */
interface LexTurn {
  readonly aliasArn: string
  readonly localeId: string
  readonly sessionId: string
  /** The text of the user, or the intent that begins the conversation. */
  readonly what: { readonly text: string } | { readonly welcomeIntent: string }
  readonly requestAttributes: Readonly<Record<string, string>>
}

/** Resolves to the answer, which is not validated. Rejects with a LexFailure or with NobodyToAsk. */
export type AskLex = (turn: LexTurn, signal: AbortSignal) => Promise<unknown>

/** How long the server does not look again for credentials that were missing. */
const withoutCredentialsMilliseconds = 60_000
/** Statuses after which a retry may succeed. */
const passing = new Set([408, 429, 502, 503, 504])
/** The status that members see if there was no answer; the real service shows it after time-outs. */
const notAnswered = 429

/** The input of RecognizeText, or of PutSession for the welcome. */
function inputOf({ aliasArn, localeId, sessionId, what, requestAttributes }: LexTurn) {
  const [botId, botAliasId] = aliasArn.slice(aliasArn.lastIndexOf('bot-alias/') + 'bot-alias/'.length).split('/')
  const whose = { botId: botId!, botAliasId: botAliasId!, localeId, sessionId }
  if ('text' in what) return { ...whose, text: what.text, requestAttributes }
  const sessionState = {
    dialogAction: { type: 'Delegate' as const },
    intent: { name: what.welcomeIntent, state: 'InProgress' as const },
  }
  return { ...whose, sessionState, requestAttributes }
}

const bad = (what: string, cause: unknown) => new LexFailure(what, { status: 502, isPassing: false, cause })

const noJson = (where: string, cause: unknown) => bad(`${where} has answered no JSON, or more than ${largestResponse} bytes`, cause)

/** The operator has not configured a service that answers for a bot. */
export class NobodyToAsk extends Error {}

function explained(error: unknown, aliasArn: string, endpointUrl: string | undefined): LexFailure | NobodyToAsk {
  if (error instanceof LexFailure) return error
  const { name, $metadata } = error as SdkError
  const at = endpointUrl === undefined ? `Lex for ${aliasArn}` : `Lex at ${endpointUrl} for ${aliasArn}`
  if (name === 'CredentialsProviderError') {
    const text =
      `The server has no AWS credentials for ${aliasArn}, no --lex-endpoint (CARILLON_LEX_ENDPOINT), and no entry for it in --destinations. ` +
      'The operator has to give one of them.'
    return new NobodyToAsk(text, { cause: error })
  }
  if (error instanceof SyntaxError) return noJson(at, error)
  const status = $metadata?.httpStatusCode
  if (status === undefined) {
    const text = isLate(error) ? `${at} has not answered in time` : `${at} does not answer: ${messageOf(error)}`
    return new LexFailure(text, { status: notAnswered, isPassing: true, cause: error })
  }
  if (status < 300) return bad(`${at} has answered something that is not an answer of Lex: ${saidBy(error)}`, error)
  const text = `${at} has answered ${status}${detailOf(error)}`
  if (status < 400) return bad(text, error)
  return new LexFailure(text, { status, isPassing: passing.has(status), cause: error })
}

/** A header of PutSession: JSON, compressed and in base64. */
function unpacked(header: string | undefined): unknown {
  if (header === undefined) return undefined
  try {
    return JSON.parse(gunzipSync(Buffer.from(header, 'base64'), { maxOutputLength: largestResponse }).toString())
  } catch (error) {
    throw bad('The headers of the answer to PutSession cannot be read', error)
  }
}

/** The answer of PutSession in the shape of RecognizeText. An endpoint other than Amazon's may answer in that shape, as JSON. */
async function answerOfSession({ messages, sessionState, sessionId, audioStream }: PutSessionCommandOutput): Promise<unknown> {
  if (messages === undefined && sessionState === undefined) {
    const text = (await audioStream?.transformToString())?.trim() ?? ''
    if (text !== '') return JSON.parse(text)
  }
  return { messages: unpacked(messages), sessionState: unpacked(sessionState), sessionId }
}

/** The client of each region: of Amazon's Lex (runtime V2), or the endpoint that is given. The SDK is loaded with the first. */
const lexClients = (endpointUrl: string | undefined) =>
  clientOfRegion(async region => {
    const { LexRuntimeV2Client } = await import('@aws-sdk/client-lex-runtime-v2')
    return new LexRuntimeV2Client(await awsOptions('runtime-v2-lex', region, endpointUrl, largestResponse))
  })

/**
 * If there have never been credentials, the server does not look for them again for some time: the look-up may call the metadata address of
 * a cloud, and take seconds. If there have been some, a retry may succeed.
 */
function lexAsker(endpointUrl: string | undefined): AskLex {
  const clientOf = lexClients(endpointUrl)
  let hadCredentials = hasCredentialVariables()
  let missing: { readonly error: unknown; readonly until: number } | undefined
  return async (turn, abortSignal) => {
    if (missing && performance.now() < missing.until) throw explained(missing.error, turn.aliasArn, endpointUrl)
    try {
      const client = await clientOf(regionOf(turn.aliasArn))
      await client.config.credentials()
      hadCredentials = true
      const { PutSessionCommand, RecognizeTextCommand } = await import('@aws-sdk/client-lex-runtime-v2')
      const input = inputOf(turn)
      if ('text' in input) return await client.send(new RecognizeTextCommand(input), { abortSignal })
      const responseContentType = 'text/plain; charset=utf-8'
      return await answerOfSession(await client.send(new PutSessionCommand({ ...input, responseContentType }), { abortSignal }))
    } catch (error) {
      const failure = explained(error, turn.aliasArn, endpointUrl)
      if (!(failure instanceof NobodyToAsk)) throw failure
      if (hadCredentials) throw new LexFailure(failure.message, { status: notAnswered, isPassing: true, cause: error })
      missing = { error, until: performance.now() + withoutCredentialsMilliseconds }
      throw failure
    }
  }
}

/** Requests an answer from the webhook of the alias in --destinations, or else from Lex. */
export function botAsker({ bots }: Destinations, lexEndpoint: string | undefined): AskLex {
  const askLex = lexAsker(lexEndpoint)
  return async (turn, signal) => {
    const webhook = bots.get(turn.aliasArn)
    if (!webhook) return askLex(turn, signal)
    try {
      return JSON.parse(await ask(webhook, inputOf(turn), largestResponse, signal)) as unknown
    } catch (error) {
      if (error instanceof SyntaxError) throw noJson(shownUrl(webhook.url), error)
      if (error instanceof WebhookRefusal) {
        const status = error.status < 400 ? 502 : error.status
        throw new LexFailure(error.message, { status, isPassing: passing.has(error.status), cause: error })
      }
      const text = error instanceof NotReached ? error.message : `${shownUrl(webhook.url)} does not answer: ${messageOf(error)}`
      throw new LexFailure(text, { status: notAnswered, isPassing: true, cause: error })
    }
  }
}

/** Rejects with an Error that says why bots of the alias get no answer. No text is sent to a bot, since that could have effects. */
export function botCheck({ bots }: Destinations, lexEndpoint: string | undefined) {
  const clientOf = lexClients(lexEndpoint)
  return async (aliasArn: string, signal: AbortSignal) => {
    const webhook = bots.get(aliasArn)
    if (webhook) return reach(webhook, signal)
    if (lexEndpoint !== undefined) return reach({ url: lexEndpoint }, signal)
    const client = await clientOf(regionOf(aliasArn))
    await client.config.credentials().catch((error: unknown) => {
      throw explained(error, aliasArn, lexEndpoint)
    })
  }
}
