import type { Destinations } from '../settings/destinations.ts'
import { Refused } from './delivery.ts'
import { lambdaInvoker, type InvokeLambda } from './lambda.ts'
import { post, WebhookRefusal } from './webhook.ts'

/** Invokes a function where --destinations says that it is, or else through the Lambda API. */
export function functionInvoker({ functions }: Destinations, lambdaEndpoint: string | undefined): InvokeLambda {
  const invokeLambda = lambdaInvoker(lambdaEndpoint)
  return async (functionArn, event, signal) => {
    const webhook = functions.get(functionArn)
    if (!webhook) return invokeLambda(functionArn, event, signal)
    try {
      await post(webhook, event, signal)
    } catch (error) {
      const isFinal = error instanceof WebhookRefusal && error.status >= 300 && error.status < 500 && error.status !== 429
      throw isFinal ? new Refused(error.message, { cause: error }) : error
    }
  }
}
