import { Readable } from 'node:stream'
import { BoundedMap } from '../tools/bounded-map.ts'
import { messageOf } from '../tools/error-text.ts'
import { beginningOf } from './beginning-of.ts'

/** The fields of an error of the SDK that are used here. */
export type SdkError = Error & { readonly $metadata?: { readonly httpStatusCode?: number } }

/** What an error of the SDK says, without its hint for programmers; empty if the response has said nothing. */
export function saidBy(error: unknown): string {
  const [said = ''] = messageOf(error).split(/ +Deserialization error/)
  return said === 'UnknownError' ? '' : said
}

/** The end of a sentence about an error: its name and what it says, as far as they are known. */
export const detailOf = (error: unknown) =>
  [(error as Error).name, saidBy(error)].flatMap(text => (text === '' || text === 'Unknown' ? [] : [`: ${text}`])).join('')

/** If one of these is set, the operator has configured credentials. */
const credentialVariables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
]

export const hasCredentialVariables = () => credentialVariables.some(name => process.env[name])

/** Emulators require a signature but do not check it. */
const emulatorCredentials = { accessKeyId: 'test', secretAccessKey: 'test' }

/** The most regions that have a client. */
const regionsAtMost = 50

/** The region in the ARN of a function, a stream or a bot. */
export const regionOf = (arn: string) => arn.split(':', 4)[3]!

/** A client for each region, created at its first use. If the creation fails, the next use tries again. */
export function clientOfRegion<Client>(connect: (region: string) => Promise<Client>): (region: string) => Promise<Client> {
  const clients = new BoundedMap<string, Promise<Client>>(regionsAtMost)
  return async region => {
    const known = clients.get(region)
    if (known) return known
    const client = connect(region)
    clients.set(region, client)
    client.catch(() => clients.delete(region))
    return client
  }
}

/** More connections than the outbox has deliveries in flight, so a slow destination takes none from the others. */
const maxSockets = 1024

/** A handler for the SDK that bounds the bytes of a response; the SDK would read any number. */
async function boundedHandler(largestResponse: number) {
  const { NodeHttpHandler } = await import('@smithy/node-http-handler')
  class BoundedHandler extends NodeHttpHandler {
    override async handle(...[request, options]: Parameters<InstanceType<typeof NodeHttpHandler>['handle']>) {
      const answered = await super.handle(request, options)
      const { response } = answered
      if (!(response.body instanceof Readable)) return answered
      const body = await beginningOf(response.body, largestResponse).catch((error: unknown) => {
        // The SDK names the error of a request that has taken too long like this, and not that of a response.
        throw options?.abortSignal?.aborted ? Object.assign(new Error('Request aborted', { cause: error }), { name: 'AbortError' }) : error
      })
      response.body = Readable.from([body])
      return answered
    }
  }
  return new BoundedHandler({
    httpAgent: { keepAlive: true, maxSockets },
    httpsAgent: { keepAlive: true, maxSockets },
    connectionTimeout: 3000,
    throwOnRequestTimeout: true,
  })
}

/**
 * The options of every client of the AWS SDK: Amazon's service in the region, or the endpoint that is given. AWS_ENDPOINT_URL is ignored:
 * if it is set, it probably names Carillon. Emulators speak HTTP/1.1 only, although some clients prefer HTTP/2. Only the beginning of a
 * response is read, at most `largestResponse` bytes.
 */
export async function awsOptions(service: string, region: string, endpointUrl: string | undefined, largestResponse: number) {
  const hasCredentials = hasCredentialVariables()
  return {
    region,
    endpoint: endpointUrl ?? `https://${service}.${region}.amazonaws.com`,
    ...(endpointUrl !== undefined && !hasCredentials && { credentials: emulatorCredentials }),
    // The outbox retries.
    maxAttempts: 1,
    requestHandler: await boundedHandler(largestResponse),
  }
}
