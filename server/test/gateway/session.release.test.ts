import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../support/sockets.ts'
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
