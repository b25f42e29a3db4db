import { expect, test } from 'vitest'
import { startApns, startWebPush, vapidKeys } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { application, pushWorld } from './push-scene.ts'

const tokenOf = (digit: string) => digit.repeat(64)
const apple = { Type: 'APNS' } as const

test(
  'a push that is never answered is sent again over a new connection, and those that were taken are not',
  { timeout: 30_000 },
  async () => {
    const apns = await startApns()
    const met: string[] = []
    apns.answer = ({ token }) => {
      if (token !== tokenOf('d') || met.length > 0) return undefined
      met.push(token)
      return 'hang'
    }
    const { register, openWith, push, settled, stateOf } = await pushWorld('sqlite', { [application]: { type: 'push', apns: apns.entry } })
    const channel = await openWith('bob', 'eve')
    await register('eve', tokenOf('e'), apple)
    await push(channel)
    await until(() => apns.taken.length === 1)
    const id = await register('bob', tokenOf('d'), apple)
    await push(channel)
    await settled()
    const tokens = apns.taken.map(({ token }) => token)
    expect(tokens.filter(token => token === tokenOf('d'))).toHaveLength(1)
    expect(tokens.filter(token => token === tokenOf('e'))).toHaveLength(2)
    expect(apns.sessions.length).toBe(2)
    expect(await stateOf('bob', id)).toEqual({ Status: 'ACTIVE' })
  },
)

test('subscriptions that never answer keep no other device from its push', { timeout: 60_000 }, async () => {
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
