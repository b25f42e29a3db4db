import { expect, onTestFinished, test } from 'vitest'
import { Listening, listen, presignedUrl } from '../support/sockets.ts'
import { startWorld } from '../support/world.ts'
import { metric, rawSession } from './raw-session.ts'

test('a client that does not read is closed and counted once more than 1 MiB waits for it, and others hear everything', async () => {
  const patient = await startWorld('sqlite')
  onTestFinished(() => patient.close())
  const { arn, user } = await patient.appInstance(['alice', 'bob'])
  const { ChannelArn } = await patient.messaging.createChannel({
    AppInstanceArn: arn,
    Name: 'busy',
    MemberArns: [user('bob')],
    ClientRequestToken: 'busy',
    ChimeBearer: user('alice'),
  })
  const { socket: stuck } = await rawSession(user('alice'), patient)
  stuck.pause()
  const bob = await listen(patient.app, user('bob'))
  let count = 0
  // The buffers of both kernels hold some megabytes.
  for (; (await metric('carillon_slow_sessions_total', patient)) === 0; count += 50) {
    await Promise.all(
      Array.from({ length: 50 }, () =>
        patient.messaging.sendChannelMessage({
          ChannelArn,
          Content: 'x'.repeat(4000),
          Type: 'STANDARD',
          Persistence: 'NON_PERSISTENT',
          ChimeBearer: user('bob'),
        }),
      ),
    )
  }
  await expect.poll(() => bob.events.length).toBe(count + 1)
  expect(await metric('carillon_slow_sessions_total', patient)).toBe(1)
  await expect.poll(() => stuck.resume().destroyed).toBe(true)
})

test('five hundred unsigned connections are refused, and signed ones are served', async () => {
  const world = await startWorld('sqlite', { connectionsPerUser: '1000' })
  onTestFinished(() => world.close())
  const { user } = await world.appInstance(['alice', 'bob'])
  const url = await presignedUrl(world.app, user('alice'), { key: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' } })
  const flood = Array.from({ length: 500 }, () => new Listening(url))
  expect((await listen(world.app, user('bob'))).events).toHaveLength(1)
  for (const { closed } of flood) expect(await closed).toMatchObject({ code: 4401 })
})
