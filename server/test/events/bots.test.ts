import { expect, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { bots } from '../../src/database/migrations/009-bots.ts'
import { open, purged } from '../api/acts.ts'
import { onBothDatabases } from '../support/world.ts'

const selectBots = statement<{ bots: string | null }>(`select bots from channels where external_id = $1`)
const clear = statement(`update channels set bots = null`)
const [, fill = ''] = bots().split(';')

onBothDatabases('The bots of a channel', world => {
  const noted = async (channel: string) => {
    const { bots: ids } = (await world().app.db.get(selectBots, channel.slice(channel.lastIndexOf('/') + 1)))!
    return ids === null ? 0 : new Set(ids.split(' ')).size
  }

  test('have their ids in its row as long as they are members, so that no message of another channel looks for bots', async () => {
    const { messaging, identity, appInstance, bot } = world()
    const { arn, user } = await appInstance(['ann', 'bob'])
    const [first, second, third, fourth] = [await bot(arn), await bot(arn), await bot(arn), await bot(arn)]
    const ChimeBearer = user('ann')
    const ChannelArn = await open(world(), ChimeBearer, { MemberArns: [user('bob')] })
    expect(await noted(ChannelArn)).toBe(0)
    await messaging.createChannelMembership({ ChannelArn, MemberArn: first, Type: 'HIDDEN', ChimeBearer })
    await messaging.createChannelMembership({ ChannelArn, MemberArn: first, Type: 'HIDDEN', ChimeBearer })
    expect(await noted(ChannelArn)).toBe(1)
    await messaging.batchCreateChannelMembership({ ChannelArn, MemberArns: [user('bob'), second, third, fourth], ChimeBearer })
    expect(await noted(ChannelArn)).toBe(4)
    expect(await noted(await open(world(), first, { MemberArns: [user('ann'), second] }))).toBe(2)

    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: user('bob'), ChimeBearer })
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: first, ChimeBearer })
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: second, ChimeBearer: second })
    expect(await noted(ChannelArn)).toBe(2)
    await messaging.createChannelBan({ ChannelArn, MemberArn: third, ChimeBearer })
    expect(await noted(ChannelArn)).toBe(1)
    await identity.deleteAppInstanceBot({ AppInstanceBotArn: fourth })
    await purged(world())
    expect(await noted(ChannelArn)).toBe(0)
  })

  test('get their ids into the row when a database from before bots is migrated', async () => {
    const { app, appInstance, bot } = world()
    const { arn, user } = await appInstance(['ann'])
    const [first, second] = [await bot(arn), await bot(arn)]
    const both = await open(world(), user('ann'), { MemberArns: [first, second] })
    const one = await open(world(), user('ann'), { MemberArns: [second] })
    const none = await open(world(), user('ann'))
    await app.db.run(clear)
    expect(await noted(both)).toBe(0)
    await app.db.run(statement(fill))
    expect([await noted(both), await noted(one), await noted(none)]).toEqual([2, 1, 0])
  })
})
