import type { Config } from '../settings/config.ts'
import { readDestinations } from '../settings/destinations.ts'
import { createLog } from '../observe/log.ts'
import { openAsItStands } from '../database/open.ts'
import { messageOf } from '../outbox/delivery.ts'
import { streamSinks } from '../outbox/sinks.ts'
import { configuredStreams } from '../store/streaming.ts'
import { isLocal, type Finding } from './findings.ts'

/** How long a destination may take to say that it is there, and how many are asked. */
const checkMilliseconds = 3000
const checkedAtMost = 50

/** The streams that app instances have configured. */
async function streamsOf(config: Config): Promise<string[]> {
  const db = await openAsItStands(config, createLog(config.logLevel)).catch(() => undefined)
  try {
    return (await db?.all(configuredStreams, checkedAtMost).catch(() => []))?.map(({ arn }) => arn) ?? []
  } finally {
    await db?.close()
  }
}

/** The findings about the file of --destinations, and about each stream that it or an app instance configures: each stream is tried. */
export async function destinationFindings(config: Config): Promise<Finding[]> {
  try {
    const destinations = await readDestinations(config.destinations, process.env)
    const webhooks = [...destinations.streams, ...destinations.functions].filter(([, { type }]) => type === 'webhook')
    const findings = webhooks.flatMap(([arn, destination]): Finding[] => {
      const { protocol, hostname } = new URL('url' in destination ? destination.url : 'https://x')
      if (protocol !== 'http:' || isLocal(hostname)) return []
      return [{ kind: 'unsafe', what: `Messages for ${arn} travel to ${hostname} without TLS`, instead: 'Use https in --destinations.' }]
    })
    const sinkOf = streamSinks(destinations, config.kinesisEndpoint)
    const streams = new Set([...destinations.streams.keys(), ...(await streamsOf(config))])
    for (const arn of [...streams].slice(0, checkedAtMost)) {
      const fault = (error: unknown) =>
        findings.push({ kind: 'fault', what: `Records of the stream ${arn} cannot be delivered`, instead: messageOf(error) })
      await sinkOf(arn).check(arn, AbortSignal.timeout(checkMilliseconds)).catch(fault)
    }
    return findings
  } catch (error) {
    return [{ kind: 'fault', what: 'The file of --destinations cannot be used', instead: messageOf(error) }]
  }
}
