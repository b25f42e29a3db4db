import { expect, test } from 'vitest'
import { startWebPush, vapidKeys } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { pushThatMeets } from './push-meeting.ts'
import { application, pushWorld } from './push-scene.ts'

test('a push that is never answered is sent again over a new connection, and those that were accepted are not', async () => {
  expect(await pushThatMeets('hang')).toBe(2)
})

test('subscriptions that never answer delay no push to other devices', async () => {
  const service = await startWebPush()
  process.env['TEST_VAPID_KEY'] = vapidKeys().privateKey
  const webPush = { privateKeyVariable: 'TEST_VAPID_KEY', subject: 'mailto:ops@example.com', privateNetworks: true }
  service.answer = path => (path.startsWith('/slow') ? 'hang' : undefined)
  const { register, openWith, push } = await pushWorld('sqlite', { [application]: { type: 'push', webPush } })
  for (let index = 0; index < 6; index++) await register('bob', service.subscribe(`/slow-${index}`))
  for (let index = 0; index < 8; index++) await register('eve', service.subscribe(`/fast-${index}`))
  await push(await openWith('bob', 'eve'))
  await until(() => service.taken.length === 8)
  expect(new Set(service.taken.map(({ path }) => path)).size).toBe(8)
})
