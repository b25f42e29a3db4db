import { parseArn } from '../../src/arn.ts'
import { findIdentity } from '../../src/store/identities.ts'
import { putSeen } from '../../src/store/presences.ts'
import { say } from '../api/acts.ts'
import type { World } from '../support/world.ts'
import { answer, type makeScene } from './scene.ts'

type Scene = Awaited<ReturnType<typeof makeScene>>

/** Adds to a scene something of each kind that Amazon does not have and that is moved. */
export async function addOurs({ carillon, messaging, identity, ...scene }: Scene) {
  const { arn, root, mod, alice, bob, eve, channel, elastic, first } = scene
  const world = { ...scene, carillon, messaging, identity }
  await carillon.call('PutAppInstanceEventSettings', { AppInstanceArn: arn, EventSettings: { Events: ['read', 'pin'] } })
  await carillon.call('PutPresenceStatus', { AppInstanceUserArn: bob, Status: 'BUSY', StatusText: 'at "lunch" 🍜', ChimeBearer: bob })
  await scene.app.db.transaction(async tx => putSeen(tx, (await findIdentity(tx, parseArn(alice)!))!.id, Date.now() - 100_000))
  const react = async (ChimeBearer: string, MessageId: string, ...Reactions: string[]) =>
    carillon.call('PutMessageReactions', { ChannelArn: channel, MessageId, Reactions, ChimeBearer })
  await react(alice, first, '👍', '🎉')
  await react(bob, first, '🎉')
  // The first user who has added the reaction removes and adds it: it stays the first of the list.
  await react(mod, first, '🍀')
  await react(bob, first, '🎉', '🍀')
  await react(alice, first, '🎉')
  await react(mod, first)
  const gone = await say(world, bob, channel, 'redacted with a reaction')
  await react(alice, gone, '👍')
  await messaging.redactChannelMessage({ ChannelArn: channel, MessageId: gone, ChimeBearer: bob })
  const replyTo = async (sender: string, root: string, content: string) =>
    say(world, sender, channel, content, { MessageAttributes: { 'CARILLON.thread': { StringValues: [root] } } })
  await replyTo(bob, first, 'a reply')
  await replyTo(alice, first, 'another reply')
  const lost = await say(world, alice, channel, 'the first of a thread')
  const orphan = await replyTo(bob, lost, 'to what is deleted')
  await messaging.deleteChannelMessage({ ChannelArn: channel, MessageId: lost, ChimeBearer: root })
  await carillon.call('PinMessage', { ChannelArn: channel, MessageId: orphan, ChimeBearer: mod })
  await carillon.call('PinMessage', { ChannelArn: channel, MessageId: first, ChimeBearer: root })
  const inPart = { ChannelArn: elastic.ChannelArn, SubChannelId: elastic.SubChannelId }
  const part = await say(world, alice, elastic.ChannelArn, 'pinned in a part', { SubChannelId: elastic.SubChannelId })
  await carillon.call('PinMessage', { ...inPart, MessageId: part, ChimeBearer: mod })
  await carillon.call('PutMessageReactions', { ...inPart, MessageId: part, Reactions: ['👋'], ChimeBearer: alice })
  await say(world, mod, channel, 'for bob', { MessageAttributes: { 'CHIME.mentions': { StringValues: [bob] } } })
  await carillon.call('PutChannelReadMarker', { ChannelArn: channel, MessageId: first, ChimeBearer: bob })
  return { ...scene, eve, messages: [first, orphan, gone], part }
}

/** All that can be read of it, as each of its users. */
export async function readOurs({ carillon }: World, scene: Awaited<ReturnType<typeof addOurs>>) {
  const { arn: AppInstanceArn, root, alice, bob, users, channel: ChannelArn, messages: MessageIds, elastic, part } = scene
  const all: Record<string, unknown> = {}
  const read = async (name: string, call: Promise<{ $metadata: unknown }>) => (all[name] = answer(await call))
  await read('events', carillon.call('GetAppInstanceEventSettings', { AppInstanceArn }))
  await read('shown', carillon.call('GetAppInstancePresenceSettings', { AppInstanceArn }))
  await read('presence', carillon.call('BatchGetPresence', { AppInstanceUserArns: [alice, bob], ChimeBearer: root }))
  await read('markers', carillon.call('ListChannelReadMarkers', { ChannelArn, ChimeBearer: root }))
  for (const ChimeBearer of users) {
    await read(`unread of ${ChimeBearer}`, carillon.call('ListChannelUnreadCounts', { ChimeBearer }))
    await read(`all unread of ${ChimeBearer}`, carillon.call('GetUnreadSummary', { ChimeBearer }))
  }
  const asked = { ChannelArn, ChimeBearer: alice }
  await read('reactions', carillon.call('BatchGetMessageReactions', { ...asked, MessageIds }))
  const named = { ...asked, MessageId: MessageIds[0]! }
  for (const Reaction of ['👍', '🎉', '🍀']) await read(Reaction, carillon.call('ListMessageReactionMembers', { ...named, Reaction }))
  await read('threads', carillon.call('BatchGetThreads', { ...asked, MessageIds }))
  await read('replies', carillon.call('ListThreadMessages', named))
  await read('pins', carillon.call('ListPinnedMessages', asked))
  const inPart = { ChannelArn: elastic.ChannelArn, SubChannelId: elastic.SubChannelId, ChimeBearer: alice }
  await read('pins of a part', carillon.call('ListPinnedMessages', inPart))
  await read('reactions in a part', carillon.call('BatchGetMessageReactions', { ...inPart, MessageIds: [part] }))
  return all
}
