import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { expect, onTestFinished, test } from 'vitest'
import { start } from '../../src/kit/start.ts'
import { start as startSession } from '../clients/stock-session.ts'
import { refusal } from '../support/world.ts'

const seed = {
  Id: 'chat',
  Users: [{ Id: 'ann' }, { Id: 'ben' }],
  Channels: [{ Id: 'general', Moderators: ['ann'], Members: ['ben'] }],
}

test('amazon-chime-sdk-js connects again after 4005 and 1012, outlasts a throttled call, and hears what was not dropped', async () => {
  const chime = await start({ seed, tls: true })
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, chime.ca!])
  onTestFinished(async () => {
    setDefaultCACertificates(before)
    await chime.stop()
  })
  const [ann, ben] = [chime.as('ann'), chime.as('ben')]
  const messaging = new ChimeSDKMessaging(ann.clientConfig)
  const say = (Content: string) =>
    messaging.sendChannelMessage({
      ChannelArn: chime.channelArn('general'),
      Content,
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ChimeBearer: ann.arn,
    })

  await chime.fail('GetMessagingSessionEndpoint', { error: 'ThrottledClientException' })
  const told: string[] = []
  const { endpoint, credentials } = ben.clientConfig
  startSession({ name: 'ben', endpoint, userArn: ben.arn, credentials }, line => told.push(line.slice('ben '.length).trim()))
  const heard = (what: string) => told.filter(line => line === what || (what.startsWith('"') && line.includes(what))).length
  await expect.poll(() => heard('started')).toBe(1)

  expect(await chime.closeSessions(4005, ben.arn)).toBe(1)
  await expect.poll(() => heard('started')).toBe(2)
  expect(await chime.closeSessions(1012)).toBe(1)
  await expect.poll(() => heard('started')).toBe(3)
  expect([heard('closed 4005'), heard('closed 1012')]).toEqual([1, 1])

  await chime.dropEvents('CREATE_CHANNEL_MESSAGE')
  await say('dropped')
  await say('heard')
  await expect.poll(() => heard('"Content":"heard"')).toBe(1)
  expect(heard('"Content":"dropped"')).toBe(0)
  // A code after which the client does not reconnect.
  await chime.closeSessions(4003)
  await expect.poll(() => heard('stopped 4003')).toBe(1)
  messaging.destroy()
})

test('the AWS SDK corrects its clock after a refusal, and sends a throttled call again', async () => {
  await using chime = await start({ seed })
  const messaging = new ChimeSDKMessaging({ ...chime.as('ann').clientConfig, maxAttempts: 2 })
  const asked = { ChannelArn: chime.channelArn('general'), ChimeBearer: chime.as('ann').arn }
  await chime.setClock({ skewSeconds: -7200 })
  expect((await messaging.describeChannel(asked)).$metadata.attempts).toBe(2)
  await chime.fail('DescribeChannel', { error: 'ThrottledClientException' })
  expect((await messaging.describeChannel(asked)).$metadata.attempts).toBe(2)
  await chime.fail('DescribeChannel', { error: 'ThrottledClientException', times: 2 })
  expect(await refusal(messaging.describeChannel(asked))).toMatchObject({ name: 'ThrottledClientException', status: 429 })
  messaging.destroy()
})
