import { expect, onTestFinished, test } from 'vitest'
import { open } from '../api/acts.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { processor, until } from '../support/processor.ts'
import { clientsOf, makersOf } from '../support/world.ts'

const fn = 'arn:aws:lambda:us-east-1:123456789012:function:checks'

/** A server of its own, with these variables about Lambda, a channel with a flow in it, and the outcome of a message. */
async function sendThrough(flags: readonly string[], env: Readonly<Record<string, string>>) {
  const server = serve(['--port', '0', '--data', await temporaryFolder(), ...flags], { env: { ...keyVariables, ...env } })
  const { identity, messaging } = clientsOf({ url: await server.url(), rootKey })
  onTestFinished(() => {
    identity.destroy()
    messaging.destroy()
  })
  const { arn, user } = await makersOf(identity).appInstance(['ann'])
  const ChimeBearer = user('ann')
  const ChannelArn = await open({ messaging }, ChimeBearer)
  const Processors = [processor(fn, { Name: 'checks what is said' })]
  const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })
  await messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer })
  const { MessageId } = await messaging.sendChannelMessage({
    ChannelArn,
    ChimeBearer,
    Content: 'x',
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
  })
  const entries = () =>
    server.stderr.split('\n').flatMap(line => (line.includes('"msg"') ? [JSON.parse(line) as Record<string, unknown>] : []))
  const status = async () => (await messaging.getChannelMessageStatus({ ChannelArn, MessageId, ChimeBearer })).Status!
  await until(async () => (await status()).Value === 'FAILED')
  return { entries: entries(), Detail: (await status()).Detail, MessageId, ChannelArn }
}

test('without --lambda-endpoint and AWS credentials log and sender get an error with the flag, the processor and the message', async () => {
  const env = { AWS_EC2_METADATA_DISABLED: 'true', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_CONFIG_FILE: '/dev/null' }
  const { entries, Detail, MessageId, ChannelArn } = await sendThrough([], env)
  expect(Detail).toBe(
    'The processor checks what is said could not be invoked: the server has no AWS credentials for it, and no --lambda-endpoint.',
  )
  const tried = entries.filter(({ msg }) => msg === 'A delivery has failed and will be retried')
  expect(tried).toHaveLength(2)
  const sentence = `The processor checks what is said (${fn}) could not be invoked for the message ${MessageId} of ${ChannelArn}: the server has no AWS credentials for it, and no --lambda-endpoint (CARILLON_LAMBDA_ENDPOINT).`
  for (const { reason } of tried) {
    expect(reason).toContain(sentence)
    expect(String(reason).match(/Could not load credentials/g)).toHaveLength(1)
  }
  const given = entries.find(({ msg }) => msg === 'A processor cannot be invoked')
  expect(given).toMatchObject({
    messageId: MessageId,
    channel: ChannelArn,
    processor: 'checks what is said',
    function: fn,
    action: 'ABORT',
  })
  expect(given!['reason']).toContain('--lambda-endpoint')
})

test('for an endpoint that does not exist the sender gets an error without its address, and the log has it', async () => {
  const { entries, Detail } = await sendThrough(['--lambda-endpoint', 'http://127.0.0.1:9'], {})
  expect(Detail).toBe('The processor checks what is said could not be invoked: Lambda could not be reached.')
  expect(entries.find(({ msg }) => msg === 'A processor cannot be invoked')!['reason']).toContain('127.0.0.1:9')
})
