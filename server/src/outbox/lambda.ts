import { messageOf } from '../tools/error-text.ts'
import { awsOptions, clientOfRegion, regionOf, saidBy, type SdkError } from './aws.ts'
import { isLate, NotReached, Refused } from './delivery.ts'
import { WebhookRefusal } from './webhook.ts'

/** The largest response in bytes: for an accepted invocation it has no body, for a refused one a sentence. */
const largestResponse = 64 * 1024

/** Passes an event to a function. Resolves once it is accepted; rejects with Refused if a retry would not help. */
export type InvokeLambda = (functionArn: string, event: unknown, signal: AbortSignal) => Promise<void>

/**
 * Why a function could not be invoked: a short text for the sender of the message, without the operator's addresses and names, and
 * a longer one for the operator, with what to change.
 */
export function whyNotInvoked(error: unknown): { readonly short: string; readonly long: string } {
  const { name, message, $metadata, cause } = error as SdkError
  if (error instanceof Refused && cause !== undefined) return whyNotInvoked(cause)
  if (error instanceof WebhookRefusal) return { short: `its webhook has answered ${error.status}`, long: message }
  if (error instanceof NotReached)
    return { short: isLate(cause) ? 'its webhook has not answered in time' : 'its webhook could not be reached', long: message }
  if (name === 'CredentialsProviderError') {
    const short = 'the server has no AWS credentials for it, and no --lambda-endpoint'
    return {
      short,
      long: `${short} (CARILLON_LAMBDA_ENDPOINT). Give the URL of a Lambda-compatible API, or AWS credentials for Amazon's Lambda. ${message}`,
    }
  }
  const status = $metadata?.httpStatusCode
  if (status !== undefined) {
    const short = `Lambda has answered ${status}`
    return { short, long: [short, saidBy(error)].filter(text => text !== '').join(': ') }
  }
  if (isLate(error)) return { short: 'Lambda has not answered in time', long: 'Lambda has not answered in time' }
  return { short: 'Lambda could not be reached', long: `Lambda could not be reached: ${messageOf(error)}` }
}

/** The client of each region. The SDK is loaded with the first. AWS_ENDPOINT_URL is ignored: if it is set, it probably names Carillon. */
const lambdaClients = (endpointUrl: string | undefined) =>
  clientOfRegion(async region => {
    const { LambdaClient } = await import('@aws-sdk/client-lambda')
    return new LambdaClient(await awsOptions('lambda', region, endpointUrl, largestResponse))
  })

/** `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`; an emulator may know only the bare name. */
function targetOf(functionArn: string, endpointUrl: string | undefined) {
  const [, , , , , , name, qualifier] = functionArn.split(':')
  return endpointUrl === undefined ? { FunctionName: functionArn } : { FunctionName: name, Qualifier: qualifier }
}

/** Invokes functions through the Lambda API: Amazon's in the region of the function, or the given endpoint. */
export function lambdaInvoker(endpointUrl: string | undefined): InvokeLambda {
  const clientOf = lambdaClients(endpointUrl)
  return async (functionArn, event, signal) => {
    const client = await clientOf(regionOf(functionArn))
    const { InvokeCommand } = await import('@aws-sdk/client-lambda')
    const target = targetOf(functionArn, endpointUrl)
    try {
      await client.send(new InvokeCommand({ ...target, InvocationType: 'Event', Payload: Buffer.from(JSON.stringify(event)) }), {
        abortSignal: signal,
      })
    } catch (error) {
      const { $metadata, message } = error as SdkError
      const status = $metadata?.httpStatusCode ?? 0
      if (status >= 200 && status < 300) return
      if (status >= 400 && status < 500 && status !== 429) {
        throw new Refused(`Lambda has answered ${status}: ${message}`, { cause: error })
      }
      throw error
    }
  }
}

/**
 * Rejects with an Error that says why a function cannot be invoked. It resolves for a function that the server may not examine: the
 * permission to invoke a function does not include that, and not every endpoint supports GetFunctionConfiguration.
 */
export function lambdaCheck(endpointUrl: string | undefined): (functionArn: string, signal: AbortSignal) => Promise<void> {
  const clientOf = lambdaClients(endpointUrl)
  return async (functionArn, abortSignal) => {
    try {
      const client = await clientOf(regionOf(functionArn))
      const { GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda')
      await client.send(new GetFunctionConfigurationCommand(targetOf(functionArn, endpointUrl)), { abortSignal })
    } catch (error) {
      const { name, $metadata } = error as SdkError
      if (name === 'ResourceNotFoundException') throw new Error(`Lambda has no function ${functionArn}. Create it first.`, { cause: error })
      if ($metadata?.httpStatusCode === undefined) throw new Error(whyNotInvoked(error).long, { cause: error })
    }
  }
}
