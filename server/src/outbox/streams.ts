import type { Queries } from '../database/database.ts'
import { appInstancesOfStream } from '../store/streaming.ts'
import { badRequest, unavailable } from '../errors.ts'
import { attempt, messageOf, type OrderedDelivery } from './delivery.ts'
import { NotReached, type StreamSink } from './sink.ts'

/** How long a stream may take to say that it is there. */
const checkMilliseconds = 3000

type SinkOf = (arn: string) => StreamSink

/** Rejects as the `check` of the sink does, and with NotReached where that takes more than three seconds. */
export async function checkStream(sinkOf: SinkOf, arn: string) {
  const late = AbortSignal.timeout(checkMilliseconds)
  try {
    await attempt(late, signal => sinkOf(arn).check(arn, signal))
  } catch (error) {
    if (!late.aborted || error instanceof NotReached) throw error
    throw new NotReached(`The destination of ${arn} has not answered within ${checkMilliseconds / 1000} seconds`, { cause: error })
  }
}

/** Delivers the records of streams, in the order of each channel. Its errors say whose records they are. */
export const streamRecords = ({ db, sinkOf }: { db: Queries; sinkOf: SinkOf }): OrderedDelivery => ({
  isOrdered: true,
  batch: arn => sinkOf(arn).batch,

  async deliver(arn, entries, signal) {
    try {
      return await sinkOf(arn).put(arn, entries, signal)
    } catch (error) {
      const whose = await appInstancesOfStream(db, arn).catch(() => [])
      const names = whose.length === 0 ? 'an app instance that streams elsewhere by now' : whose.join(', ')
      throw new Error(`Records of ${names} wait: ${messageOf(error)}`, { cause: error })
    }
  },
})

/** Refuses a stream that takes no records, as PutMessagingStreamingConfigurations does (docs/service/streaming.md#configuration). */
export const streamCheck = (sinkOf: SinkOf) => async (arn: string) => {
  try {
    await checkStream(sinkOf, arn)
  } catch (error) {
    const name = arn.slice(arn.lastIndexOf('/') + 1)
    const message = `Unable to access Kinesis stream ${name}`
    throw error instanceof NotReached ? unavailable(message, error.message, error) : badRequest(message, messageOf(error))
  }
}
