import { statement, type Queries } from '../database/database.ts'
import { flowArn, selectNamed, valuesOf, type Named } from './arns.ts'
import { channelColumns, summaryOf, type ChannelRow, type ChannelSummary } from './channel-summary.ts'
import { pageById, type Cursor, type Page } from './page.ts'
import { json, parsed, parsedIfGiven, type RowOf } from './text.ts'
import { changeRow, countRows, hasRow } from './queries.ts'

export interface Processor {
  readonly Name: string
  readonly Configuration: { readonly Lambda: { readonly ResourceArn: string; readonly InvocationType: 'ASYNC' } }
  readonly ExecutionOrder: number
  readonly FallbackAction: 'CONTINUE' | 'ABORT'
}

export interface Flow {
  readonly id: number
  readonly arn: string
  readonly name: string
  /** In the order of execution. */
  readonly processors: Processor[]
  readonly createdAt: Date
  readonly updatedAt: Date
}

type Row = RowOf<Flow>

const columns = `
  f.id, ${flowArn} as arn, f.name, f.processors, f.created_at as "createdAt", f.updated_at as "updatedAt"`

const insert = statement<{ id: number }>(`
  insert into channel_flows (app_instance_id, external_id, name, processors, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $5) returning id`)
const selectOne = statement<Row>(selectNamed('channel-flow', columns))
const selectAfter = statement<Row>(`
  select ${columns} from app_instances a join channel_flows f on f.app_instance_id = a.id where f.app_instance_id = $1 and f.id > $2 order by f.id limit $3`)
const selectProcessors = statement<{ processors: string }>(`select processors from channel_flows where id = $1`)
/** The processors of all flows; $1 is the most flows. */
export const configuredProcessors = statement<{ processors: string }>(`select processors from channel_flows order by id desc limit $1`)
const update = statement(`update channel_flows set name = $2, processors = $3, updated_at = $4 where id = $1`)
const selectChannelsAfter = statement<ChannelRow>(`
  select ${channelColumns}
  from channels c join app_instances a on a.id = c.app_instance_id
  where c.flow_id = $1 and c.deleted_at is null and c.id > $2 order by c.id limit $3`)

const flow = ({ name, processors, createdAt, updatedAt, ...row }: Row): Flow => ({
  ...row,
  name: parsed(name),
  processors: parsed<Processor[]>(processors),
  createdAt: new Date(createdAt),
  updatedAt: new Date(updatedAt),
})

/** Returns the id of the new flow. */
export async function insertFlow(
  tx: Queries,
  given: { appInstanceId: number; externalId: string; name: string; processors: readonly Processor[]; now: number },
) {
  const { appInstanceId, externalId, name, processors, now } = given
  return (await tx.get(insert, appInstanceId, externalId, json(name), JSON.stringify(processors), now))!.id
}

/** The flow that an ARN names. */
export async function findFlow(db: Queries, arn: Named): Promise<Flow | undefined> {
  const row = await db.get(selectOne, ...valuesOf(arn))
  return row && flow(row)
}

/** A page of the flows of an app instance, in the order of creation. */
export async function listFlows(db: Queries, appInstanceId: number, after: Cursor | undefined, limit: number): Promise<Page<Flow>> {
  const rows = await db.all(selectAfter, appInstanceId, after?.[0] ?? 0, limit + 1)
  return pageById(rows, limit, flow)
}

export const countFlows = countRows<[appInstanceId: number]>(`select count(*) as count from channel_flows where app_instance_id = $1`)

/** The processors of a message that is sent now; undefined if the flow is gone. */
export async function flowProcessors(tx: Queries, id: number): Promise<Processor[] | undefined> {
  const row = await tx.get(selectProcessors, id)
  return parsedIfGiven<Processor[]>(row?.processors ?? null)
}

export async function updateFlow(tx: Queries, id: number, given: { name: string; processors: readonly Processor[]; now: number }) {
  return (await tx.run(update, id, json(given.name), JSON.stringify(given.processors), given.now)) === 1
}

/** Locks the flow: until the commit nobody else can associate or delete it; false if it is gone. */
export const lockFlow = changeRow<[id: number]>(`update channel_flows set updated_at = updated_at where id = $1`)

/** Whether a channel uses the flow; the flow must be locked. */
export const isFlowUsed = hasRow<[id: number]>(`select id from channels where flow_id = $1 and deleted_at is null limit 1`)

export const deleteFlow = changeRow<[id: number]>(`delete from channel_flows where id = $1`)

/** The channel has this flow afterwards, unless it is gone; the flow must be locked. */
export const associateFlow = changeRow<[channelId: number, flowId: number]>(
  `update channels set flow_id = $2 where id = $1 and deleted_at is null`,
)

/** False if the channel did not have this flow. */
export const disassociateFlow = changeRow<[channelId: number, flowId: number]>(
  `update channels set flow_id = null where id = $1 and deleted_at is null and flow_id = $2`,
)

/** A page of the channels that have the flow, in the order of creation, without the times of their last messages. */
export async function channelsOfFlow(db: Queries, flowId: number, after: Cursor | undefined, limit: number): Promise<Page<ChannelSummary>> {
  const rows = await db.all(selectChannelsAfter, flowId, after?.[0] ?? 0, limit + 1)
  return pageById(rows, limit, row => summaryOf(row))
}
