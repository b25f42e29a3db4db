import type { Arn } from '../arn.ts'
import type { Value } from '../database/database.ts'

/** SQL for the ARN of the channel `c`, from SQL for the ARN of its app instance. */
export const channelArnIn = (appInstanceArn: string, c: string) => `${appInstanceArn} || '/channel/' || ${c}.external_id`

/** SQL for the ARN of the channel `c` in the app instance `a`. */
export const channelArn = channelArnIn('a.arn', 'c')

/** SQL for the ARN of the channel flow `f` in the app instance `a`. */
export const flowArn = `a.arn || '/channel-flow/' || f.external_id`

/** SQL for the ARN of a user or bot in the app instance `a`. */
export const identityArn = (i: string) => `a.arn || '/' || ${i}.kind || '/' || ${i}.external_id`

/** SQL: the app instance `a` has the ARN $1 and is not deleted. */
export const living = 'a.arn = $1 and a.deleted_at is null'

/** SQL that joins the user or bot of the kind $2 and the id $3. */
export const joinIdentity = (i: string) =>
  `join identities ${i} on ${i}.app_instance_id = a.id and ${i}.kind = $2 and ${i}.external_id = $3 and ${i}.deleted_at is null`

/** The tables of the rows that ARNs name. Users and bots share a table. */
const rows = {
  'app-instance': { id: 'a.id', join: '' },
  identity: { id: 'i.id', join: joinIdentity('i') },
  channel: { id: 'c.id', join: 'join channels c on c.app_instance_id = a.id and c.external_id = $2 and c.deleted_at is null' },
  'channel-flow': { id: 'f.id', join: 'join channel_flows f on f.app_instance_id = a.id and f.external_id = $2' },
} as const

export type RowKind = keyof typeof rows

/** The parts of an ARN that identify its row. */
export type Named = Omit<Arn, 'text'>

/** SQL for the id of the row. */
export const idOf = (kind: RowKind): string => rows[kind].id

export const rowKindOf = ({ kind }: Named): RowKind => (kind === 'user' || kind === 'bot' ? 'identity' : kind)

/**
 * SQL for the row of an ARN of that kind, if it is not deleted: `select …` and further joins. Its values are those of `valuesOf`.
 */
export const selectNamed = (kind: RowKind, selected = idOf(kind), joined = '') =>
  `select ${selected} from app_instances a ${rows[kind].join} ${joined} where ${living}`

export function valuesOf({ appInstanceArn, kind, id }: Named): Value[] {
  if (kind === 'app-instance') return [appInstanceArn]
  return kind === 'user' || kind === 'bot' ? [appInstanceArn, kind, id] : [appInstanceArn, id]
}
