import { expect, test } from 'vitest'
import { say } from '../api/acts.ts'
import { startFcm } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { databaseKinds } from '../support/world.ts'
import { application, note, pushActs, pushWorld } from './push-scene.ts'

const members = 10_000

test.each(databaseKinds)(
  'a push to 10,000 devices delays no other message and no other push, asks few at once, and reaches each device, on %s',
  { timeout: 600_000 },
  async kind => {
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

    const quiet = await latencies(async () => say(world, user('ann'), small))
    const start = performance.now()
    await crowd.push(large)
    const busy = await latencies(async () => say(world, user('ann'), small))
    const pushed = performance.now()
    await push(small, {}, { ...note, Title: 'urgent' })
    await until(() => fcm.taken.some(({ token }) => token === 'token-of-bob'))
    const wait = performance.now() - pushed
    const before = fcm.taken.length
    await until(() => new Set(fcm.taken.map(({ token }) => token)).size === members + 1, 300_000)
    const seconds = (performance.now() - start) / 1000
    console.log(
      `${kind}: ${members} devices in ${seconds.toFixed(1)} s; a send ${quiet.median.toFixed(1)} ms, meanwhile ${busy.median.toFixed(1)} (worst ${busy.worst.toFixed(0)}); another push after ${wait.toFixed(0)} ms, when ${before} devices were done`,
    )
    expect(fcm.taken.length - members).toBeLessThan(members / 100)
    expect(fcm.mostAtOnce).toBeLessThanOrEqual(256)
    // The other push did not wait for the crowd's.
    expect(before).toBeLessThan(members)
    expect(busy.median).toBeLessThan(quiet.median * 10 + 50)
  },
)

/** How long 40 calls in a row take. */
async function latencies(call: () => Promise<unknown>) {
  const times: number[] = []
  for (let index = 0; index < 40; index++) {
    const start = performance.now()
    await call()
    times.push(performance.now() - start)
  }
  const sorted = times.toSorted((a, b) => a - b)
  return { median: sorted[20]!, worst: sorted.at(-1)! }
}
