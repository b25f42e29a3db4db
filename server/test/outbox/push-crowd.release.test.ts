import { expect, test } from 'vitest'
import { say } from '../api/acts.ts'
import { startFcm } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { databaseKinds } from '../support/world.ts'
import { application, note, pushActs, pushWorld } from './push-scene.ts'

/** On SQLite nearly as many as a channel may have. */
const membersOn = { sqlite: 9900, postgres: 2000 }
/** What is open at once: 128 requests of a lane, and the lane of the large channel beside that of the small one. */
const openAtMost = 256

test.each(databaseKinds)(
  'a push to thousands of devices of a service that refuses them delays no message and no other push, and reaches each in the end, on %s',
  async kind => {
    const members = membersOn[kind]
    const fcm = await startFcm()
    const map = { [application]: { type: 'push', fcm: { url: fcm.url, serviceAccountFile: fcm.serviceAccountFile } } }
    const { world, register, openWith, push, user } = await pushWorld(kind, map)
    const names = Array.from({ length: members }, (_, index) => `user-${index}`)
    const crowd = await pushActs(world, ['ann', ...names])
    const large = await crowd.openWith('user-0')
    for (let at = 0; at < members; at += 100) {
      const MemberArns = names.slice(at, at + 100).map(crowd.user)
      await world.messaging.batchCreateChannelMembership({ ChannelArn: large, MemberArns, ChimeBearer: crowd.user('ann') })
    }
    for (let at = 0; at < members; at += 50) await Promise.all(names.slice(at, at + 50).map(async name => crowd.register(name, name)))
    await register('bob', 'token-of-bob')
    const small = await openWith('bob')

    let isBusy = true
    fcm.answer = ({ token }) => (isBusy && token !== 'token-of-bob' ? { status: 503, code: 'UNAVAILABLE' } : undefined)
    await crowd.push(large)
    await until(() => fcm.asked > 100)
    await say(world, user('ann'), small)
    await push(small, {}, { ...note, Title: 'urgent' })
    await until(() => fcm.taken.length === 1)
    expect(fcm.taken[0]!.token).toBe('token-of-bob')
    isBusy = false
    await until(() => new Set(fcm.taken.map(({ token }) => token)).size === members + 1, 500_000)
    expect(fcm.mostAtOnce).toBeLessThanOrEqual(openAtMost)
  },
)
