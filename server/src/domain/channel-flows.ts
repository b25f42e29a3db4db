import { arnWithin, type Arn } from '../arn.ts'
import { badRequest, conflict, forbidden, notFound } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { AppInstance } from '../store/app-instances.ts'
import type { Queries, Transaction } from '../database/database.ts'
import {
  associateFlow,
  countFlows,
  deleteFlow as deleteFlowRow,
  disassociateFlow,
  findFlow,
  insertFlow,
  isFlowUsed,
  lockFlow,
  updateFlow,
  type Flow,
  type Processor,
} from '../store/flows.ts'
import { removeAllTags } from '../store/tags.ts'
import type { ActingInChannel, Doing } from './acting.ts'
import { checkCount, exceeded, holdAppInstance } from './counts.ts'
import { tagNew, type GivenTag } from './tags.ts'

/** The flow of that ARN. Throws ForbiddenException if there is none. */
export async function requireFlow(db: Queries, arn: Arn): Promise<Flow> {
  const found = await findFlow(db, arn)
  if (!found) throw forbidden(`There is no channel flow ${arn.text}.`)
  return found
}

/** The processors in the order of execution; throws if two have the same ExecutionOrder. */
function ordered(processors: readonly Processor[]): Processor[] {
  const orders = new Set(processors.map(({ ExecutionOrder }) => ExecutionOrder))
  if (orders.size === processors.length) return processors.toSorted((a, b) => a.ExecutionOrder - b.ExecutionOrder)
  throw badRequest('Each processor must have an ExecutionOrder of its own', 'Number them 1, 2, 3, in the order in which they run.')
}

interface FlowToCreate {
  readonly name: string
  readonly processors: readonly Processor[]
  readonly tags: readonly GivenTag[] | undefined
}

/** Creates a flow and returns its ARN. */
export async function createFlow(
  tx: Transaction,
  { now, limits, ids }: Doing,
  appInstance: Pick<AppInstance, 'id' | 'arn'>,
  asked: FlowToCreate,
): Promise<string> {
  const processors = ordered(asked.processors)
  if (processors.length > limits.processorsPerFlow) throw exceeded('processorsPerFlow', limits)
  await holdAppInstance(tx, appInstance.id)
  checkCount(await countFlows(tx, appInstance.id), 'flowsPerAppInstance', limits)
  const externalId = ids.resource()
  const id = await insertFlow(tx, { appInstanceId: appInstance.id, externalId, name: asked.name, processors, now: now() })
  await tagNew(tx, { kind: 'channel-flow', id }, asked.tags)
  await emit(tx, { kind: 'FlowCreated', flowId: id })
  return arnWithin(appInstance.arn, 'channel-flow', externalId)
}

/** Replaces name and processors, for messages that are sent later. */
export async function changeFlow(
  tx: Transaction,
  { now, limits }: Doing,
  arn: Arn,
  given: { name: string; processors: readonly Processor[] },
) {
  const processors = ordered(given.processors)
  // UpdateChannelFlow does not declare ResourceLimitExceededException.
  if (processors.length > limits.processorsPerFlow) {
    throw badRequest('The channel flow has too many processors', `At most ${limits.processorsPerFlow} are allowed.`)
  }
  const { id } = await requireFlow(tx, arn)
  await updateFlow(tx, id, { name: given.name, processors, now: now() })
  await emit(tx, { kind: 'FlowUpdated', flowId: id })
}

/** Deletes a flow. Throws ConflictException if a channel uses it. */
export async function deleteFlow(tx: Transaction, arn: Arn) {
  const { id } = await requireFlow(tx, arn)
  await lockFlow(tx, id)
  if (await isFlowUsed(tx, id)) {
    throw conflict('The channel flow is associated with a channel', 'Disassociate it from all its channels first.')
  }
  await removeAllTags(tx, { kind: 'channel-flow', id })
  await deleteFlowRow(tx, id)
  await emit(tx, { kind: 'FlowDeleted', flowId: id })
}

/** Associates the flow with the channel, in place of the one that it has: messages that are sent later go through the flow. */
export async function associate(tx: Transaction, { channel }: ActingInChannel, arn: Arn) {
  const found = await findFlow(tx, arn)
  if (!found || !(await lockFlow(tx, found.id))) throw notFound('The channel flow does not exist.', `There is no channel flow ${arn.text}.`)
  await associateFlow(tx, channel.id, found.id)
  await emit(tx, { kind: 'ChannelFlowSet', channelId: channel.id, flowId: found.id })
}

/** Removes the flow from the channel. It still decides about messages that are in flight. */
export async function disassociate(tx: Transaction, { channel }: ActingInChannel, arn: Arn) {
  const found = await findFlow(tx, arn)
  if (!found || !(await disassociateFlow(tx, channel.id, found.id))) {
    throw notFound('The channel flow is not associated with the channel.', `${channel.arn} does not have ${arn.text}.`)
  }
  await emit(tx, { kind: 'ChannelFlowSet', channelId: channel.id, flowId: undefined })
}
