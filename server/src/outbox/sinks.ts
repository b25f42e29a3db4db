import type { Destinations } from '../settings/destinations.ts'
import { fileSink } from './file.ts'
import { kinesisSink } from './kinesis.ts'
import type { StreamSink } from './sink.ts'
import { webhookSink } from './webhook.ts'

/** Where the records of a stream go, by its ARN: what --destinations says, or else Kinesis. */
export function streamSinks({ streams }: Destinations, kinesisEndpoint: string | undefined): (arn: string) => StreamSink {
  const kinesis = kinesisSink(kinesisEndpoint)
  const sinks = new Map(
    [...streams].map(([arn, destination]) => [arn, destination.type === 'file' ? fileSink(destination) : webhookSink(destination)]),
  )
  return arn => sinks.get(arn) ?? kinesis
}
