import { statement, type Queries } from '../database/database.ts'

type DataType = 'Channel' | 'ChannelMessage'

export interface StreamingConfiguration {
  readonly dataType: DataType
  readonly resourceArn: string
}

const put = {
  Channel: statement(`update app_instances set channel_stream = $2 where id = $1`),
  ChannelMessage: statement(`update app_instances set message_stream = $2 where id = $1`),
}
const select = statement<Record<DataType, string | null>>(`
  select channel_stream as "Channel", message_stream as "ChannelMessage" from app_instances where id = $1`)
const removeAll = statement(`
  update app_instances set channel_stream = null, message_stream = null
  where id = $1 and (channel_stream is not null or message_stream is not null)`)
const selectWhose = statement<{ arn: string; channels: number; messages: number }>(`
  select arn, case when channel_stream = $1 then 1 else 0 end as channels, case when message_stream = $1 then 1 else 0 end as messages
  from app_instances where (channel_stream = $1 or message_stream = $1) and deleted_at is null order by id limit 3`)

/** The configured streams, without repetitions; $1 is the most of them. */
export const configuredStreams = statement<{ arn: string }>(`
  select channel_stream as arn from app_instances where channel_stream is not null and deleted_at is null
  union select message_stream from app_instances where message_stream is not null and deleted_at is null limit $1`)

/** Sets the stream of one data type; that of the other type stays. */
export async function putStreamingConfiguration(tx: Queries, appInstanceId: number, { dataType, resourceArn }: StreamingConfiguration) {
  await tx.run(put[dataType], appInstanceId, resourceArn)
}

export async function streamingConfigurations(db: Queries, appInstanceId: number): Promise<StreamingConfiguration[]> {
  const row = await db.get(select, appInstanceId)
  return (['Channel', 'ChannelMessage'] as const).flatMap(dataType => {
    const resourceArn = row?.[dataType]
    return resourceArn ? [{ dataType, resourceArn }] : []
  })
}

/** Removes the streams; false if there are none. */
export async function deleteStreamingConfigurations(tx: Queries, appInstanceId: number) {
  return (await tx.run(removeAll, appInstanceId)) > 0
}

/** Some of the app instances with that stream, and which data types they stream to it. */
export async function appInstancesOfStream(db: Queries, resourceArn: string): Promise<{ arn: string; dataTypes: DataType[] }[]> {
  return (await db.all(selectWhose, resourceArn)).map(({ arn, channels, messages }) => ({
    arn,
    dataTypes: [...(channels === 1 ? ['Channel' as const] : []), ...(messages === 1 ? ['ChannelMessage' as const] : [])],
  }))
}
