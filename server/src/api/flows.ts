import type { Handlers } from './call.ts'
import { badRequest } from '../errors.ts'
import { requireAppInstance } from '../domain/app-instances.ts'
import { associate, changeFlow, createFlow, deleteFlow, disassociate, requireFlow } from '../domain/channel-flows.ts'
import { answerCallback, noSuchCallback, refuseDecided, type ProcessorAnswer } from '../domain/flow-runs.ts'
import { checkMessageSize } from '../domain/sizes.ts'
import { channelSummary } from '../present/channels.ts'
import { flowDetails, flowSummary } from '../present/flows.ts'
import { findCallback } from '../store/flow-callbacks.ts'
import { findRun } from '../store/flow-runs.ts'
import { channelsOfFlow, listFlows, type Processor } from '../store/flows.ts'
import { actingIn } from './acting.ts'
import { once } from './idempotency.ts'
import { named } from './named.ts'
import { paged } from './paging.ts'

const functionsOf = (processors: readonly Processor[]) => processors.map(({ Configuration }) => Configuration.Lambda.ResourceArn)

export const flows = {
  async CreateChannelFlow(input, call) {
    const appInstance = await requireAppInstance(call.db, input.AppInstanceArn)
    const flow = { name: input.Name, processors: input.Processors, tags: input.Tags }
    const created = await once(call, appInstance.arn, input, async tx => ({
      ChannelFlowArn: await createFlow(tx, call, appInstance, flow),
    }))
    call.warnOfFunctions(created.ChannelFlowArn, functionsOf(input.Processors))
    return created
  },

  async DescribeChannelFlow(_, call) {
    return { ChannelFlow: flowDetails(await requireFlow(call.db, named(call, 'ChannelFlowArn'))) }
  },

  async ListChannelFlows(input, call) {
    const { id } = await requireAppInstance(call.db, input.AppInstanceArn)
    const { items, NextToken } = await paged(call, input, [input.AppInstanceArn], (after, limit) => listFlows(call.db, id, after, limit))
    return { ChannelFlows: items.map(flowSummary), NextToken }
  },

  async UpdateChannelFlow({ ChannelFlowArn, Name, Processors }, call) {
    await call.db.transaction(tx => changeFlow(tx, call, named(call, 'ChannelFlowArn'), { name: Name, processors: Processors }))
    call.warnOfFunctions(ChannelFlowArn, functionsOf(Processors))
    return { ChannelFlowArn }
  },

  async DeleteChannelFlow(_, call) {
    await call.db.transaction(tx => deleteFlow(tx, named(call, 'ChannelFlowArn')))
  },

  async AssociateChannelFlow(_, call) {
    await call.db.transaction(tx => associate(tx, actingIn(call), named(call, 'ChannelFlowArn')))
  },

  async DisassociateChannelFlow(_, call) {
    await call.db.transaction(tx => disassociate(tx, actingIn(call), named(call, 'ChannelFlowArn')))
  },

  async ListChannelsAssociatedWithChannelFlow(input, call) {
    const { id } = await requireFlow(call.db, named(call, 'ChannelFlowArn'))
    const { items, NextToken } = await paged(call, input, [input.ChannelFlowArn], (after, limit) =>
      channelsOfFlow(call.db, id, after, limit),
    )
    return { Channels: items.map(channelSummary), NextToken }
  },

  async ChannelFlowCallback({ CallbackId, ChannelArn, DeleteResource, ChannelMessage }, { db, now, limits, ids }) {
    const { MessageId, SubChannelId, Content, Metadata, MessageAttributes, PushNotification, ContentType } = ChannelMessage
    const answer: ProcessorAnswer = DeleteResource
      ? undefined
      : {
          content: Content,
          metadata: Metadata,
          attributes: MessageAttributes,
          contentType: ContentType,
          pushNotification: PushNotification,
        }
    // Read before the transaction: a decision from here on counts as concurrent, and not as an earlier one.
    const callback = await findCallback(db, CallbackId)
    if (!callback?.channelArn || (callback.expiresAt ?? Infinity) <= now()) throw noSuchCallback()
    if (callback.channelArn !== ChannelArn || callback.messageId !== MessageId) {
      throw badRequest(
        'The CallbackId belongs to another message',
        'Send the ChannelArn and MessageId of the event that had this CallbackId.',
      )
    }
    refuseDecided(CallbackId, callback)
    const run = await findRun(db, callback.runId)
    if (run && SubChannelId !== undefined && SubChannelId !== run.subChannelName) {
      throw badRequest('The message is not in that sub-channel', 'Send the SubChannelId of the event, or leave it out.')
    }
    checkMessageSize('STANDARD', { content: Content ?? '', metadata: Metadata, attributes: MessageAttributes }, limits)
    await db.transaction(tx => answerCallback(tx, CallbackId, answer, { now: now(), ids }))
    return { ChannelArn, CallbackId }
  },
} satisfies Partial<Handlers>
