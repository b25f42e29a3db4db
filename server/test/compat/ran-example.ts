import { join } from 'node:path'
import { expect } from 'vitest'
import { root, run, serve, temporaryFolder } from '../support/process.ts'

/** What each of the long examples prints. */
export const output = 'general: DEFAULT member, unread\nsupport: DEFAULT member, unread\nrandom: DEFAULT member, read\n'

/** Runs an example as a newcomer does: with the variables that the server has printed, and nothing else. */
export async function ran(command: string, file: string) {
  const server = serve(['--port', '0', '--data', await temporaryFolder()])
  await server.url()
  const env = Object.fromEntries([...server.stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
  expect(Object.keys(env)).toEqual(['AWS_SHARED_CREDENTIALS_FILE', 'AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_DEFAULT_REGION'])
  return run(command, [join(root, 'examples', file)], { env: { ...env, AWS_CONFIG_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' } })
}
