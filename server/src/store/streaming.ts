import { statement, type Queries } from '../database/database.ts'

type DataType = 'Channel' | 'ChannelMessage'

export interface StreamingConfiguration {
  readonly dataType: DataType
  readonly resourceArn: string
}

const upsert = statement(`
  insert into streaming_configurations (app_instance_id, data_type, resource_arn) values ($1, $2, $3)
  on conflict (app_instance_id, data_type) do update set resource_arn = excluded.resource_arn`)
const select = statement<StreamingConfiguration>(`
  select data_type as "dataType", resource_arn as "resourceArn" from streaming_configurations
  where app_instance_id = $1 order by data_type`)
const removeAll = statement(`delete from streaming_configurations where app_instance_id = $1`)

/** Sets the stream of one data type; that of the other type stays. */
export async function putStreamingConfiguration(tx: Queries, appInstanceId: number, { dataType, resourceArn }: StreamingConfiguration) {
  await tx.run(upsert, appInstanceId, dataType, resourceArn)
}

export async function streamingConfigurations(db: Queries, appInstanceId: number) {
  return db.all(select, appInstanceId)
}

/** False where there are none. */
export async function deleteStreamingConfigurations(tx: Queries, appInstanceId: number) {
  return (await tx.run(removeAll, appInstanceId)) > 0
}
