import { appInstancesOfStream } from '../store/streaming.ts'
import { badRequest, unavailable } from '../errors.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import { Seldom } from '../tools/seldom.ts'
import { messageOf } from '../tools/error-text.ts'
import { attempt, NotReached, type DeliveryTools, type OrderedDelivery, Refused } from './delivery.ts'
import { streamName } from './kinesis.ts'
import type { StreamSink } from './sink.ts'

/** How long the check of a stream may take. */
const checkMilliseconds = 3000

type SinkOf = (arn: string) => StreamSink

/** Rejects like the `check` of the sink, and with NotReached if that takes more than three seconds. */
export async function checkStream(sinkOf: SinkOf, arn: string) {
  const late = AbortSignal.timeout(checkMilliseconds)
  try {
    await attempt(late, signal => sinkOf(arn).check(arn, signal))
  } catch (error) {
    if (!late.aborted || error instanceof NotReached) throw error
    throw new NotReached(`The destination of ${arn} has not answered within ${checkMilliseconds / 1000} seconds`, { cause: error })
  }
}

/** A stream that has failed this many times in a row is reported to EventBridge, and again after some time. */
const failuresUntilReported = 3
const remindMilliseconds = 10 * 60 * 1000
const streamsAtMost = 1000

/** Delivers the records of streams, in the order of each channel. Its errors name the app instances of the records. */
export function streamRecords({ db, report }: DeliveryTools, sinkOf: SinkOf): OrderedDelivery {
  /** How often each stream has failed in a row, and the reports about that to EventBridge. */
  const failures = new BoundedMap<string, number>(streamsAtMost)
  const reports = new Seldom(remindMilliseconds)

  const whoStreams = async (arn: string) => appInstancesOfStream(db, arn).catch(() => [])

  async function count(resourceArn: string, whose: Awaited<ReturnType<typeof appInstancesOfStream>>, failureReason: string) {
    const inARow = (failures.get(resourceArn) ?? 0) + 1
    failures.set(resourceArn, inARow)
    if (inARow < failuresUntilReported || !reports.isDue(resourceArn)) return
    const each = whose.flatMap(({ arn: appInstanceArn, dataTypes }) => dataTypes.map(dataType => ({ appInstanceArn, dataType })))
    await db.transaction(async tx => {
      for (const detail of each) {
        const eventType = 'StreamingFailure'
        await report(tx, { detailType: 'Chime Chat Streaming Status', detail: { eventType, ...detail, resourceArn, failureReason } })
      }
    })
  }

  return {
    isOrdered: true,
    batch: arn => sinkOf(arn).batch,

    async deliver(arn, entries, signal) {
      try {
        const outcomes = await sinkOf(arn).put(arn, entries, signal)
        if (!outcomes.some(outcome => outcome === undefined || outcome instanceof Refused)) throw outcomes[0]
        failures.delete(arn)
        reports.forget(arn)
        return outcomes
      } catch (error) {
        const whose = await whoStreams(arn)
        await count(arn, whose, messageOf(error)).catch(() => {})
        const names = whose.length === 0 ? 'an app instance that does not stream there any more' : whose.map(({ arn }) => arn).join(', ')
        throw new Error(`Records of ${names} wait: ${messageOf(error)}`, { cause: error })
      }
    },
  }
}

/**
 * Throws for a stream that does not accept records, as PutMessagingStreamingConfigurations does (docs/service/streaming.md#configuration).
 */
export const streamCheck = (sinkOf: SinkOf) => async (arn: string) => {
  try {
    await checkStream(sinkOf, arn)
  } catch (error) {
    const message = `Unable to access Kinesis stream ${streamName(arn)}`
    throw error instanceof NotReached ? unavailable(message, error.message, error) : badRequest(message, messageOf(error))
  }
}
