import type { LambdaClient } from '@aws-sdk/client-lambda'
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
    return new LambdaClient({
      region,
      endpoint: endpoint ?? `https://lambda.${region}.amazonaws.com`,
      ...(endpoint !== undefined && !hasCredentials && { credentials: emulatorCredentials }),
      // The outbox repeats.
      maxAttempts: 1,
    })
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
      const { $metadata, message } = error as Error & { $metadata?: { httpStatusCode?: number } }
      const status = $metadata?.httpStatusCode ?? 0
      if (status >= 200 && status < 300) return
      if (status >= 400 && status < 500 && status !== 429) {
        throw new Refused(`Lambda has answered ${status}: ${message}`, { cause: error })
      }
      throw error
    }
  }
}
