import { randomUUID } from 'node:crypto'
import { arnWithin, parseArn } from '../arn.ts'
import type { Handlers } from '../call.ts'
import { badRequest, conflict, forbidden, notFound } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { checkCount, exceeded, holdAppInstance } from '../domain/counts.ts'
import { answerCallback, flowDetails, flowSummary, noSuchCallback, refuseDecided, type Answer } from '../domain/flows.ts'
import { checkMessageSize } from '../domain/sizes.ts'
import { tagNew } from '../domain/tags.ts'
import type { Queries } from '../store/database.ts'
import { findCallback } from '../store/flow-callbacks.ts'
import { findRun } from '../store/flow-runs.ts'
import {
  associateFlow,
  channelsOfFlow,
  countFlows,
  deleteFlow,
  disassociateFlow,
  flowByName,
  insertFlow,
  isFlowUsed,
  listFlows,
  lockFlow,
  updateFlow,
  type Processor,
} from '../store/flows.ts'
import { removeAllTags } from '../store/tags.ts'
import { requireAppInstance } from './app-instances.ts'
import { once } from './idempotency.ts'
import { paged } from './paging.ts'

const findFlow = async (db: Queries, text: string) => {
  const arn = parseArn(text)
  return arn && flowByName(db, arn)
}

async function requireFlow(db: Queries, text: string) {
  const found = await findFlow(db, text)
  if (!found) throw forbidden(`There is no channel flow ${text}.`)
  return found
}

/** In the order of execution, which no two may share. */
function ordered(processors: readonly Processor[]): Processor[] {
  const orders = new Set(processors.map(({ ExecutionOrder }) => ExecutionOrder))
  if (orders.size === processors.length) return processors.toSorted((a, b) => a.ExecutionOrder - b.ExecutionOrder)
  throw badRequest('Each processor must have an ExecutionOrder of its own', 'Number them 1, 2, 3, in the order in which they run.')
}

const isTooMany = (processors: readonly Processor[], limits: Limits) => processors.length > limits.processorsPerFlow

export const flows: Handlers<
  | 'CreateChannelFlow'
  | 'DescribeChannelFlow'
  | 'ListChannelFlows'
  | 'UpdateChannelFlow'
  | 'DeleteChannelFlow'
  | 'AssociateChannelFlow'
  | 'DisassociateChannelFlow'
  | 'ListChannelsAssociatedWithChannelFlow'
  | 'ChannelFlowCallback'
> = {
  async CreateChannelFlow(input, call) {
    const { AppInstanceArn, Name, Tags } = input
    const processors = ordered(input.Processors)
    if (isTooMany(processors, call.limits)) throw exceeded('processorsPerFlow', call.limits)
    const { id: appInstanceId } = await requireAppInstance(call, AppInstanceArn)
    return once(call, AppInstanceArn, input, async tx => {
      await holdAppInstance(tx, appInstanceId)
      checkCount(await countFlows(tx, appInstanceId), 'flowsPerAppInstance', call.limits)
      const externalId = randomUUID()
      const id = await insertFlow(tx, { appInstanceId, externalId, name: Name, processors, now: call.now() })
      await tagNew(tx, { kind: 'channel-flow', id }, Tags)
      return { ChannelFlowArn: arnWithin(AppInstanceArn, 'channel-flow', externalId) }
    })
  },

  async DescribeChannelFlow({ ChannelFlowArn }, { db }) {
    return { ChannelFlow: flowDetails(await requireFlow(db, ChannelFlowArn)) }
  },

  async ListChannelFlows(input, call) {
    const { id } = await requireAppInstance(call, input.AppInstanceArn)
    const { items, NextToken } = await paged(call, input, [input.AppInstanceArn], (after, limit) => listFlows(call.db, id, after, limit))
    return { ChannelFlows: items.map(flowSummary), NextToken }
  },

  /** Replaces the whole of it, for messages that are sent later. */
  async UpdateChannelFlow({ ChannelFlowArn, Name, Processors }, { db, limits, now }) {
    const processors = ordered(Processors)
    // ResourceLimitExceededException is not declared here.
    if (isTooMany(processors, limits)) {
      throw badRequest('The channel flow has too many processors', `At most ${limits.processorsPerFlow} are allowed.`)
    }
    await db.transaction(async tx => {
      const { id } = await requireFlow(tx, ChannelFlowArn)
      await updateFlow(tx, id, { name: Name, processors, now: now() })
    })
    return { ChannelFlowArn }
  },

  async DeleteChannelFlow({ ChannelFlowArn }, { db }) {
    await db.transaction(async tx => {
      const { id } = await requireFlow(tx, ChannelFlowArn)
      await lockFlow(tx, id)
      if (await isFlowUsed(tx, id)) {
        throw conflict('The channel flow is associated with a channel', 'Disassociate it from all its channels first.')
      }
      await removeAllTags(tx, { kind: 'channel-flow', id })
      await deleteFlow(tx, id)
    })
  },

  async AssociateChannelFlow({ ChannelFlowArn }, { db, channel }) {
    await db.transaction(async tx => {
      const found = await findFlow(tx, ChannelFlowArn)
      if (!found || !(await lockFlow(tx, found.id))) {
        throw notFound('The channel flow does not exist.', `There is no channel flow ${ChannelFlowArn}.`)
      }
      if (await associateFlow(tx, channel.id, found.id)) return
      throw conflict('The channel already has another channel flow', 'Disassociate that one first: a channel has at most one.')
    })
  },

  /** What is on its way through the flow is still decided by it. */
  async DisassociateChannelFlow({ ChannelFlowArn }, { db, channel }) {
    await db.transaction(async tx => {
      const found = await findFlow(tx, ChannelFlowArn)
      if (found && (await disassociateFlow(tx, channel.id, found.id))) return
      throw notFound('The channel flow is not associated with the channel.', `${channel.arn} does not have ${ChannelFlowArn}.`)
    })
  },

  async ListChannelsAssociatedWithChannelFlow(input, call) {
    const { id } = await requireFlow(call.db, input.ChannelFlowArn)
    const { items, NextToken } = await paged(call, input, [input.ChannelFlowArn], (after, limit) =>
      channelsOfFlow(call.db, id, after, limit),
    )
    const Channels = items.map(({ arn, name, metadata, mode, privacy }) => ({
      Name: name,
      ChannelArn: arn,
      Mode: mode,
      Privacy: privacy,
      Metadata: metadata,
    }))
    return { Channels, NextToken }
  },

  async ChannelFlowCallback({ CallbackId, ChannelArn, DeleteResource, ChannelMessage }, { db, now, deliverSoon }) {
    const { MessageId, SubChannelId, Content, Metadata, MessageAttributes, PushNotification, ContentType } = ChannelMessage
    const answer: Answer = DeleteResource
      ? undefined
      : {
          content: Content,
          metadata: Metadata,
          attributes: MessageAttributes,
          contentType: ContentType,
          pushNotification: PushNotification,
        }
    // Before the transaction: who is overtaken from here on has come at the same moment, and not after the decision.
    const callback = await findCallback(db, CallbackId)
    if (!callback?.channelArn || (callback.expiresAt ?? Infinity) <= now()) throw noSuchCallback()
    if (callback.channelArn !== ChannelArn || callback.messageId !== MessageId) {
      throw badRequest('The CallbackId belongs to another message', 'Give back ChannelArn and MessageId as they came with the CallbackId.')
    }
    refuseDecided(CallbackId, callback)
    const run = await findRun(db, callback.runId)
    if (run && SubChannelId !== undefined && SubChannelId !== run.subChannelName) {
      throw badRequest('The message is not in that sub-channel', 'Give SubChannelId back as it came, or leave it out.')
    }
    checkMessageSize('STANDARD', { content: Content ?? '', metadata: Metadata, attributes: MessageAttributes })
    await db.transaction(tx => answerCallback(tx, CallbackId, answer, now()))
    deliverSoon()
    return { ChannelArn, CallbackId }
  },
}
