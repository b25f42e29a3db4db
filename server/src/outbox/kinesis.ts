import { messageOf } from '../tools/error-text.ts'
import { awsOptions, clientOfRegion, detailOf, regionOf, saidBy, type SdkError } from './aws.ts'
import { isLate, NotReached, type Outcome } from './delivery.ts'
import type { StreamSink } from './sink.ts'

/** The limits of PutRecords, with room for what JSON adds to the records. */
const batch = { entries: 500, bytes: 3 * 1024 * 1024, isOneOfEachSubLane: true }
/** The largest response in bytes: it has a shard and a number for each record. */
const largestResponse = 1024 * 1024

/** `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME`; an emulator may know only the name. */
export const streamName = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1)

/** Why Kinesis refused, and what to change. */
function explained(arn: string, error: unknown, endpointUrl: string | undefined): Error {
  const { name, message, $metadata } = error as SdkError
  const where = `the stream ${streamName(arn)}`
  if (name === 'CredentialsProviderError') {
    return new Error(
      `The server has no AWS credentials for ${where}, no --kinesis-endpoint (CARILLON_KINESIS_ENDPOINT), and no entry for ${arn} in ` +
        '--destinations. The operator has to configure one of them.',
      { cause: error },
    )
  }
  if (name === 'ResourceNotFoundException')
    return new Error(`Kinesis has no stream ${streamName(arn)} in ${regionOf(arn)}. Create it first.`, { cause: error })
  if (/AccessDenied|UnrecognizedClient|InvalidSignature|ExpiredToken|InvalidClientToken/.test(name)) {
    const text = `Kinesis refuses the server's credentials for ${where}: ${message} They need kinesis:DescribeStreamSummary and kinesis:PutRecords.`
    return new Error(text, { cause: error })
  }
  const status = $metadata?.httpStatusCode
  const at = endpointUrl === undefined ? 'Kinesis' : `Kinesis at ${endpointUrl}`
  if (status !== undefined && status < 300)
    return new Error(`${at} has answered something that is not an answer of Kinesis for ${where}: ${saidBy(error)}`, { cause: error })
  if (status !== undefined) {
    const text = `${at} has answered ${status} for ${where}${detailOf(error)}`
    return status === 429 || status >= 500 ? new NotReached(text, { cause: error }) : new Error(text, { cause: error })
  }
  const why = isLate(error) ? 'it has not answered in time' : messageOf(error)
  return new NotReached(`${at} cannot be reached for ${where}: ${why}`, { cause: error })
}

/**
 * Kinesis Data Streams: Amazon's in the region of the stream, or the endpoint that is given. The PartitionKey is the sub-lane. PutRecords
 * may accept some records of a call and not others, so a call has at most one of each sub-lane. The SDK is loaded when the first stream is
 * used.
 */
export function kinesisSink(endpointUrl: string | undefined): StreamSink {
  const clientOf = clientOfRegion(async region => {
    const { KinesisClient } = await import('@aws-sdk/client-kinesis')
    return new KinesisClient(await awsOptions('kinesis', region, endpointUrl, largestResponse))
  })

  const named = (arn: string) => (endpointUrl === undefined ? { StreamARN: arn } : { StreamName: streamName(arn) })

  const statusOf = async (arn: string, abortSignal: AbortSignal) => {
    const client = await clientOf(regionOf(arn))
    const { DescribeStreamSummaryCommand } = await import('@aws-sdk/client-kinesis')
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand(named(arn)), { abortSignal })
    return StreamDescriptionSummary?.StreamStatus
  }

  return {
    batch,

    async check(arn, abortSignal) {
      const status = await statusOf(arn, abortSignal).catch((error: unknown) => {
        throw explained(arn, error, endpointUrl)
      })
      if (status !== 'ACTIVE' && status !== 'UPDATING')
        throw new Error(`The stream ${streamName(arn)} is ${status}: it accepts records once it is ACTIVE.`)
    },

    async put(arn, entries, abortSignal) {
      try {
        const client = await clientOf(regionOf(arn))
        const { PutRecordsCommand } = await import('@aws-sdk/client-kinesis')
        const { Records = [] } = await client.send(
          new PutRecordsCommand({
            ...named(arn),
            Records: entries.map(({ payload, subLane }) => ({ Data: Buffer.from(payload), PartitionKey: subLane! })),
          }),
          { abortSignal },
        )
        return entries.map((_, index): Outcome => {
          const { ErrorCode, ErrorMessage, SequenceNumber } = Records[index] ?? {}
          if (SequenceNumber !== undefined && ErrorCode === undefined) return undefined
          return new Error(
            `Kinesis has not accepted a record for the stream ${streamName(arn)}: ${[ErrorCode ?? 'no answer', ErrorMessage].filter(Boolean).join(': ')}`,
          )
        })
      } catch (error) {
        throw explained(arn, error, endpointUrl)
      }
    },
  }
}
