import { ApiError, badRequest } from '../errors.ts'
import { strictJsonHeaders } from '../http/response.ts'
import type { Endpoint, HttpResponse, Received } from '../http/endpoint.ts'
import { networkOf } from '../sts/login-rate.ts'
import { isObject } from '../tools/json.ts'
import { TokenBuckets } from '../tools/token-buckets.ts'
import { mayServe, overTlsOnly } from './safe.ts'

/** The sign-ins that an address may try, by whichever way. */
const tries = { perSecond: 1, atOnce: 10 }

/** How long operators stay signed in, unless a role says less. */
export const signedInSeconds = 4 * 3600

export const jsonResponse = (content: object): HttpResponse => ({ status: 200, headers: strictJsonHeaders, body: JSON.stringify(content) })

const tooManyTries = (wait: number) =>
  new ApiError('ThrottledClientException', 429, 'Too many sign-ins were tried from this address', `Try again in ${wait} seconds.`, {
    retryAfter: wait,
  })

/** Counts a sign-in, or throws if there were too many. Called before the request is examined. */
export function tryLimit(): (received: Received) => void {
  const buckets = new TokenBuckets({ shared: false })
  return received => {
    if (!mayServe(received)) throw overTlsOnly()
    const at = performance.now()
    buckets.removeFull(at)
    const wait = buckets.tryTake(networkOf(received.sourceAddress), tries, at)
    if (wait > 0) throw tooManyTries(Math.ceil(wait / 1000))
  }
}

/** The texts of these members in the body. Throws BadRequestException with the reason if one is missing. */
export function textsIn<Name extends string>({ body }: Received, names: readonly Name[], reason: string): Record<Name, string> {
  try {
    const content: unknown = JSON.parse(body.toString())
    if (isObject(content) && names.every(name => typeof content[name] === 'string')) return content as Record<Name, string>
  } catch {
    // The check below refuses it.
  }
  throw badRequest('The body is not a sign-in', reason)
}

/** An endpoint of the console. */
export const entranceEndpoint = (name: string, largestBody: number, answer: Endpoint['answer']): Endpoint => ({
  nameOf: ({ method }) => `${method} ${name}`,
  takes: () => true,
  largestBody: () => largestBody,
  answer,
  refusal: ({ status, message, reason }) => ({
    status,
    headers: strictJsonHeaders,
    body: JSON.stringify({ Message: message, Reason: reason }),
  }),
})
