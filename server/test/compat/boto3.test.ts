import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, run } from '../support/process.ts'
import { pythons, served } from './clients.ts'

const script = join(root, 'server/test/compat/main_job.py')

/** A refusal, with what boto3 shows of it. */
const refused = `
import boto3, json, os, urllib.parse
client = boto3.client('chime-sdk-messaging', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
arn = 'arn:aws:chime:us-east-1:000000000000:app-instance/none'
try:
    client.describe_channel(ChannelArn=arn + '/channel/c', ChimeBearer=arn + '/user/u')
except client.exceptions.UnauthorizedClientException as error:
    header = error.response['ResponseMetadata']['HTTPHeaders']['x-carillon-reason']
    print(json.dumps([error.response['Error']['Message'], urllib.parse.unquote(header)]))
`

describe.skipIf(pythons.length === 0).each(pythons.length > 0 ? pythons : ['python3'])('boto3 of %s', python => {
  test('runs the whole example: identities, a bot, channels, memberships, messages, and a listing page by page', async () => {
    const { code, stdout, stderr } = await run(python, [script], { env: await served() })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      names: [['channel 0', 'channel 1'], ['channel 2', 'channel 3'], ['channel 4']],
      read: true,
      moved: true,
      type: 'datetime',
      content: 'héllo ☃',
      ofBot: 5,
      refusal: [403, 'Forbidden', 'You do not have sufficient access to perform this action'],
    })
  })

  test('shows the Reason of an error as a header, and with --reason-in-message in the Message', async () => {
    const message = 'An invalid app instance user ARN was supplied for the x-amz-chime-bearer HTTP header.'
    const reason = 'arn:aws:chime:us-east-1:000000000000:app-instance/none/user/u is not a user or bot that exists.'
    for (const [flags, shown] of [
      [[], message],
      [['--reason-in-message', 'on'], `${message} Reason: ${reason}`],
    ] as const) {
      const { code, stdout, stderr } = await run(python, ['-c', refused], { env: await served(flags) })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(stdout)).toEqual([shown, reason])
    }
  })
})
