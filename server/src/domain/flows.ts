import { randomBytes } from 'node:crypto'
import type { CalledChannel } from '../store/facts.ts'
import { badRequest, conflict, forbidden } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Invocation } from '../events/flows.ts'
import type { MessageKind } from '../events/events.ts'
import { advanceChannel, type Moment } from '../store/channels.ts'
import type { Queries, Transaction } from '../database/database.ts'
import { decideCallback, deleteCallback, findCallback, insertCallback, type Callback } from '../store/flow-callbacks.ts'
import { deleteRun, findRun, insertRun, moveRun, type NewRun, type Run, type RunContent } from '../store/flow-runs.ts'
import { flowProcessors, type Processor } from '../store/flows.ts'
import { findMessage, type Message, type MessageType } from '../store/messages.ts'
import { raiseSubChannel } from '../store/sub-channels.ts'
import { dropMessage, failMessage, releaseMessage, replaceMessage } from '../store/pending-messages.ts'

/** For so long after its invocation a processor may answer (docs/service/channel-flows.md#the-callback). */
export const callbackLifetime = 48 * 60 * 60 * 1000

/** The longest Status.Detail of the API. */
const longestDetail = 256

/** What has been decided without an answer of the processor. */
type Unanswered = 'skipped' | 'aborted' | 'expired'

/** Whether a message of this type would go through a flow: CONTROL messages do not. */
export const isForFlow = (flowId: number | undefined, type: MessageType): flowId is number => flowId !== undefined && type === 'STANDARD'

/** The processors that a message has to pass; undefined where it has none, or the flow is deleted meanwhile. */
export async function processorsFor(tx: Queries, { flowId }: CalledChannel, type: MessageType): Promise<readonly Processor[] | undefined> {
  return isForFlow(flowId, type) ? flowProcessors(tx, flowId) : undefined
}

/** Starts a message or an edit on its way. ConflictException where an edit of the message is on its way already. */
export async function enterFlow(tx: Transaction, run: NewRun, now: number) {
  const id = await insertRun(tx, run)
  if (id === undefined)
    throw conflict('The message is being processed', 'An earlier edit of the message is still PENDING. Try again once it is SENT.')
  await invoke(tx, { ...run, id }, now)
}

async function invoke(tx: Transaction, run: { id: number; channelId: number; messageId: string }, now: number) {
  const callbackId = randomBytes(24).toString('base64url')
  await insertCallback(tx, { callbackId, runId: run.id, channelId: run.channelId, messageId: run.messageId })
  await emit(tx, { kind: 'ProcessorDue', callbackId, now })
}

/** On to the next processor, or, after the last one, out. */
async function proceed(tx: Transaction, run: Run, now: number) {
  const position = run.position + 1
  if (position < run.processors.length) {
    await moveRun(tx, run.id, position, run)
    return invoke(tx, run, now)
  }
  const isMessageForAll = !run.isEdit && !run.target && run.persistence === 'PERSISTENT'
  await ended(tx, run, now, 'SENT', {
    what: isMessageForAll ? 'message' : 'other',
    end: async at => {
      if (run.isEdit) return replaceMessage(tx, run, at)
      return run.persistence === 'NON_PERSISTENT' ? dropMessage(tx, run) : releaseMessage(tx, run, at)
    },
  })
}

type Outcome = 'SENT' | 'DENIED' | 'FAILED'

const kindOfMessage: Record<Outcome, MessageKind> = { SENT: 'MessageSent', DENIED: 'MessageDenied', FAILED: 'MessageFailed' }
const kindOfEdit: Record<Outcome, MessageKind> = { SENT: 'MessageEdited', DENIED: 'MessageEditDenied', FAILED: 'MessageEditFailed' }

interface Ending {
  readonly what?: 'message' | 'other'
  /** Why it has FAILED. */
  readonly detail?: string
  /** False where the message is gone or redacted. */
  readonly end: (at: number, message: Message | undefined) => Promise<boolean>
}

/**
 * Ends a run as an event of its channel, and says what has become of it. The channel is locked before the run is touched, as
 * it is by those who start one.
 */
async function ended(tx: Transaction, run: Run, now: number, outcome: Outcome, { what = 'other', detail, end }: Ending) {
  const moment = await advanceChannel(tx, run.channelId, now, what)
  if (moment) {
    if (run.subChannelId !== 0 && what === 'message') await raiseSubChannel(tx, run.subChannelId, moment.at)
    const message = await findMessage(tx, run.channelId, run.subChannelId, run.messageId)
    if ((await end(moment.at, message)) && message) {
      await emitOutcome(tx, run, { status: outcome, statusDetail: detail }, message, moment)
    }
  }
  await deleteRun(tx, run.id)
}

/** What is passed is as the processors have left it; what is not is as its sender has written it. */
async function emitOutcome(
  tx: Transaction,
  run: Run,
  outcome: { readonly status: Outcome; readonly statusDetail: string | undefined },
  message: Message,
  { at, sequence }: Moment,
) {
  const { status } = outcome
  const { content, metadata, attributes, contentType } = run
  const isVersion = run.isEdit || status === 'SENT'
  const decided = {
    ...message,
    ...(isVersion && { content, metadata, attributes, contentType }),
    ...(run.isEdit && { editedAt: new Date(run.editedAt ?? at), updatedAt: new Date(at) }),
    ...outcome,
  }
  const kind = (run.isEdit ? kindOfEdit : kindOfMessage)[status]
  await emit(tx, { kind, sequence, place: run, message: decided, pushNotification: run.pushNotification })
}

const isLeft = (message: Message | undefined) => message !== undefined && !message.redacted

/** Denied: as if it had never been sent; the stored version of an edited message stays. */
const deny = (tx: Transaction, run: Run, now: number) =>
  ended(tx, run, now, 'DENIED', { end: async (_, message) => (run.isEdit ? isLeft(message) : dropMessage(tx, run)) })

/** FAILED for its sender, with the reason, where it is a message that is kept. */
const fail = (tx: Transaction, run: Run, now: number, detail: string) =>
  ended(tx, run, now, 'FAILED', {
    detail,
    end: async (_, message) => {
      if (run.isEdit) return isLeft(message)
      return run.persistence === 'PERSISTENT' ? failMessage(tx, run, detail) : dropMessage(tx, run)
    },
  })

/** What a processor has answered: undefined for a denial. */
export type Answer = { readonly [Member in keyof RunContent]: RunContent[Member] | undefined } | undefined

/** Why a CallbackId is answered for, by what has been decided without a denial. */
const decidedReasons: Readonly<Record<string, string>> = {
  passed: 'The processor has already answered this CallbackId: a CallbackId is good for one answer.',
  skipped: 'The processor could not be invoked, and the message has gone on without it (FallbackAction CONTINUE).',
  aborted: 'The processor could not be invoked, and the message has FAILED (FallbackAction ABORT).',
}

/** Refuses an answer that comes after the decision, in the words of the real service (docs/service/channel-flows.md#a-second-answer). */
export function refuseDecided(callbackId: string, { decision, messageId }: Pick<Callback, 'decision' | 'messageId'>) {
  if (decision === null) return
  if (decision === 'denied')
    throw forbidden('The processor has already denied the message with this CallbackId: a CallbackId is good for one answer.')
  throw badRequest(
    `Unable to complete processing of non-pending message for callback id: ${callbackId}, message id: ${messageId}`,
    decidedReasons[decision],
  )
}

/**
 * Does what a processor has decided, once: of several answers at the same moment the others are a ConflictException. What an
 * answer leaves out stays as it is.
 */
export async function answerCallback(tx: Transaction, callbackId: string, answer: Answer, now: number) {
  const runId = await decideCallback(tx, callbackId, answer ? 'passed' : 'denied', now + callbackLifetime)
  if (runId === undefined) {
    throw conflict('The message is being processed', 'Another answer with this CallbackId is being processed: answer it once.')
  }
  const run = await findRun(tx, runId)
  if (!run) throw noSuchCallback()
  if (!answer) return deny(tx, run, now)
  const given = Object.entries(answer).filter(([, value]) => value !== undefined)
  await proceed(tx, { ...run, ...Object.fromEntries(given) }, now)
}

/** For a CallbackId that was never given, or whose time or channel is over. */
export const noSuchCallback = () =>
  forbidden('The CallbackId must come from an event that a processor received in the last 48 hours, for a channel that exists.')

/** What the sender reads in Status.Detail of a message that has FAILED. */
const failed = ({ processors, position }: Run, why: string) =>
  Array.from(`The processor ${processors[position]!.Name} ${why}.`).slice(0, longestDetail).join('')

/**
 * The processor cannot be invoked, for the reason that senders may read: CONTINUE leaves it out, ABORT gives the message up.
 * Says which, or undefined where it has answered.
 */
export async function giveUpProcessor(tx: Transaction, { callbackId }: Invocation, why: string, now: number) {
  const found = await findCallback(tx, callbackId)
  const run = found && (await findRun(tx, found.runId))
  if (!run) return undefined
  const action = run.processors[run.position]!.FallbackAction
  const decision: Unanswered = action === 'CONTINUE' ? 'skipped' : 'aborted'
  if ((await decideCallback(tx, callbackId, decision, now + callbackLifetime)) === undefined) return undefined
  await (action === 'CONTINUE' ? proceed(tx, run, now) : fail(tx, run, now, failed(run, `could not be invoked: ${why}`)))
  return { run, action }
}

/** The time to answer is over: what is undecided has FAILED, and the CallbackId is forgotten. */
export async function expireCallback(tx: Transaction, callbackId: string, now: number) {
  const runId = await decideCallback(tx, callbackId, 'expired' satisfies Unanswered, now)
  const run = runId === undefined ? undefined : await findRun(tx, runId)
  if (run) await fail(tx, run, now, failed(run, 'has not answered within 48 hours'))
  await deleteCallback(tx, callbackId)
}
