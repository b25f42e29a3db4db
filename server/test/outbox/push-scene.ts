import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PushNotificationConfiguration } from '@aws-sdk/client-chime-sdk-messaging'
import type { RegisterAppInstanceUserEndpointCommandInput } from '@aws-sdk/client-chime-sdk-identity'
import { onTestFinished, vi } from 'vitest'
import { appendToOutbox, firstInOutbox, laneOf } from '../../src/store/outbox.ts'
import { deadAfter } from '../../src/store/outbox-dead.ts'
import { open, rowsIn, say } from '../api/acts.ts'
import { temporaryFolder } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { startWorld, type DatabaseKind, type World } from '../support/world.ts'

export const application = 'arn:aws:mobiletargeting:us-east-1:000000000000:apps/chat'
export const note = { Title: 'Ann', Body: 'Dinner at 8?', Type: 'DEFAULT' } as const

type Register = Partial<RegisterAppInstanceUserEndpointCommandInput>

/** A server with this file of destinations, an app instance, and the calls that tests of pushes make in it. */
export async function pushWorld(
  kind: DatabaseKind,
  map: Readonly<Record<string, unknown>>,
  settings: Record<string, string> = {},
  surroundings: Parameters<typeof startWorld>[2] = {},
) {
  const file = join(await temporaryFolder(), 'destinations.json')
  await writeFile(file, JSON.stringify(map))
  const world = await startWorld(kind, { destinations: file, ...settings }, surroundings)
  onTestFinished(() => world.close())
  return { ...(await pushActs(world)), world, file }
}

export async function pushActs(world: World, users: readonly string[] = ['ann', 'bob', 'eve']) {
  const { arn, user } = await world.appInstance(users)
  const { identity } = world
  const register = async (name: string, DeviceToken: string, extra: Register = {}) => {
    const input = {
      AppInstanceUserArn: user(name),
      Type: 'GCM',
      ResourceArn: application,
      EndpointAttributes: { DeviceToken },
      ...extra,
    } as const
    return (await identity.registerAppInstanceUserEndpoint(input)).EndpointId!
  }
  const stateOf = async (name: string, EndpointId: string) =>
    (await identity.describeAppInstanceUserEndpoint({ AppInstanceUserArn: user(name), EndpointId })).AppInstanceUserEndpoint!.EndpointState!
  const openWith = async (...members: readonly string[]) => open(world, user('ann'), { MemberArns: members.map(user) })
  const push = async (
    channel: string,
    extra: Parameters<typeof say>[4] = {},
    PushNotification: PushNotificationConfiguration = note,
    sender = 'ann',
  ) => say(world, user(sender), channel, 'the content', { PushNotification, ...extra })
  /** Resolves once the outbox is empty. */
  const settled = async () => until(async () => (await rowsIn(world, 'outbox')) === 0)
  return { arn, user, register, stateOf, openWith, push, settled }
}

/** A clock of the process for one test, which begins before the server: returns what moves it forward, in seconds. */
export function pausesClock() {
  const now = performance.now.bind(performance)
  let ahead = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead)
  onTestFinished(() => clock.mockRestore())
  return (seconds: number) => void (ahead += seconds * 1000)
}

/** Resolves once the outbox has looked for due entries, as it does once a second, and has begun to deliver what it may. */
export async function lookedThrough({ app: { db } }: World) {
  // An invocation without a callback is only removed.
  const lane = laneOf('flow-invocation', 'arn:aws:lambda:us-east-1:123456789012:function:none')
  for (let looks = 0; looks < 2; looks++) {
    await db.transaction(tx => appendToOutbox(tx, lane, { callbackId: 'none' }, Date.now()))
    await until(async () => (await firstInOutbox(db, lane, 1)).length === 0)
  }
}

/** The entries that were given up. */
export const listDead = async ({ app }: World) => deadAfter(app.db, 0, 100)
