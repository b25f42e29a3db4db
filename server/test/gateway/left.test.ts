import { expect, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { listen } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'

onBothDatabases('A member who has left', world => {
  test.each(['target', 'sender'])('hears nothing more of a targeted message whose %s it was', async role => {
    const { app, messaging, carillon, appInstance } = world()
    const { user } = await appInstance(['ann', 'ben', 'cid'])
    const [ann, ben, cid] = [user('ann'), user('ben'), user('cid')]
    const ChannelArn = await open(world(), ann, { MemberArns: [ben, cid] })
    const [sender, target, left, stays] = role === 'target' ? [ann, ben, ben, ann] : [ben, ann, ben, ann]
    const MessageId = await say(world(), sender, ChannelArn, 'psst', { Target: [{ MemberArn: target }] })
    const asked = { query: { 'carillon-events': 'reaction' } }
    const [ofLeft, ofStays] = [await listen(app, left, asked), await listen(app, stays, asked)]
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: left, ChimeBearer: ann })
    await ofLeft.until(({ type }) => type === 'DELETE_CHANNEL_MEMBERSHIP')

    await carillon.call('PutMessageReactions', { ChannelArn, MessageId, Reactions: ['👍'], ChimeBearer: stays })
    await ofStays.until(({ type }) => type === 'UPDATE_CHANNEL_MESSAGE_REACTIONS')
    if (role === 'target') await messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'not for you', ChimeBearer: sender })
    await messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: ann })
    await ofStays.until(({ type }) => type === 'REDACT_CHANNEL_MESSAGE')

    // It hears of this after everything before.
    await messaging.createChannelMembership({ ChannelArn, MemberArn: left, Type: 'DEFAULT', ChimeBearer: ann })
    await ofLeft.until(({ type }) => type === 'CREATE_CHANNEL_MEMBERSHIP')
    const after = ofLeft.events.map(({ type }) => type)
    expect(after.slice(after.indexOf('DELETE_CHANNEL_MEMBERSHIP') + 1)).toEqual(['CREATE_CHANNEL_MEMBERSHIP'])
  })
})
