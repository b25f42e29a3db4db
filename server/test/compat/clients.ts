import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import { keyVariables, root, rootKey, serve, temporaryFolder } from '../support/process.ts'

/** Each Python with boto3, and each AWS CLI, of the machine. */
export const [pythons, awsCommands] = [inject('pythons'), inject('awsCommands')]

/** A folder for AWS_DATA_PATH: clients that are older than the APIs read the models from it. */
export async function modelFolder(): Promise<string> {
  const folder = await temporaryFolder()
  for (const [service, version] of [
    ['chime-sdk-messaging', '2021-05-15'],
    ['chime-sdk-identity', '2021-04-20'],
  ] as const) {
    await mkdir(join(folder, service, version), { recursive: true })
    await copyFile(join(root, `server/test/contract/model/${service}.json`), join(folder, service, version, 'service-2.json'))
  }
  return folder
}

/** A new server, and the environment in which a client uses it. */
export async function served(flags: readonly string[] = []): Promise<Record<string, string>> {
  const server = serve(['--port', '0', '--data', ':memory:', ...flags], { env: keyVariables })
  return {
    AWS_ENDPOINT_URL: await server.url(),
    AWS_DATA_PATH: await modelFolder(),
    AWS_ACCESS_KEY_ID: rootKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    PYTHONUTF8: '1',
  }
}
