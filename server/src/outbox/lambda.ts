import type { LambdaClient } from '@aws-sdk/client-lambda'
import { boundedAnswers } from './bounded-answers.ts'
import { Refused } from './runner.ts'

/** Hands an event to a function. Resolves once it is accepted; rejects with Refused where another try would not help. */
export type InvokeLambda = (functionArn: string, event: unknown, signal: AbortSignal) => Promise<void>

/** Any of them says that the operator has given credentials of their own. */
const credentialVariables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
]

/** Emulators want a signature and do not check it. */
const emulatorCredentials = { accessKeyId: 'test', secretAccessKey: 'test' }

/** What is known of an error of the SDK. */
type SdkError = Error & { readonly $metadata?: { readonly httpStatusCode?: number } }

/**
 * Why a function could not be invoked: in short, for whoever has sent the message, without addresses and names of the operator's;
 * and for the operator, with what to change.
 */
export function whyNotInvoked(error: unknown): { readonly short: string; readonly long: string } {
  const { name, message, $metadata, cause } = error as SdkError
  if (error instanceof Refused && cause !== undefined) return whyNotInvoked(cause)
  if (name === 'CredentialsProviderError') {
    const short = 'the server has no AWS credentials for it, and no --lambda-endpoint'
    return {
      short,
      long: `${short} (CARILLON_LAMBDA_ENDPOINT). Give the URL of a Lambda-compatible API, or AWS credentials for Amazon's Lambda. ${message}`,
    }
  }
  const status = $metadata?.httpStatusCode
  if (status !== undefined) return { short: `Lambda has answered ${status}`, long: `Lambda has answered ${status}: ${message}` }
  if (name === 'AbortError' || name === 'TimeoutError')
    return { short: 'Lambda has not answered in time', long: `Lambda has not answered in time: ${message}` }
  return { short: 'Lambda could not be reached', long: `Lambda could not be reached: ${message}` }
}

/** An emulator may know only the bare name: `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`. */
function partsOf(functionArn: string) {
  const [, , , region, , , name, qualifier] = functionArn.split(':')
  return { region: region!, name: name!, qualifier }
}

/**
 * Invokes through the Lambda API: Amazon's in the region of the function, or the endpoint that is given. The SDK is loaded when
 * the first function is invoked. AWS_ENDPOINT_URL is not asked: where it is set it is likely to name Carillon.
 */
export function lambdaInvoker(endpoint: string | undefined): InvokeLambda {
  const clients = new Map<string, Promise<LambdaClient>>()
  const hasCredentials = credentialVariables.some(name => process.env[name])

  const connect = async (region: string) => {
    const { LambdaClient } = await import('@aws-sdk/client-lambda')
    const client = new LambdaClient({
      region,
      endpoint: endpoint ?? `https://lambda.${region}.amazonaws.com`,
      ...(endpoint !== undefined && !hasCredentials && { credentials: emulatorCredentials }),
      // The outbox repeats.
      maxAttempts: 1,
    })
    client.middlewareStack.add(boundedAnswers, { step: 'deserialize', priority: 'low', name: 'boundedAnswers' })
    return client
  }

  return async (functionArn, event, signal) => {
    const { region, name, qualifier } = partsOf(functionArn)
    const connecting = clients.get(region) ?? connect(region)
    clients.set(region, connecting)
    const client = await connecting
    const { InvokeCommand } = await import('@aws-sdk/client-lambda')
    const target = endpoint === undefined ? { FunctionName: functionArn } : { FunctionName: name, Qualifier: qualifier }
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
