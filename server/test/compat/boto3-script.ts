import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { AnyInput } from '../operations/fixture.ts'
import { main, run, shell } from '../support/process.ts'
import type { SigningKey } from '../support/signed.ts'
import { modelFolder, pythons } from './clients.ts'

/** Reads calls, a line each, and writes what is answered. */
const program = `
import boto3, json, sys
from botocore.config import Config
from botocore.exceptions import ClientError

config = Config(retries={'total_max_attempts': 1})
methods = {}
for service in ('chime-sdk-identity', 'chime-sdk-messaging', 'carillon'):
    client = boto3.client(service, config=config)
    for method, operation in client.meta.method_to_api_mapping.items():
        methods.setdefault(operation, getattr(client, method))
for line in sys.stdin:
    name, given = json.loads(line)
    try:
        answer = methods[name](**given)
    except ClientError as error:
        answer = error.response
    status = answer.pop('ResponseMetadata')['HTTPStatusCode']
    print(json.dumps({'status': status, 'answer': answer}, default=lambda time: time.timestamp()), flush=True)
`

export interface Answered {
  readonly status: number
  readonly answer: AnyInput
}

/** A Python script with boto3 that calls the operations of all three services of a server, one after the other. */
export async function boto3Script(
  url: string,
  { accessKeyId, secretAccessKey, sessionToken }: SigningKey,
): Promise<(operation: string, input: AnyInput) => Promise<Answered>> {
  const folder = await modelFolder()
  await run(process.execPath, [main, 'models', folder])
  const env = shell({
    AWS_ENDPOINT_URL: url,
    AWS_DATA_PATH: folder,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    PYTHONUTF8: '1',
  })
  const script = spawn(pythons[0]!, ['-c', program], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void script.kill())
  const lines = createInterface({ input: script.stdout })[Symbol.asyncIterator]()
  return async (operation, input) => {
    script.stdin.write(`${JSON.stringify([operation, input])}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`boto3 does not call ${operation}: what it says is above`)
    return JSON.parse(value) as Answered
  }
}
