import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, run, serve, temporaryFolder } from '../support/process.ts'
import { awsCommands, pythons } from './clients.ts'

const output = 'general: DEFAULT member, unread\nsupport: DEFAULT member, unread\nrandom: DEFAULT member, read\n'

/** Runs an example as a newcomer does: with the variables that the server has printed, and nothing else. */
async function ran(command: string, file: string) {
  const server = serve(['--port', '0', '--data', await temporaryFolder()])
  await server.url()
  const env = Object.fromEntries([...server.stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
  expect(Object.keys(env)).toEqual(['AWS_SHARED_CREDENTIALS_FILE', 'AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_DEFAULT_REGION'])
  return run(command, [join(root, 'examples', file)], { env: { ...env, AWS_CONFIG_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' } })
}

test('the JavaScript example prints what the README shows', async () => {
  expect(await ran(process.execPath, 'javascript_main_job.mjs')).toEqual({ code: 0, stdout: output, stderr: '' })
})

test('the seed of the browser example makes users, and prints what its page asks for', async () => {
  const { stdout, ...rest } = await ran(process.execPath, 'browser/seed.mjs')
  expect(rest).toEqual({ code: 0, stderr: '' })
  expect(stdout.replaceAll(/[\w-]{36}/g, 'ID')).toMatch(
    /^Endpoint {2}http:\S+:\d+\nKeys {6}the two in \/\S+\/credentials\nAlice {5}arn:\S+:app-instance\/ID\/user\/alice\nBob {7}arn:\S+:app-instance\/ID\/user\/bob\n$/,
  )
})

test.skipIf(pythons.length === 0)('the boto3 example prints what the README shows', async () => {
  expect(await ran(pythons[0]!, 'boto3_main_job.py')).toEqual({ code: 0, stdout: output, stderr: '' })
})

test.skipIf(awsCommands.length === 0)('the AWS CLI example prints what the README shows', { timeout: 60_000 }, async () => {
  expect(await ran('bash', 'aws_cli_main_job.sh')).toEqual({ code: 0, stdout: output, stderr: '' })
})
