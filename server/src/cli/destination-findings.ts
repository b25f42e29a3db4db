import type { Config } from '../settings/config.ts'
import type { Queries } from '../database/database.ts'
import { readDestinations } from '../settings/destinations.ts'
import { isOverTls } from '../settings/nats-access.ts'
import { functionCheck } from '../outbox/functions.ts'
import { botCheck } from '../outbox/lex.ts'
import type { PushService } from '../outbox/push/service.ts'
import { PushServices } from '../outbox/push/services.ts'
import { streamSinks } from '../outbox/sinks.ts'
import { checkStream } from '../outbox/streams.ts'
import { configuredAliases, lexOf } from '../store/bots.ts'
import { configuredProcessors, type Processor } from '../store/flows.ts'
import { configuredStreams } from '../store/streaming.ts'
import { parsed } from '../store/text.ts'
import { messageOf } from '../tools/error-text.ts'
import { fault, good, unsafe, type Finding } from './finding.ts'
import { reached } from './service-findings.ts'
import { isLocal } from './settings-findings.ts'

/** How long the check of a bot may take, and how many destinations of each kind are checked. */
const checkMilliseconds = 3000
const checkedAtMost = 50

/** What app instances have configured: streams, functions of processors, and aliases of bots, by their ARNs. */
export interface Configured {
  readonly streams: readonly string[]
  readonly functions: readonly string[]
  readonly aliases: readonly string[]
}

export const nothingConfigured: Configured = { streams: [], functions: [], aliases: [] }

/** The first destinations of each kind. Bots that are never invoked are left out. */
export async function configuredIn(db: Queries): Promise<Configured> {
  const processors = (await db.all(configuredProcessors, checkedAtMost)).flatMap(row => parsed<Processor[]>(row.processors))
  const bots = (await db.all(configuredAliases, checkedAtMost)).map(({ configuration }) => lexOf(configuration))
  const invoked = bots.filter(
    ({ InvokedBy, WelcomeIntent }) =>
      WelcomeIntent !== undefined || InvokedBy?.StandardMessages !== 'NONE' || InvokedBy.TargetedMessages !== 'NONE',
  )
  return {
    streams: (await db.all(configuredStreams, checkedAtMost)).map(({ arn }) => arn),
    functions: processors.map(({ Configuration }) => Configuration.Lambda.ResourceArn),
    aliases: invoked.map(({ LexBotAliasArn }) => LexBotAliasArn),
  }
}

/** The first of both lists, each once. */
const some = (...arns: readonly Iterable<string>[]) => [...new Set(arns.flatMap(each => [...each]))].slice(0, checkedAtMost)

const outcome = async (check: Promise<void>, well: string, wrong: string) =>
  check.then(
    () => good(well),
    (error: unknown) => fault(wrong, messageOf(error)),
  )

/** A finding for each host outside this machine to which content for that ARN travels without TLS. */
const plainHosts = (arn: string, urls: readonly string[]) =>
  urls.flatMap((url): Finding[] => {
    const { protocol, hostname } = new URL(url)
    const secure = { 'http:': 'https', 'nats:': 'tls' }[protocol]
    if (secure === undefined || isLocal(hostname)) return []
    return [unsafe(`Messages for ${arn} travel to ${hostname} without TLS`, `Use ${secure} in --destinations.`)]
  })

/**
 * The findings about the file of --destinations, and about each destination that the file or an app instance configures. Each destination
 * is checked.
 */
export async function destinationFindings(config: Config, configured: Configured): Promise<Finding[]> {
  try {
    const destinations = await readDestinations(config.destinations, process.env)
    const { streams, functions, bots, eventBuses, applications } = destinations
    const webhooks = [...streams, ...functions, ...bots, ...eventBuses].filter(([, { type }]) => type === 'webhook')
    const pushes = [...applications].flatMap(([arn, { webhook, fcm, apns }]) =>
      [webhook, fcm, apns].flatMap(each => (each ? [[arn, each] as const] : [])),
    )
    const services = new PushServices(destinations)
    const findings = [
      ...[...webhooks, ...pushes].flatMap(([arn, destination]) => plainHosts(arn, 'url' in destination ? [destination.url] : [])),
      ...[...streams].flatMap(([arn, destination]) =>
        destination.type === 'nats' && !isOverTls(destination) ? plainHosts(arn, destination.urls) : [],
      ),
    ]
    const { sinkOf, close: closeSinks } = streamSinks(destinations, config.kinesisEndpoint)
    const checkFunction = functionCheck(destinations, config.lambdaEndpoint)
    const checkBot = botCheck(destinations, config.lexEndpoint)
    const signal = () => AbortSignal.timeout(checkMilliseconds)
    const ofService = async ({ arn, service }: { arn: string; service: PushService }) =>
      service.check(signal()).then(
        what => good(`${what} (${arn})`),
        (error: unknown) => fault(`Pushes for ${arn} cannot be delivered`, messageOf(error)),
      )
    const tried = await Promise.all([
      ...some(streams.keys(), configured.streams).map(async arn =>
        outcome(checkStream(sinkOf, arn), `The stream ${arn} accepts records`, `Records of the stream ${arn} cannot be delivered`),
      ),
      ...some(functions.keys(), configured.functions).map(async arn =>
        outcome(
          checkFunction(arn),
          `The function ${arn} can be invoked, as far as can be checked`,
          `The function ${arn} cannot be invoked`,
        ),
      ),
      ...some(bots.keys(), configured.aliases).map(async arn =>
        outcome(checkBot(arn, signal()), `Bots of the alias ${arn} have a service that answers`, `Bots of the alias ${arn} get no answer`),
      ),
      ...[...eventBuses].slice(0, checkedAtMost).map(async ([arn, { url }]) => reached(url, `The event bus ${arn}`)),
      ...[...services.all()].slice(0, checkedAtMost).map(ofService),
    ])
    services.close()
    await closeSinks()
    return [...findings, ...tried]
  } catch (error) {
    return [fault('The file of --destinations cannot be used', messageOf(error))]
  }
}
