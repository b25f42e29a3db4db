import type { Config } from '../settings/config.ts'
import { readDestinations } from '../settings/destinations.ts'
import { messageOf } from '../outbox/delivery.ts'
import { PushServices } from '../outbox/push/services.ts'
import { streamSinks } from '../outbox/sinks.ts'
import { fault, good, unsafe, type Finding } from './finding.ts'
import { reached } from './service-findings.ts'
import { isLocal } from './settings-findings.ts'

/** How long a destination may take to say that it is there, and how many are asked. */
const checkMilliseconds = 3000
export const checkedAtMost = 50

/** The findings about the file of --destinations, and about each stream that it or an app instance configures: each stream is tried. */
export async function destinationFindings(config: Config, configured: readonly string[]): Promise<Finding[]> {
  try {
    const destinations = await readDestinations(config.destinations, process.env)
    const pushes = [...destinations.applications].flatMap(([arn, { webhook, fcm, apns }]) =>
      [webhook, fcm, apns].flatMap(each => (each ? [[arn, each] as const] : [])),
    )
    const services = new PushServices(destinations)
    const webhooks = [...destinations.streams, ...destinations.functions].filter(([, { type }]) => type === 'webhook')
    const findings = [...webhooks, ...pushes].flatMap(([arn, destination]): Finding[] => {
      const { protocol, hostname } = new URL('url' in destination ? destination.url : 'https://x')
      if (protocol !== 'http:' || isLocal(hostname)) return []
      return [unsafe(`Messages for ${arn} travel to ${hostname} without TLS`, 'Use https in --destinations.')]
    })
    const sinkOf = streamSinks(destinations, config.kinesisEndpoint)
    const streams = new Set([...destinations.streams.keys(), ...configured])
    const ofStream = async (arn: string) =>
      sinkOf(arn)
        .check(arn, AbortSignal.timeout(checkMilliseconds))
        .then(
          () => good(`The stream ${arn} accepts records`),
          (error: unknown) => fault(`Records of the stream ${arn} cannot be delivered`, messageOf(error)),
        )
    const ofService = async ({ arn, service }: (typeof tries)[number]) =>
      service.check(AbortSignal.timeout(checkMilliseconds)).then(
        what => good(`${what} (${arn})`),
        (error: unknown) => fault(`Pushes for ${arn} cannot be delivered`, messageOf(error)),
      )
    const tries = [...services.all()].slice(0, checkedAtMost)
    const tried = await Promise.all([
      ...tries.map(ofService),
      ...[...streams].slice(0, checkedAtMost).map(ofStream),
      ...[...destinations.functions].slice(0, checkedAtMost).map(async ([arn, { url }]) => reached(url, `The function ${arn}`)),
    ])
    services.close()
    return [...findings, ...tried]
  } catch (error) {
    return [fault('The file of --destinations cannot be used', messageOf(error))]
  }
}
