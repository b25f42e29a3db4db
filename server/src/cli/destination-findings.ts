import type { Config } from '../settings/config.ts'
import { readDestinations } from '../settings/destinations.ts'
import { messageOf } from '../outbox/delivery.ts'
import { streamSinks } from '../outbox/sinks.ts'
import { checkStream } from '../outbox/streams.ts'
import { fault, good, unsafe, type Finding } from './finding.ts'
import { reached } from './service-findings.ts'
import { isLocal } from './settings-findings.ts'

/** So many streams are asked, and so many functions. */
export const checkedAtMost = 50

/** The findings about the file of --destinations, and about each stream that it or an app instance configures: each stream is tried. */
export async function destinationFindings(config: Config, configured: readonly string[]): Promise<Finding[]> {
  try {
    const destinations = await readDestinations(config.destinations, process.env)
    const webhooks = [...destinations.streams, ...destinations.functions].filter(([, { type }]) => type === 'webhook')
    const findings = webhooks.flatMap(([arn, destination]): Finding[] => {
      const { protocol, hostname } = new URL('url' in destination ? destination.url : 'https://x')
      if (protocol !== 'http:' || isLocal(hostname)) return []
      return [unsafe(`Messages for ${arn} travel to ${hostname} without TLS`, 'Use https in --destinations.')]
    })
    const sinkOf = streamSinks(destinations, config.kinesisEndpoint)
    const streams = new Set([...destinations.streams.keys(), ...configured])
    const ofStream = async (arn: string) =>
      checkStream(sinkOf, arn).then(
        () => good(`The stream ${arn} accepts records`),
        (error: unknown) => fault(`Records of the stream ${arn} cannot be delivered`, messageOf(error)),
      )
    const tried = await Promise.all([
      ...[...streams].slice(0, checkedAtMost).map(ofStream),
      ...[...destinations.functions].slice(0, checkedAtMost).map(async ([arn, { url }]) => reached(url, `The function ${arn}`)),
    ])
    return [...findings, ...tried]
  } catch (error) {
    return [fault('The file of --destinations cannot be used', messageOf(error))]
  }
}
