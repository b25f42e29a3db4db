import { expect, test, vi } from 'vitest'
import { parseArn } from '../../src/arn.ts'
import type { Queries } from '../../src/database/database.ts'
import { ChannelMembers } from '../../src/gateway/channel-members.ts'
import { findFacts } from '../../src/store/facts.ts'
import { open } from '../api/acts.ts'
import { onBothDatabases } from '../support/world.ts'

onBothDatabases('The members of a large channel', world => {
  test('are read again once a membership has begun or ended, and otherwise cost one look-up', async () => {
    const { app, messaging, appInstance } = world()
    const names = Array.from({ length: 104 }, (_, index) => `user-${index}`)
    const { user } = await appInstance(names)
    const [ann, ...others] = names.map(user)
    const ChimeBearer = ann!
    const ChannelArn = await open(world(), ann!, {})
    const join = async (MemberArns: string[]) => messaging.batchCreateChannelMembership({ ChannelArn, MemberArns, ChimeBearer })
    await join(others.slice(0, 50))
    await join(others.slice(50, 101))
    const { channel } = (await findFacts(app.db, parseArn(ann!)!, { channel: parseArn(ChannelArn) }))!
    let lists = 0
    const counting: Queries = {
      get: async (...asked) => app.db.get(...asked),
      all: async (...asked) => (lists++, app.db.all(...asked)),
      run: async (...asked) => app.db.run(...asked),
    }
    const members = new ChannelMembers(counting)
    let minutes = 0
    /** How many members there are six minutes later, and whether they were read. */
    const later = async () => {
      const at = Date.now() + (minutes += 6) * 60_000
      const clock = vi.spyOn(Date, 'now').mockReturnValue(at)
      lists = 0
      const { size } = await members.of(channel!.id).finally(() => clock.mockRestore())
      return { size, isRead: lists > 0 }
    }
    expect(await later()).toEqual({ size: 102, isRead: true })
    expect(await later()).toEqual({ size: 102, isRead: false })
    await join([others[101]!])
    expect(await later()).toEqual({ size: 103, isRead: true })
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: others[3]!, ChimeBearer })
    expect(await later()).toEqual({ size: 102, isRead: true })
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: others[101]!, ChimeBearer })
    await messaging.createChannelMembership({ ChannelArn, MemberArn: others[3]!, Type: 'HIDDEN', ChimeBearer })
    expect(await later()).toEqual({ size: 101, isRead: true })
    expect(await later()).toEqual({ size: 101, isRead: false })
  })
})
