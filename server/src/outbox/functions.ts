import type { Destinations } from '../settings/destinations.ts'
import type { Log } from '../observe/log.ts'
import { messageOf } from '../tools/error-text.ts'
import { Refused } from './delivery.ts'
import { lambdaCheck, lambdaInvoker, type InvokeLambda } from './lambda.ts'
import { post, reach, WebhookRefusal } from './webhook.ts'

/** Invokes a function: at its webhook in --destinations, or else through the Lambda API. */
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

/** How long the check of a function may take, and how many are checked at once. */
const checkMilliseconds = 3000
const checkedAtOnce = 16

/** Rejects with an Error that says why a function cannot be invoked; of a webhook it only checks that something listens there. */
export function functionCheck({ functions }: Destinations, lambdaEndpoint: string | undefined) {
  const check = lambdaCheck(lambdaEndpoint)
  return async (functionArn: string) => {
    const signal = AbortSignal.timeout(checkMilliseconds)
    const webhook = functions.get(functionArn)
    return webhook ? reach(webhook, signal) : check(functionArn, signal)
  }
}

/** Checks the functions of processors for CreateChannelFlow and UpdateChannelFlow, and logs those that cannot be invoked. */
export function functionWarner(check: (functionArn: string) => Promise<void>, log: Log) {
  let asked = 0
  return (channelFlowArn: string, functionArns: readonly string[]) => {
    for (const functionArn of new Set(functionArns)) {
      if (asked >= checkedAtOnce) return
      asked++
      void check(functionArn)
        .catch((error: unknown) => {
          const about = { flow: channelFlowArn, function: functionArn, reason: messageOf(error) }
          log.warn(about, 'A processor of a new or changed channel flow cannot be invoked')
        })
        .finally(() => asked--)
    }
  }
}
