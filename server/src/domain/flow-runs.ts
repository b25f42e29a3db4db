import type { CalledChannel } from '../store/facts.ts'
import { badRequest, conflict, forbidden } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Invocation } from '../events/flows.ts'
import type { MessageKind } from '../events/events.ts'
import { advanceChannel, type Advancing, type Moment } from '../store/channels.ts'
import type { Queries, Transaction } from '../database/database.ts'
import { decideCallback, deleteCallback, findCallback, insertCallback, type Callback } from '../store/flow-callbacks.ts'
import { deleteRun, findRun, insertRun, moveRun, type NewRun, type Run, type RunContent } from '../store/flow-runs.ts'
import { flowProcessors, type Processor } from '../store/flows.ts'
import { findMessage, type Message, type MessageType } from '../store/messages.ts'
import { raiseSubChannel } from '../store/sub-channels.ts'
import type { Thread } from '../store/threads.ts'
import { dropMessage, failMessage, releaseMessage, replaceMessage } from '../store/pending-messages.ts'
import type { Ids } from '../tools/ids.ts'
import { enterThread } from './threads.ts'

/** How long after its invocation a processor may answer (docs/service/channel-flows.md#the-callback). */
export const callbackLifetime = 48 * 60 * 60 * 1000

/** The longest Status.Detail of the API. */
const longestDetail = 256

/** A decision without an answer of the processor. */
type Unanswered = 'skipped' | 'aborted' | 'expired'

/** Whether a message of this type goes through a flow: CONTROL messages do not. */
export const isForFlow = (flowId: number | undefined, type: MessageType): flowId is number => flowId !== undefined && type === 'STANDARD'

/** The processors of a message; undefined if the channel has no flow, or the flow was deleted meanwhile. */
export async function processorsFor(tx: Queries, { flowId }: CalledChannel, type: MessageType): Promise<readonly Processor[] | undefined> {
  return isForFlow(flowId, type) ? flowProcessors(tx, flowId) : undefined
}

/** The present, and where the ids of callbacks come from. */
interface Running {
  readonly now: number
  readonly ids: Ids
}

/**
 * Starts a message or an edit on its way through the flow. Throws ConflictException if an edit of the message is already in flight.
 */
export async function enterFlow(tx: Transaction, run: NewRun, running: Running) {
  const id = await insertRun(tx, run)
  if (id === undefined)
    throw conflict('The message is being processed', 'An earlier edit of the message is still PENDING. Try again once it is SENT.')
  await invoke(tx, { ...run, id, position: 0 }, running)
}

type Invoked = Pick<Run, 'id' | 'channelId' | 'messageId' | 'processors' | 'position'>

async function invoke(tx: Transaction, run: Invoked, { now, ids }: Running) {
  const callbackId = ids.callback()
  await insertCallback(tx, { callbackId, runId: run.id, channelId: run.channelId, messageId: run.messageId })
  const { ResourceArn: functionArn } = run.processors[run.position]!.Configuration.Lambda
  await emit(tx, { kind: 'ProcessorDue', callbackId, functionArn, now })
}

/** Invokes the next processor, or ends the run after the last one. */
async function proceed(tx: Transaction, run: Run, running: Running) {
  const position = run.position + 1
  if (position < run.processors.length) {
    await moveRun(tx, run.id, position, run)
    return invoke(tx, { ...run, position }, running)
  }
  const isMessageForAll = !run.isEdit && !run.target && run.persistence === 'PERSISTENT'
  await ended(tx, run, running.now, 'SENT', {
    what: isMessageForAll ? 'counted message' : 'other',
    end: async moment => {
      if (run.isEdit) return replaceMessage(tx, run, moment.at)
      return run.persistence === 'NON_PERSISTENT' ? dropMessage(tx, run) : releaseMessage(tx, run, moment)
    },
  })
}

type Outcome = 'SENT' | 'DENIED' | 'FAILED'

const kindOfMessage: Record<Outcome, MessageKind> = { SENT: 'MessageSent', DENIED: 'MessageDenied', FAILED: 'MessageFailed' }
const kindOfEdit: Record<Outcome, MessageKind> = { SENT: 'MessageEdited', DENIED: 'MessageEditDenied', FAILED: 'MessageEditFailed' }

interface Ending {
  readonly what?: Advancing
  /** Why the message has FAILED. */
  readonly detail?: string
  /** Stores the outcome; false if the message is gone or redacted. */
  readonly end: (moment: Moment, message: Message | undefined) => Promise<boolean>
}

/** The next number of the channel, and how many messages its sub-channel has counted if there is one; undefined if the channel is gone. */
async function advanceForRun(tx: Queries, { channelId, subChannelId }: Run, now: number, what: Advancing): Promise<Moment | undefined> {
  if (subChannelId === 0) return advanceChannel(tx, channelId, now, what)
  const moment = await advanceChannel(tx, channelId, now, what === 'other' ? what : 'message')
  return moment && { ...moment, counted: (await raiseSubChannel(tx, subChannelId, moment.at, what)) ?? 0 }
}

/**
 * Ends a run as an event of its channel, and emits the outcome. The channel is locked before the run, in the same order as when a
 * run starts.
 */
async function ended(tx: Transaction, run: Run, now: number, outcome: Outcome, { what = 'other', detail, end }: Ending) {
  const moment = await advanceForRun(tx, run, now, what)
  if (moment) {
    const message = await findMessage(tx, run)
    if ((await end(moment, message)) && message) {
      const thread = what === 'counted message' ? await enterThread(tx, run, now) : undefined
      await emitOutcome(tx, run, { status: outcome, statusDetail: detail }, message, { moment, thread })
    }
  }
  await deleteRun(tx, run.id)
}

/** A released message has the content that the processors have left; any other has the content of its sender. */
async function emitOutcome(
  tx: Transaction,
  run: Run,
  outcome: { readonly status: Outcome; readonly statusDetail: string | undefined },
  message: Message,
  { moment, thread }: { readonly moment: Moment; readonly thread: Thread | undefined },
) {
  const { at } = moment
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
  const before = run.isEdit ? message.content : undefined
  await emit(tx, { kind, moment, place: run, message: decided, before, pushNotification: run.pushNotification, thread })
}

const isLeft = (message: Message | undefined) => message !== undefined && !message.redacted

/** Denied: a new message disappears; for an edit, the stored version stays. */
const deny = (tx: Transaction, run: Run, now: number) =>
  ended(tx, run, now, 'DENIED', { end: async (_, message) => (run.isEdit ? isLeft(message) : dropMessage(tx, run)) })

/** FAILED for its sender, with the reason, if the message is stored. */
const fail = (tx: Transaction, run: Run, now: number, detail: string) =>
  ended(tx, run, now, 'FAILED', {
    detail,
    end: async (_, message) => {
      if (run.isEdit) return isLeft(message)
      return run.persistence === 'PERSISTENT' ? failMessage(tx, run, detail) : dropMessage(tx, run)
    },
  })

/** The decision of a processor to pass the message on, with its changes; undefined if it denies the message. */
export type ProcessorAnswer = { readonly [Member in keyof RunContent]: RunContent[Member] | undefined } | undefined

/** The reason for which a callback is refused, by the decision that exists already. */
const decidedReasons: Readonly<Record<string, string>> = {
  passed: 'The processor has already answered this CallbackId: a CallbackId is good for one answer.',
  skipped: 'The processor could not be invoked, and was skipped (FallbackAction CONTINUE).',
  aborted: 'The processor could not be invoked, and the message has FAILED (FallbackAction ABORT).',
}

/**
 * Throws for an answer that arrives after the decision, with the messages of the real service
 * (docs/service/channel-flows.md#a-second-answer).
 */
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
 * Applies the decision of a processor, once; concurrent answers get a ConflictException. A member that the answer leaves out keeps
 * its value.
 */
export async function answerCallback(tx: Transaction, callbackId: string, answer: ProcessorAnswer, running: Running) {
  const { now } = running
  const runId = await decideCallback(tx, callbackId, answer ? 'passed' : 'denied', now + callbackLifetime)
  if (runId === undefined) {
    throw conflict(
      'The message is being processed',
      'Another answer with this CallbackId is being processed. Answer a CallbackId only once.',
    )
  }
  const run = await findRun(tx, runId)
  if (!run) throw noSuchCallback()
  if (!answer) return deny(tx, run, now)
  const given = Object.entries(answer).filter(([, value]) => value !== undefined)
  await proceed(tx, { ...run, ...Object.fromEntries(given) }, running)
}

/** The error for a CallbackId that is unknown or has expired, or whose channel is deleted. */
export const noSuchCallback = () =>
  forbidden('The CallbackId must come from an event that a processor received in the last 48 hours, for a channel that exists.')

/** The Status.Detail of a FAILED message, for its sender. */
const failed = ({ processors, position }: Run, why: string) =>
  Array.from(`The processor ${processors[position]!.Name} ${why}.`).slice(0, longestDetail).join('')

/**
 * For a processor that cannot be invoked, with the reason for the sender: CONTINUE skips the processor, ABORT fails the message.
 * Returns which, or undefined if the processor has answered.
 */
export async function giveUpProcessor(tx: Transaction, { callbackId }: Invocation, why: string, running: Running) {
  const { now } = running
  const found = await findCallback(tx, callbackId)
  const run = found && (await findRun(tx, found.runId))
  if (!run) return undefined
  const action = run.processors[run.position]!.FallbackAction
  const decision: Unanswered = action === 'CONTINUE' ? 'skipped' : 'aborted'
  if ((await decideCallback(tx, callbackId, decision, now + callbackLifetime)) === undefined) return undefined
  await (action === 'CONTINUE' ? proceed(tx, run, running) : fail(tx, run, now, failed(run, `could not be invoked: ${why}`)))
  return { run, action }
}

/** For a callback whose time is over: an undecided message has FAILED, and the CallbackId is deleted. */
export async function expireCallback(tx: Transaction, callbackId: string, now: number) {
  const runId = await decideCallback(tx, callbackId, 'expired' satisfies Unanswered, now)
  const run = runId === undefined ? undefined : await findRun(tx, runId)
  if (run) await fail(tx, run, now, failed(run, 'has not answered within 48 hours'))
  await deleteCallback(tx, callbackId)
}
