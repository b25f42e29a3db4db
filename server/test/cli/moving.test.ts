import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keyVariables, main, rootKey, run, serve, temporaryFolder } from '../support/process.ts'
import { clientsOf } from '../support/world.ts'
import { say } from '../api/acts.ts'

const carillon = async (...args: string[]) => run(process.execPath, [main, ...args])

test('an app instance is exported and imported by commands, beside running servers', async () => {
  const folder = await temporaryFolder()
  const [one, other, target] = ['one', 'other', 'export'].map(name => join(folder, name)) as [string, string, string]
  const first = serve(['--port', '0', '--data', one], { env: keyVariables })
  const second = serve(['--port', '0', '--data', other, '--region', 'eu-central-1'], { env: keyVariables })
  const { identity, messaging } = clientsOf({ url: await first.url(), rootKey: { ...rootKey } })
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'x' })
  const { AppInstanceUserArn: ChimeBearer } = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'a', Name: 'a' })
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'x', ChimeBearer })
  const MessageId = await say({ messaging }, ChimeBearer!, ChannelArn!)

  expect(await carillon('export', AppInstanceArn!, target, '--data', one)).toEqual({
    code: 0,
    stdout: `${AppInstanceArn} is exported to ${target}:\n  identity    1\n  channel     1\n  moderator   1\n  membership  1\n  message     1\n`,
    stderr: '5 lines in 1 part\n',
  })
  await second.url()
  expect(await carillon('import', target, '--data', other, '--abandon')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'carillon: There is no unfinished import of this app instance.\n',
  })
  expect(await carillon('import', target, '--data', other, '--region', 'eu-central-1')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/is imported from .*[^]*Its ARN keeps the region and account us-east-1:000000000000/),
  })
  const moved = clientsOf({ url: await second.url(), rootKey: { ...rootKey } })
  const { ChannelMessage } = await moved.messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer })
  expect(ChannelMessage!.Content).toBe('hello')

  await identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: ChimeBearer })
  const credentials = { AWS_ACCESS_KEY_ID: rootKey.accessKeyId, AWS_SECRET_ACCESS_KEY: rootKey.secretAccessKey }
  const throughApi = ['export', AppInstanceArn!, join(folder, 'api'), '--from-url', await first.url(), '--calls', '1000']
  expect(await run(process.execPath, [main, ...throughApi], { env: credentials })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('needs --bearer: the ARN of an AppInstanceAdmin'),
  })
  expect(await run(process.execPath, [main, ...throughApi, '--bearer', ChimeBearer!], { env: credentials })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/  message +1\n/),
    stderr: expect.stringContaining('does not show the following, so it is not exported: targeted messages'),
  })
  expect(await carillon('export', AppInstanceArn!, target, '--data', one, '--rate', 'x')).toMatchObject({
    stderr: expect.stringContaining('--rate must be a number greater than 0'),
  })
  for (const client of [identity, messaging, moved.identity, moved.messaging]) client.destroy()
})
