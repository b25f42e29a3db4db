import type { Log } from '../log.ts'
import { callbackLifetime, giveUpProcessor, type Invocation } from '../domain/flows.ts'
import type { Database } from '../store/database.ts'
import { deleteCallback, markCallbackInvoked } from '../store/flow-callbacks.ts'
import { findRun, type Run } from '../store/flow-runs.ts'
import type { InvokeLambda } from './lambda.ts'
import type { Delivery } from './runner.ts'

const iso = (milliseconds: number | undefined) => (milliseconds === undefined ? undefined : new Date(milliseconds).toISOString())

/** What a processor is handed (spec/channel-flows.md §3). What is undefined is left out. */
const eventOf = (run: Run, callbackId: string) => ({
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
    MessageAttributes: run.attributes,
    ContentType: run.contentType,
    PushNotification: run.pushNotification,
    Target: run.target && [{ MemberArn: run.target.arn }],
  },
})

interface Tools {
  readonly db: Database
  readonly now: () => number
  readonly log: Log
  readonly invoke: InvokeLambda
}

/** Invokes the processors of channel flows: three tries, then the processor's FallbackAction. */
export const flowInvocations = ({ db, now, log, invoke }: Tools): Delivery => ({
  attempts: 3,

  async deliver(payload, signal) {
    const { callbackId } = payload as Invocation
    // The time to answer counts from here. Where it is decided already, or the channel is gone, there is nothing to do.
    const runId = await db.transaction(tx => markCallbackInvoked(tx, callbackId, now() + callbackLifetime))
    if (runId === undefined) return
    const run = await findRun(db, runId)
    if (!run) {
      await db.transaction(tx => deleteCallback(tx, callbackId))
      return
    }
    await invoke(run.processors[run.position]!.Configuration.Lambda.ResourceArn, eventOf(run, callbackId), signal)
  },

  async giveUp(tx, payload, reason) {
    const given = await giveUpProcessor(tx, payload as Invocation, now())
    if (!given) return
    const { run, action } = given
    const { ResourceArn } = run.processors[run.position]!.Configuration.Lambda
    log.warn({ channel: run.channelArn, messageId: run.messageId, processor: ResourceArn, reason, action }, 'A processor cannot be invoked')
  },
})
