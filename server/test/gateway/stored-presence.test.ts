import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { say } from '../api/acts.ts'
import { temporaryFolder } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { listen } from '../support/sockets.ts'
import { startWorld } from '../support/world.ts'
import { isShown, makeScene } from './watching.ts'

test('typing indicators, watches, and users who come and go write nothing into the database', async () => {
  const world = await startWorld('sqlite', { resume: 'off', presenceGraceSeconds: '1' })
  onTestFinished(() => world.close())
  const { ann, ben, cid, ChannelArn, watching } = await makeScene(world)
  const ofAnn = await watching(ann, { ChannelArns: [ChannelArn] })
  await isShown(ofAnn, ann, true)
  const database = new DatabaseSync(join(world.folder, 'carillon.db'), { readOnly: true })
  onTestFinished(() => database.close())
  /** Another one after each transaction of the server that has written. */
  const version = () => database.prepare('pragma data_version').get()!['data_version']

  const before = version()
  const sessions = await Promise.all([ben, ben, cid].map(async user => listen(world.app, user)))
  for (const user of [ben, cid]) await isShown(ofAnn, user, true)
  for (const IsTyping of [true, true, false, true]) {
    for (const ChimeBearer of [ben, cid]) await world.carillon.call('SendTypingIndicator', { ChannelArn, IsTyping, ChimeBearer })
  }
  await ofAnn.watch({ ChannelArns: [ChannelArn], AppInstanceUserArns: [ben] })
  for (const { socket } of sessions) socket.close()
  for (const user of [ben, cid]) await isShown(ofAnn, user, false)
  expect(version()).toBe(before)

  await say(world, ann, ChannelArn)
  expect(version()).not.toBe(before)
})

test('when users were last seen is known after a restart, of those who were online until then too', async () => {
  const settings = { data: await temporaryFolder(), presenceGraceSeconds: '1' }
  const first = await startWorld('sqlite', settings)
  onTestFinished(() => first.close())
  const { ann, ben, cid, dan, root, get, isOnline } = await makeScene(first)
  const [ofBen] = [await listen(first.app, ben), await listen(first.app, cid)]
  for (const user of [ben, cid]) await until(async () => isOnline(ann, user))
  ofBen.socket.close()
  await until(async () => (await isOnline(ann, ben)) === false)
  const [before] = await get(ann, ben)
  await first.app.close()

  const second = await startWorld('sqlite', settings)
  onTestFinished(() => second.close())
  const { Presences } = await second.carillon.call('BatchGetPresence', { AppInstanceUserArns: [ben, cid, dan], ChimeBearer: root })
  expect(before!.LastSeenTimestamp).toBeInstanceOf(Date)
  expect(Presences).toEqual([
    before,
    { AppInstanceUserArn: cid, IsOnline: false, LastSeenTimestamp: expect.any(Date) as Date },
    { AppInstanceUserArn: dan, IsOnline: false },
  ])
  expect(Presences![1]!.LastSeenTimestamp!.getTime()).toBeGreaterThan(before!.LastSeenTimestamp!.getTime())
})
