import type { Destinations, StreamDestination } from '../settings/destinations.ts'
import { fileSink } from './file.ts'
import { kinesisSink } from './kinesis.ts'
import { natsSink } from './nats.ts'
import type { StreamSink } from './sink.ts'
import { webhookSink } from './webhook.ts'

function sinkAt(destination: StreamDestination): StreamSink {
  if (destination.type === 'file') return fileSink(destination)
  return destination.type === 'nats' ? natsSink(destination) : webhookSink(destination)
}

/** The destinations of streams, by their ARNs: those in --destinations, or else Kinesis. `close` ends their connections. */
export function streamSinks({ streams }: Destinations, kinesisEndpoint: string | undefined) {
  const kinesis = kinesisSink(kinesisEndpoint)
  const sinks = new Map([...streams].map(([arn, destination]) => [arn, sinkAt(destination)]))
  return {
    sinkOf: (arn: string): StreamSink => sinks.get(arn) ?? kinesis,
    close: async () => void (await Promise.all([...sinks.values()].map(async sink => sink.close?.()))),
  }
}
