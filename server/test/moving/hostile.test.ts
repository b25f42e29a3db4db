import { afterAll, beforeAll, expect, test } from 'vitest'
import { join } from 'node:path'
import { partsOfId } from '../../src/store/message-ids.ts'
import { startWorld, type World } from '../support/world.ts'
import { exported, forge, imported } from './scene.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('sqlite')
})
afterAll(() => world?.close())

let forged = 0

const times = { createdAt: 1_700_000_000_000, updatedAt: 1_700_000_000_000 }
const user = (ref: string, more: object = {}) => ({ type: 'identity', ref, kind: 'user', id: `u${ref}`, name: 'x', ...times, ...more })
const channel = (id: string, more: object = {}) => ({
  type: 'channel',
  id,
  name: 'x',
  mode: 'RESTRICTED',
  privacy: 'PRIVATE',
  createdBy: '1',
  ...times,
  sequence: 1,
  lastEventAt: times.createdAt,
  ...more,
})
const membership = (more: object = {}) => ({
  type: 'membership',
  channel: 'c',
  member: '1',
  visibility: 'DEFAULT',
  invitedBy: '1',
  ...times,
  placed: false,
  ...more,
})
const idOf = (at: number, sequence: number) => at.toString(16).padStart(12, '0') + sequence.toString(16).padStart(12, '0') + '0'.repeat(40)
const message = (more: object = {}) => ({
  type: 'message',
  channel: 'c',
  id: idOf(times.createdAt, 1),
  sender: '1',
  kind: 'STANDARD',
  content: 'x',
  redacted: false,
  updatedAt: times.updatedAt,
  ...more,
})
const beside = (type: string, more: object = {}) => ({ type, channel: 'c', message: idOf(times.createdAt, 1), ...more })
const reaction = (more: object = {}) => beside('reaction', { identity: '1', reaction: '👍', addedWith: 1, firstAddedWith: 1, ...more })
const pin = (more: object = {}) => beside('pin', { pinnedBy: '1', pinnedAt: 1, pinnedWith: 1, ...more })
const elastic = { elastic: { maximum: 2, target: 2, percentage: 40 } }
const part = (id: string) => ({ type: 'subChannel', channel: 'c', id, capacity: 2, wanted: 0, isOpen: true, createdAt: 1 })

/** The error of an import of these lines, and the ARN that it was about. */
async function importOf(lines: readonly (object | string)[], appInstance: object = {}, manifest: object = {}) {
  const arn = `arn:aws:chime:us-east-1:000000000000:app-instance/forged-${++forged}`
  const folder = join(world.folder, `forged-${forged}`)
  const texts = lines.map(line => (typeof line === 'string' ? line : JSON.stringify(line)))
  await forge(folder, { arn, name: 'x', ...times, ...appInstance }, texts, manifest)
  return { arn, imported: imported(folder, world) }
}

const lex = { Lex: { LexBotAliasArn: 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST', LocaleId: 'en_US' } }
const base = [user('1'), channel('c')]
const future = Date.now() + 1e10

const wrong: Record<string, [lines: readonly (object | string)[], error: RegExp]> = {
  'no JSON': [['{'], /line 1: It is not JSON\.$/],
  'no object': [['null'], /line 1: Its type must be one of flow, identity,/],
  'an unknown type': [[{ type: 'constructor' }], /line 1: Its type must be one of/],
  'a member too many': [[user('1', { isAdmin: true })], /line 1: The member isAdmin is unknown\.$/],
  'a nested member too many': [
    [user('1'), membership({ preferences: { PushNotifications: { AllowNotifications: 'ALL', More: 1 } } })],
    /line 2: The member preferences\.PushNotifications\.More is unknown\.$/,
  ],
  'a name of another type': [[user('1', { name: 7 })], /line 1: The member name must be string\.$/],
  'a long metadata': [
    [user('1', { metadata: 'x'.repeat(1025) })],
    /line 1: The member metadata must not have more than 1024 characters\.$/,
  ],
  'an id with a slash': [[user('1', { id: 'a/bot/b' })], /line 1: The member id must match pattern/],
  'a time in the future': [[user('1', { createdAt: future })], /line 1: The time createdAt is in the future\.$/],
  'a fraction of a millisecond': [[user('1', { createdAt: 1.5 })], /line 1: The member createdAt must be integer\.$/],
  'the same user twice': [[user('1'), user('2', { id: 'u1' })], /line 2: The user is in the export twice\.$/],
  'the same ref twice': [[user('1'), user('1', { id: 'other' })], /line 2: Its ref is that of an earlier line\.$/],
  'a bot without a configuration': [[user('1', { kind: 'bot' })], /line 1: A bot needs a configuration\.$/],
  'an admin that is unknown': [
    [{ type: 'admin', identity: '9', createdAt: 1 }],
    /line 1: The member identity names a user or bot that no earlier line has\.$/,
  ],
  'an admin that is deleted': [
    [user('1', { deletedAt: 1 }), { type: 'admin', identity: '1', createdAt: 1 }],
    /line 2: .* that is deleted\.$/,
  ],
  'a flow that is unknown': [[user('1'), channel('c', { flow: 'f' })], /line 2: It names a channel flow that no earlier line has\.$/],
  'a channel twice': [[...base, channel('c')], /line 3: The channel is in the export twice\.$/],
  'a channel that is unknown': [[user('1'), membership()], /line 2: The member channel names a channel that no earlier line has\.$/],
  'a membership twice': [[...base, membership(), membership()], /line 4: The membership is in the export twice\.$/],
  'a sub-channel of a channel that is not elastic': [[...base, part('p')], /line 3: The channel is not elastic/],
  'more sub-channels than the maximum': [
    [user('1'), channel('c', elastic), part('p'), part('q'), part('r')],
    /line 5: The channel has more sub-channels/,
  ],
  'more members than places': [
    [
      ...['1', '2', '3'].map(ref => user(ref)),
      channel('c', elastic),
      ...['1', '2', '3'].map(member => membership({ member, subChannel: 'p', placed: true })),
    ],
    /^The sub-channel p of the channel c has more members than its capacity/,
  ],
  'an invalid MessageId': [[...base, message({ id: 'x' })], /line 3: The member id must match pattern/],
  'a message of the future': [[...base, message({ id: idOf(future, 1) })], /line 3: The time in its id is in the future\.$/],
  'two messages in one place': [
    [...base, message(), message()],
    /line 4: A message in this place of the channel is in the export twice\.$/,
  ],
  'a message that is redacted and has content': [
    [...base, message({ redacted: true })],
    /line 3: A message has content, unless it is redacted\.$/,
  ],
  'a message that is too long': [
    [...base, message({ content: 'é'.repeat(3000) })],
    /line 3: The Content of a STANDARD message has 6000 bytes/,
  ],
  'a line without end': [[`"${'x'.repeat(2 ** 20)}"`], /line 1: It is longer than any line of an export\.$/],
  'a presence twice': [
    [user('1'), { type: 'presence', identity: '1' }, { type: 'presence', identity: '1' }],
    /line 3: The presence is in the export twice\.$/,
  ],
  'a presence of a bot': [
    [user('1', { kind: 'bot', configuration: lex }), { type: 'presence', identity: '1' }],
    /line 2: A bot has no presence\.$/,
  ],
  'half a position': [[...base, membership({ readUpTo: 1 })], /line 3: Of readUpTo and readUpToAt, both or none are required\.$/],
  'a reaction twice': [[...base, message(), reaction(), reaction()], /line 5: The reaction is in the export twice\.$/],
  'a reaction of nobody': [
    [...base, message(), reaction({ identity: '9' })],
    /line 4: The member identity names a user or bot that no earlier line has\.$/,
  ],
  'a reaction that is too long': [
    [...base, message(), reaction({ reaction: 'x'.repeat(33) })],
    /line 4: The member reaction must not have more/,
  ],
  'a pin twice': [[...base, message(), pin(), pin({ pinnedWith: 2 })], /line 5: The pin is in the export twice\.$/],
  'a pin of the future': [[...base, message(), pin({ pinnedAt: future })], /line 4: The time pinnedAt is in the future\.$/],
  'an invalid count': [
    [...base, message(), beside('unreadCorrection', { viewer: '1', unread: -2, mentions: 0 })],
    /line 4: The member unread must be >= -1\.$/,
  ],
  'a tag too many': [
    Array.from({ length: 51 }, (_, index) => ({ type: 'tag', of: 'app-instance', id: '', key: `k${index}`, value: 'v' })),
    /line 51: The resource has more than 50 tags\.$/,
  ],
}

test.each(Object.entries(wrong))('a line is refused by its number: %s', async (_, [lines, error]) => {
  await expect((await importOf(lines)).imported).rejects.toThrow(error)
})

test.each([
  ['an ARN of a user', { arn: 'arn:aws:chime:us-east-1:000000000000:app-instance/a/user/b' }, {}, /Its ARN is not that of an app instance/],
  ['an ARN of no stream', { messageStream: 'arn:aws:s3:::bucket' }, {}, /The ARN of a stream is not that of a Kinesis stream/],
  ['another version', {}, { version: 2 }, /has version 2 of the format; this Carillon reads version 1/],
  ['invalid parts', {}, { parts: [{ lines: -1 }] }, /is not the manifest of an export/],
])('a manifest is refused: %s', async (_, appInstance, manifest, error) => {
  await expect((await importOf(base, appInstance, manifest)).imported).rejects.toThrow(error)
})

const messages = (channel: string, count: number) =>
  Array.from({ length: count }, (_, index) => message({ channel, id: idOf(times.createdAt + index, index + 1) }))

test('an export has all messages of channels whose messages fill whole pages', async () => {
  const { arn, imported } = await importOf([
    ...base,
    channel('d'),
    channel('e'),
    ...messages('c', 1000),
    ...messages('d', 2),
    ...messages('e', 3),
  ])
  await imported
  const { counts } = await exported(join(world.folder, 'whole-pages'), world, arn)
  expect(counts).toEqual({ identity: 1, channel: 3, message: 1005 })
})

test('a reaction, pin or reply to a message that the export does not have is left out, since a running server may have deleted the message', async () => {
  const other = { message: idOf(times.createdAt, 2) }
  const { arn, imported } = await importOf([
    ...base,
    membership(),
    message(),
    message({ id: idOf(times.createdAt, 3), target: '1' }),
    beside('reply', { ...other, rootAt: 1, rootSequence: 1 }),
    reaction(),
    reaction(other),
    reaction({ subChannel: 'none' }),
    pin(other),
    pin({ message: idOf(times.createdAt, 3) }),
    beside('unreadCorrection', { ...other, viewer: '1', unread: 1, mentions: 1 }),
  ])
  await imported
  const { counts } = await exported(join(world.folder, 'beside'), world, arn)
  expect(counts).toEqual({ identity: 1, channel: 1, membership: 1, message: 2, reaction: 1 })
})

test('an imported channel continues with a number above every number that the export has', async () => {
  const { arn, imported } = await importOf([
    ...base,
    membership({ readUpTo: 40, readUpToAt: times.createdAt + 40 }),
    message(),
    reaction({ addedWith: 50 }),
    pin({ pinnedWith: 60 }),
  ])
  await imported
  const bearer = `${arn}/user/u1`
  const sent = await world.messaging.sendChannelMessage({
    ChannelArn: `${arn}/channel/c`,
    Content: 'x',
    Type: 'STANDARD',
    Persistence: 'PERSISTENT',
    ChimeBearer: bearer,
  })
  expect(partsOfId(sent.MessageId!)?.sequence).toBe(61)
})

test('what a refused import has stored can be seen by nobody', async () => {
  const { arn, imported } = await importOf([...base, message(), '{'])
  await expect(imported).rejects.toThrow(/It is not JSON/)
  const { AppInstances } = await world.identity.listAppInstances({})
  expect(AppInstances!.map(each => each.AppInstanceArn)).not.toContain(arn)
  await expect(world.messaging.listChannels({ AppInstanceArn: arn, ChimeBearer: `${arn}/user/u1` })).rejects.toMatchObject({
    name: 'UnauthorizedClientException',
  })
})

test('a message that has FAILED is seen by its sender alone, and is not the last message of its channel', async () => {
  const { arn, imported } = await importOf([
    user('1'),
    user('2'),
    channel('c'),
    membership(),
    membership({ member: '2' }),
    message({ failed: true }),
  ])
  await imported
  const read = async (id: string) => {
    const asked = { ChannelArn: `${arn}/channel/c`, ChimeBearer: `${arn}/user/${id}` }
    const { ChannelMessages } = await world.messaging.listChannelMessages(asked)
    const { Channel } = await world.messaging.describeChannel(asked)
    return [ChannelMessages!.map(each => each.Status?.Value), Channel!.LastMessageTimestamp]
  }
  expect(await read('u1')).toEqual([['FAILED'], undefined])
  expect(await read('u2')).toEqual([[], undefined])
})
