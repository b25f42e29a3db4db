import type { Handlers } from './call.ts'
import { badRequest, notFound } from '../errors.ts'
import { namedAppInstance } from '../domain/app-instances.ts'
import { holdAppInstance } from '../domain/counts.ts'
import { appInstanceByArn } from '../store/app-instances.ts'
import type { Queries } from '../database/database.ts'
import { deleteStreamingConfigurations, putStreamingConfiguration, streamingConfigurations } from '../store/streaming.ts'

/** Amazon accepts Kinesis streams whose name starts like this (docs/service/streaming.md#configuration). */
const stream = /^arn:[a-z0-9.-]+:kinesis:[a-z0-9.-]*:[a-z0-9.-]*:stream\/chime-messaging-[A-Za-z0-9_.-]+$/

const shown = async (db: Queries, appInstanceId: number) => ({
  StreamingConfigurations: (await streamingConfigurations(db, appInstanceId)).map(({ dataType, resourceArn }) => ({
    DataType: dataType,
    ResourceArn: resourceArn,
  })),
})

export const streaming: Handlers<
  'PutMessagingStreamingConfigurations' | 'GetMessagingStreamingConfigurations' | 'DeleteMessagingStreamingConfigurations'
> = {
  /** A data type that the call does not name keeps its stream (docs/service/streaming.md#configuration). */
  async PutMessagingStreamingConfigurations({ AppInstanceArn, StreamingConfigurations }, { db }) {
    if (new Set(StreamingConfigurations.map(({ DataType }) => DataType)).size < StreamingConfigurations.length) {
      throw badRequest('A DataType may be configured once', 'Give each DataType one ResourceArn.')
    }
    for (const { ResourceArn } of StreamingConfigurations) {
      if (stream.test(ResourceArn)) continue
      throw badRequest(
        'The ResourceArn must be the ARN of a Kinesis data stream whose name starts with chime-messaging-',
        `${ResourceArn} is not like arn:aws:kinesis:REGION:ACCOUNT:stream/chime-messaging-NAME.`,
      )
    }
    return db.transaction(async tx => {
      const { id } = await namedAppInstance(tx, AppInstanceArn)
      await holdAppInstance(tx, id)
      for (const { DataType, ResourceArn } of StreamingConfigurations) {
        await putStreamingConfiguration(tx, id, { dataType: DataType, resourceArn: ResourceArn })
      }
      return shown(tx, id)
    })
  },

  async GetMessagingStreamingConfigurations({ AppInstanceArn }, { db }) {
    const { id } = await namedAppInstance(db, AppInstanceArn)
    const configured = await shown(db, id)
    if (configured.StreamingConfigurations.length > 0) return configured
    throw notFound('No streaming is configured for the app instance.', 'Set it with PutMessagingStreamingConfigurations.')
  },

  async DeleteMessagingStreamingConfigurations({ AppInstanceArn }, { db }) {
    await db.transaction(async tx => {
      const found = await appInstanceByArn(tx, AppInstanceArn)
      if (found) await deleteStreamingConfigurations(tx, found.id)
    })
  },
}
