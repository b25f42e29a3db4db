import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { expect, test } from 'vitest'
import { Carillon } from '../../src/client/carillon.ts'
import { start } from '../../src/kit/start.ts'
import type { Seed } from '../../src/kit/types.ts'
import { refusal } from '../support/world.ts'

const seed: Seed = {
  Id: 'chat',
  Users: [{ Id: 'ann', Name: 'Ann' }, { Id: 'ben' }, { Id: 'cid' }],
  Channels: [{ Id: 'general', Moderators: ['ann'], Members: ['ben'] }],
}

const message = { Type: 'STANDARD', Persistence: 'PERSISTENT' } as const

test('start() gives a server with what the seed declares, and a user hears on its socket what another sends', async () => {
  await using chime = await start({ seed })
  const [ann, ben] = [chime.as('ann'), chime.as('ben')]
  expect(chime.appInstanceArn).toBe('arn:aws:chime:us-east-1:000000000000:app-instance/chat')
  expect(ann.arn).toBe(`${chime.appInstanceArn}/user/ann`)
  await ben.listen()
  const messaging = new ChimeSDKMessaging(ann.clientConfig)
  const general = { ChannelArn: chime.channelArn('general'), ChimeBearer: ann.arn }
  for (const Content of ['one', 'two', 'three']) await messaging.sendChannelMessage({ ...general, Content, ...message })
  const heard = async (options?: Parameters<typeof ben.heard>[1]) =>
    (await ben.heard('CREATE_CHANNEL_MESSAGE', options)).payload?.['Content']
  expect(await heard({ where: ({ payload }) => payload?.['Content'] !== 'one' })).toBe('two')
  expect([await heard(), await heard()]).toEqual(['one', 'three'])
  messaging.destroy()
})

test('the credentials of as() act as that user and as nobody else', async () => {
  await using chime = await start({ seed })
  const [ann, cid] = [chime.as('ann'), chime.as(`${chime.appInstanceArn}/user/cid`)]
  const messaging = new ChimeSDKMessaging(cid.clientConfig)
  const ChannelArn = chime.channelArn('general')
  expect(await refusal(messaging.listChannelMessages({ ChannelArn, ChimeBearer: ann.arn }))).toMatchObject({
    name: 'AccessDeniedException',
  })
  expect((await messaging.describeChannel({ ChannelArn, ChimeBearer: cid.arn })).Channel).toMatchObject({ Name: 'general' })
  messaging.destroy()
})

test('heard() reports which events arrived instead, and that listen() was not called', async () => {
  await using chime = await start({ seed })
  const ben = chime.as('ben')
  await expect(ben.heard('CREATE_CHANNEL_MESSAGE')).rejects.toThrow('does not listen: call listen() before')
  await ben.listen()
  const messaging = new ChimeSDKMessaging(chime.clientConfig)
  await messaging.updateChannel({ ChannelArn: chime.channelArn('general'), Name: 'new', ChimeBearer: chime.as('ann').arn })
  await ben.heard('UPDATE_CHANNEL', { where: () => false, within: 300 }).catch(() => {})
  await expect(ben.heard('DELETE_CHANNEL', { within: 10 })).rejects.toThrow(
    'has not received DELETE_CHANNEL within 10 ms. Events that have arrived',
  )
  await chime.stop()
  await expect(ben.heard('UPDATE_CHANNEL', { where: () => false })).rejects.toThrow('gets no more events')
  messaging.destroy()
})

test('servers of the kit share nothing, and no call to a stopped one is answered', async () => {
  const chimes = await Promise.all([start({ seed }), start({ seed }), start()])
  expect(new Set(chimes.map(({ endpoint }) => endpoint)).size).toBe(3)
  const [one, , empty] = chimes.map(({ clientConfig }) => new ChimeSDKIdentity({ ...clientConfig, maxAttempts: 1 }))
  expect((await one!.listAppInstances({})).AppInstances).toHaveLength(1)
  expect((await empty!.listAppInstances({})).AppInstances).toEqual([])
  await Promise.all(chimes.map(chime => chime.stop()))
  await expect(fetch(`${chimes[0].endpoint}/health`)).rejects.toThrow('fetch failed')
})

test('settings are those of the flags, and one that does not exist is refused', async () => {
  await using chime = await start({ seed, settings: { 'limit-users-per-app-instance': '3', region: 'eu-west-1' } })
  expect(chime.appInstanceArn).toContain(':eu-west-1:')
  const identity = new ChimeSDKIdentity(chime.clientConfig)
  const user = { AppInstanceArn: chime.appInstanceArn, AppInstanceUserId: 'dan', Name: 'Dan' }
  expect(await refusal(identity.createAppInstanceUser(user))).toMatchObject({ code: 'ResourceLimitExceeded' })
  identity.destroy()
  await expect(start({ settings: { ports: '1' } })).rejects.toThrow("There is no setting 'ports'")
})

test('a test can order faults, close sessions, drop events, move the clock, and reset the server', async () => {
  await using chime = await start({ seed })
  const [ann, ben] = [chime.as('ann'), chime.as('ben')]
  const messaging = new ChimeSDKMessaging(ann.clientConfig)
  const sent = { ChannelArn: chime.channelArn('general'), ChimeBearer: ann.arn, Content: 'hello', ...message }
  await chime.fail('SendChannelMessage', { error: 'ThrottledClientException', delay: 1 })
  expect((await messaging.sendChannelMessage(sent)).$metadata.attempts).toBe(2)

  await ben.listen()
  await chime.dropEvents('CREATE_CHANNEL_MESSAGE')
  await messaging.sendChannelMessage({ ...sent, Content: 'dropped' })
  await messaging.sendChannelMessage({ ...sent, Content: 'heard' })
  expect(await ben.heard('CREATE_CHANNEL_MESSAGE')).toMatchObject({ payload: { Content: 'heard' } })
  expect(await chime.closeSessions(4005, ben.arn)).toBe(1)
  await expect(ben.heard('CREATE_CHANNEL_MESSAGE')).rejects.toThrow('the session was closed with 4005')
  await chime.refuseConnections(4401)
  await expect(ann.listen()).rejects.toThrow('closed with 4401')
  await ann.listen()

  const time = new Date('2030-01-02T03:04:05Z')
  expect(await chime.setClock({ time, frozen: true, skewSeconds: 0 })).toEqual(time)
  expect(await chime.setClock({ advanceSeconds: 60 })).toEqual(new Date('2030-01-02T03:05:05Z'))
  await chime.reset()
  expect(await refusal(messaging.sendChannelMessage(sent))).toMatchObject({ name: 'UnauthorizedClientException' })
  expect(await chime.seed(seed)).toBe(chime.appInstanceArn)
  await messaging.sendChannelMessage(sent)
  messaging.destroy()
})

test('a clock that goes back by an hour does not hold up those who have just called', async () => {
  await using chime = await start({ seed, settings: { 'rate-limits': 'aws' } })
  const ann = chime.as('ann')
  const messaging = new ChimeSDKMessaging({ ...ann.clientConfig, maxAttempts: 1 })
  const listed = async () => messaging.listChannelMemberships({ ChannelArn: chime.channelArn('general'), ChimeBearer: ann.arn })
  await chime.setClock({ advanceSeconds: 3600 })
  await listed()
  await chime.reset()
  await chime.seed(seed)
  expect((await listed()).ChannelMemberships).toHaveLength(2)
  messaging.destroy()
})

test('the credentials of a user do not control the server', async () => {
  await using chime = await start({ seed })
  const carillon = new Carillon(chime.as('ann').clientConfig)
  expect(await refusal(carillon.call('ResetTestServer', {}))).toMatchObject({ name: 'AccessDeniedException', status: 403 })
})
