import { parseArn } from '../arn.ts'
import { callbackLifetime, giveUpProcessor } from '../domain/flow-runs.ts'
import type { Invocation } from '../events/flows.ts'
import { deleteCallback, markCallbackInvoked } from '../store/flow-callbacks.ts'
import { findRun, type Run } from '../store/flow-runs.ts'
import { whyNotInvoked, type InvokeLambda } from './lambda.ts'
import { Refused, type DeliveryTools, type SingleDelivery } from './delivery.ts'

const iso = (milliseconds: number | undefined) => (milliseconds === undefined ? undefined : new Date(milliseconds).toISOString())

/** The parts of a run that its event has. */
type InvokedRun = Omit<Run, 'id' | 'channelId' | 'subChannelId' | 'isEdit' | 'processors' | 'position'>

/** The event that a processor receives (docs/service/channel-flows.md#the-event-of-a-processor). Undefined members are left out. */
export const eventOf = (run: InvokedRun, callbackId: string) => ({
  EventType: 'CHANNEL_MESSAGE_EVENT',
  CallbackId: callbackId,
  ChannelMessage: {
    MessageId: run.messageId,
    ChannelArn: run.channelArn,
    SubChannelId: run.subChannelName,
    Content: run.content,
    Metadata: run.metadata,
    Sender: { Arn: run.sender.arn, Name: run.sender.name },
    Persistence: run.persistence,
    Type: 'STANDARD',
    CreatedTimestamp: iso(run.sentAt),
    LastEditedTimestamp: iso(run.editedAt),
    PushNotification: run.pushNotification,
  },
  ...moreOf(run),
})

/** The members that the event of the real service does not have (docs/service/channel-flows.md#the-event-of-a-processor). */
function moreOf({ target, contentType, attributes }: InvokedRun) {
  if (!target && contentType === undefined && !attributes) return {}
  return { Carillon: { Target: target && [{ MemberArn: target.arn }], ContentType: contentType, MessageAttributes: attributes } }
}

function processorOf({ processors, position }: Run) {
  const { Name: name, Configuration } = processors[position]!
  return { name, functionArn: Configuration.Lambda.ResourceArn }
}

/** The same error for the log, which names the flow and says what to change. */
function notInvoked(run: Run, error: unknown): Error {
  const { name, functionArn } = processorOf(run)
  const text = `The processor ${name} (${functionArn}) could not be invoked for the message ${run.messageId} of ${run.channelArn}: ${whyNotInvoked(error).long}`
  return error instanceof Refused ? new Refused(text, { cause: error }) : new Error(text, { cause: error })
}

/** Invokes the processors of channel flows: three attempts, then the processor's FallbackAction. */
export const flowInvocations = ({ db, now, ids, log, report }: DeliveryTools, invoke: InvokeLambda): SingleDelivery => ({
  isOrdered: false,
  attempts: 3,

  async deliver({ payload }, signal) {
    const { callbackId } = JSON.parse(payload) as Invocation
    // The time for the answer begins here. If the callback is already decided, or the channel is deleted, there is nothing to do.
    const runId = await db.transaction(tx => markCallbackInvoked(tx, callbackId, now() + callbackLifetime))
    if (runId === undefined) return
    const run = await findRun(db, runId)
    if (!run) {
      await db.transaction(tx => deleteCallback(tx, callbackId))
      return
    }
    try {
      await invoke(processorOf(run).functionArn, eventOf(run, callbackId), signal)
    } catch (error) {
      throw notInvoked(run, error)
    }
  },

  async giveUp(tx, { payload }, error) {
    const { cause = error } = error as Error
    const { short, long } = whyNotInvoked(cause)
    const given = await giveUpProcessor(tx, JSON.parse(payload) as Invocation, short, { now: now(), ids })
    if (!given) return
    const { run, action } = given
    const { name, functionArn } = processorOf(run)
    const about = { channel: run.channelArn, messageId: run.messageId, processor: name, function: functionArn, reason: long, action }
    log.warn(about, 'A processor cannot be invoked')
    const detail = {
      eventType: 'ProcessorInvocationFailure',
      appInstanceArn: parseArn(run.channelArn)!.appInstanceArn,
      channelArn: run.channelArn,
      messageId: run.messageId,
      processorResourceArn: functionArn,
      failureReason: long,
    } as const
    await report(tx, { detailType: 'Chime ChannelFlow Processing Status', detail })
  },
})
