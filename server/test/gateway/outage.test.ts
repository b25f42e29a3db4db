import { expect, onTestFinished, test } from 'vitest'
import { startPostgres } from '../support/postgres.ts'
import { Listening, listen, presignedUrl } from '../support/sockets.ts'
import { startWorld } from '../support/world.ts'

test('while the database is unavailable a new client gets 1013, a connected one stays, and both hear everything afterwards', async () => {
  const postgres = await startPostgres()
  onTestFinished(() => postgres.remove())
  const world = await startWorld('postgres', { databaseUrl: postgres.url })
  onTestFinished(() => world.close())
  const { app, messaging } = world
  const { arn, user } = await world.appInstance(['alice', 'bob'])
  const { ChannelArn } = await messaging.createChannel({
    AppInstanceArn: arn,
    Name: 'channel',
    MemberArns: [user('bob')],
    ClientRequestToken: 'channel',
    ChimeBearer: user('alice'),
  })
  const alice = await listen(app, user('alice'))

  await postgres.stop()
  const tooEarly = new Listening(await presignedUrl(app, user('bob'), { query: { 'prefetch-on': 'connect' } }))
  expect(await tooEarly.closed).toEqual({ code: 1013, reason: 'The service is temporarily unavailable' })
  expect(tooEarly.events.map(({ type }) => type)).toEqual(['SESSION_ESTABLISHED'])

  await postgres.start()
  const bob = await listen(app, user('bob'))
  await messaging.sendChannelMessage({
    ChannelArn,
    Content: 'again',
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
    ClientRequestToken: 'again',
    ChimeBearer: user('bob'),
  })
  for (const session of [alice, bob]) expect((await session.next()).payload).toMatchObject({ Content: 'again' })
})
