import type { Handlers } from './call.ts'
import { notFound } from '../errors.ts'
import { namedAppInstance } from '../domain/app-instances.ts'
import { checkStreams, removeStreaming, setStreaming } from '../domain/streaming.ts'
import type { Queries } from '../database/database.ts'
import { streamingConfigurations } from '../store/streaming.ts'

const shown = async (db: Queries, appInstanceId: number) => ({
  StreamingConfigurations: (await streamingConfigurations(db, appInstanceId)).map(({ dataType, resourceArn }) => ({
    DataType: dataType,
    ResourceArn: resourceArn,
  })),
})

export const streaming = {
  /** A data type that the call does not name keeps its stream (docs/service/streaming.md#configuration). */
  async PutMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations }, { db, checkStream }) {
    const given = StreamingConfigurations.map(({ DataType, ResourceArn }) => ({ dataType: DataType, resourceArn: ResourceArn }))
    checkStreams(given)
    await namedAppInstance(db, AppInstanceArn)
    // This calls other services, and a transaction contains only SQL.
    for (const arn of new Set(given.map(({ resourceArn }) => resourceArn))) await checkStream(arn)
    return db.transaction(async tx => shown(tx, await setStreaming(tx, AppInstanceArn, given)))
  },

  async GetMessagingStreamingConfigurations({ AppInstanceArn }, { db }) {
    const { id } = await namedAppInstance(db, AppInstanceArn)
    const configured = await shown(db, id)
    if (configured.StreamingConfigurations.length > 0) return configured
    throw notFound('No streaming is configured for the app instance.', 'Set it with PutMessagingStreamingConfigurations.')
  },

  async DeleteMessagingStreamingConfigurations({ AppInstanceArn }, { db }) {
    await db.transaction(tx => removeStreaming(tx, AppInstanceArn))
  },
} satisfies Partial<Handlers>
