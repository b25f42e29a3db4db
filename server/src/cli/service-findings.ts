import type { Config } from '../settings/config.ts'
import { HttpSender } from '../outbox/http.ts'
import { publishedKeys } from '../sts/issuer.ts'
import { messageOf } from '../tools/error-text.ts'
import { fault, good, type Finding } from './finding.ts'

/** The time that a service has to answer. */
const patienceMilliseconds = 3000

/** The finding about a service that works if it gives any answer. */
export async function reached(url: string, what: string): Promise<Finding> {
  const { origin } = new URL(url)
  const http = new HttpSender()
  try {
    await http.send({ url: new URL(url), method: 'HEAD', headers: {}, body: '', largest: 0 }, AbortSignal.timeout(patienceMilliseconds))
    return good(`${what} can be reached at ${origin}`)
  } catch (error) {
    return fault(`${what} cannot be reached at ${origin}`, messageOf(error))
  } finally {
    http.close()
  }
}

async function ofIssuer(issuer: string, jwks: string | undefined): Promise<Finding> {
  try {
    const keys = await publishedKeys(issuer, jwks)
    return good(`The issuer ${issuer} publishes ${keys === 1 ? 'a key' : `${keys} keys`}`)
  } catch (error) {
    const { message, cause } = error as Error
    return fault(`Logins of the issuer ${issuer} cannot be verified`, cause instanceof Error ? `${message}: ${messageOf(cause)}` : message)
  }
}

/** The findings about the configured services. */
export async function serviceFindings(config: Config): Promise<Finding[]> {
  const { lambdaEndpoint, kinesisEndpoint, lexEndpoint, eventbridgeEndpoint, oidcIssuer, oidcJwks, exchangeHook } = config
  return [
    ...(lambdaEndpoint === undefined ? [] : [await reached(lambdaEndpoint, 'The Lambda endpoint')]),
    ...(kinesisEndpoint === undefined ? [] : [await reached(kinesisEndpoint, 'The Kinesis endpoint')]),
    ...(lexEndpoint === undefined ? [] : [await reached(lexEndpoint, 'The Lex endpoint')]),
    ...(eventbridgeEndpoint === undefined ? [] : [await reached(eventbridgeEndpoint, 'The EventBridge endpoint')]),
    ...(oidcIssuer === undefined ? [] : [await ofIssuer(oidcIssuer, oidcJwks)]),
    ...(exchangeHook === undefined ? [] : [await reached(exchangeHook, 'The exchange hook')]),
  ]
}
