import type { ListChannelMessagesCommandInput } from '@aws-sdk/client-chime-sdk-messaging'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../support/sockets.ts'
import { onBothDatabases, refusal, startWorld } from '../support/world.ts'
import { open, pages, say, sentAt } from './acts.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
const wrong = { name: 'BadRequestException', code: 'BadRequest', status: 400 }
const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }
const conflict = { name: 'ConflictException', code: 'Conflict', status: 409 }
const tooLong = { ...wrong, message: 'Channel Messages size limit exceeded' }

/** Attributes of 1,012 bytes and that many more. */
const values = (last: number) => ({ ab: { StringValues: ['x'.repeat(500), 'é'.repeat(255), 'y'.repeat(last)] } })
const at = (milliseconds: number) => new Date(milliseconds)

onBothDatabases('Messages', world => {
  const setting = async (privacy: 'PUBLIC' | 'PRIVATE' = 'PRIVATE') => {
    const { appInstance, messaging } = world()
    const { user } = await appInstance(['a', 'b', 'c', 'h', 'out'], { admins: ['root'] })
    const [a, b, c, h, out, root] = [user('a'), user('b'), user('c'), user('h'), user('out'), user('root')]
    const ChannelArn = await open(world(), a, { MemberArns: [b, c], Privacy: privacy })
    await messaging.createChannelMembership({ ChannelArn, MemberArn: h, Type: 'HIDDEN', ChimeBearer: a })
    const get = async (ChimeBearer: string, MessageId: string) =>
      (await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer })).ChannelMessage!
    const list = async (ChimeBearer: string, extra: Partial<ListChannelMessagesCommandInput> = {}) =>
      (await messaging.listChannelMessages({ ChannelArn, ChimeBearer, ...extra })).ChannelMessages!
    const ids = async (ChimeBearer: string, extra: Partial<ListChannelMessagesCommandInput> = {}) =>
      (await list(ChimeBearer, extra)).map(message => message.MessageId)
    return { a, b, c, h, out, root, user, ChannelArn, get, list, ids }
  }

  test('a message is returned and listed as it was sent', async () => {
    const { messaging } = world()
    const { a, b, ChannelArn, get, list } = await setting()
    const before = Date.now()
    const MessageAttributes = { 'CHIME.mentions': { StringValues: ['x', 'y'] }, other: { StringValues: ['z'] } }
    const sent = await messaging.sendChannelMessage({
      ChannelArn,
      ChimeBearer: a,
      Content: 'hello',
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      Metadata: '{"m":1}',
      ContentType: 'text/plain',
      MessageAttributes,
      Target: [{ MemberArn: b }],
    })
    expect(sent).toMatchObject({ ChannelArn, Status: { Value: 'SENT' }, $metadata: { httpStatusCode: 201 } })
    expect(sent).not.toHaveProperty('SubChannelId')
    const MessageId = sent.MessageId!
    const message = await get(b, MessageId)
    const summary = {
      MessageId,
      Content: 'hello',
      Metadata: '{"m":1}',
      Type: 'STANDARD',
      CreatedTimestamp: expect.any(Date),
      LastUpdatedTimestamp: message.CreatedTimestamp,
      Sender: { Arn: a, Name: 'a' },
      Redacted: false,
      Status: { Value: 'SENT' },
      MessageAttributes,
      ContentType: 'text/plain',
      Target: [{ MemberArn: b }],
    }
    expect(message).toEqual({ ...summary, ChannelArn, Persistence: 'PERSISTENT' })
    expect(message.CreatedTimestamp!.getTime()).toBeGreaterThanOrEqual(before)
    expect(await list(a)).toEqual([summary])
    const { ChannelArn: named } = await messaging.listChannelMessages({ ChannelArn, ChimeBearer: a })
    expect(named).toBe(ChannelArn)
  })

  test('a minimal message has only the required members', async () => {
    const { a, ChannelArn, get } = await setting()
    const message = await get(a, await say(world(), a, ChannelArn, 'x', { Type: 'CONTROL' }))
    expect(Object.keys(message).toSorted()).toEqual(
      [
        'ChannelArn',
        'Content',
        'CreatedTimestamp',
        'LastUpdatedTimestamp',
        'MessageId',
        'Persistence',
        'Redacted',
        'Sender',
        'Status',
        'Type',
      ].toSorted(),
    )
  })

  test('text is returned as it was sent, including U+0000, emoji and lone surrogates', async () => {
    const { messaging } = world()
    const { a, b, ChannelArn, get, list } = await setting()
    const texts = [
      'nul \u0000 nul',
      '👩‍👩‍👧 🏳️‍🌈',
      'high \ud83d',
      'low \udc00',
      '"\\/\b\f\n\r\t\u2028\u2029\u007f',
      '\ufeffbom',
      ' spaces ',
      '\u0000',
    ]
    for (const text of texts) {
      const attributes = { [text]: { StringValues: [text, `${text}${text}`] }, ['__proto__']: { StringValues: ['p'] } }
      const id = await say(world(), a, ChannelArn, text, { Metadata: text, ContentType: text, MessageAttributes: attributes })
      for (const message of [await get(b, id), (await list(b, { MaxResults: 1 }))[0]!]) {
        expect(message).toMatchObject({ MessageId: id, Content: text, Metadata: text, ContentType: text })
        expect(message.MessageAttributes![text]).toEqual({ StringValues: [text, `${text}${text}`] })
      }
      await messaging.updateChannelMessage({ ChannelArn, MessageId: id, Content: `${text}!`, Metadata: `${text}?`, ChimeBearer: a })
      expect(await get(b, id)).toMatchObject({ Content: `${text}!`, Metadata: `${text}?` })
    }
  })

  test('sizes are counted in bytes of UTF-8', async () => {
    const { messaging } = world()
    const { a, ChannelArn, get } = await setting()
    const standard = await say(world(), a, ChannelArn, 'é'.repeat(2048), { Metadata: '🦊'.repeat(256) })
    expect((await get(a, standard)).Content).toBe('é'.repeat(2048))
    expect(await refusal(say(world(), a, ChannelArn, `${'é'.repeat(2048)}x`))).toMatchObject(tooLong)
    expect(await refusal(say(world(), a, ChannelArn, 'x', { Metadata: `${'🦊'.repeat(256)}x` }))).toMatchObject(tooLong)
    const control = await say(world(), a, ChannelArn, 'é'.repeat(15), { Type: 'CONTROL' })
    expect(await refusal(say(world(), a, ChannelArn, `${'é'.repeat(15)}x`, { Type: 'CONTROL' }))).toMatchObject(tooLong)
    const edit = (MessageId: string, Content: string, Metadata?: string) =>
      messaging.updateChannelMessage({ ChannelArn, MessageId, Content, Metadata, ChimeBearer: a })
    expect(await refusal(edit(standard, 'x'.repeat(4097)))).toMatchObject(tooLong)
    expect(await refusal(edit(standard, 'x', `${'🦊'.repeat(256)}x`))).toMatchObject(tooLong)
    expect(await refusal(edit(control, 'x'.repeat(31)))).toMatchObject(tooLong)
    const passing = { Persistence: 'NON_PERSISTENT' } as const
    expect(await refusal(say(world(), a, ChannelArn, 'x'.repeat(4097), passing))).toMatchObject(tooLong)
  })

  test('messages can be larger where the operator has raised the limits, and sockets, edits and stock clients accept them', async () => {
    const raised = await startWorld('sqlite', { contentBytes: '65536', metadataBytes: '16384', controlBytes: '4096' })
    onTestFinished(() => raised.close())
    const { messaging, app } = raised
    const { user } = await raised.appInstance(['a'])
    const a = user('a')
    const ChannelArn = await open(raised, a)
    const session = await listen(app, a)
    const [Content, Metadata] = ['é'.repeat(32_768), '🦊'.repeat(4096)]
    const MessageId = await say(raised, a, ChannelArn, Content, { Metadata })
    const { ChannelMessage } = await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: a })
    expect(ChannelMessage).toMatchObject({ Content, Metadata })
    await expect.poll(() => session.events.some(({ payload }) => payload?.['Content'] === Content)).toBe(true)
    await messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'short', Metadata: 'm'.repeat(16_384), ChimeBearer: a })
    await say(raised, a, ChannelArn, 'x'.repeat(4096), { Type: 'CONTROL' })
    expect(await refusal(say(raised, a, ChannelArn, `${Content}x`))).toMatchObject(tooLong)
    expect(await refusal(say(raised, a, ChannelArn, 'x', { Metadata: `${Metadata}x` }))).toMatchObject(tooLong)
    expect(await refusal(say(raised, a, ChannelArn, 'x', { Metadata: 'x'.repeat(16_385) }))).toMatchObject({
      ...wrong,
      message: expect.stringContaining('Member must have length less than or equal to 16384') as string,
    })
    expect(await refusal(say(raised, a, ChannelArn, 'x'.repeat(4097), { Type: 'CONTROL' }))).toMatchObject(tooLong)
  })

  test('attributes have at most 1 KB, names and values together', async () => {
    const { a, ChannelArn, get } = await setting()
    const id = await say(world(), a, ChannelArn, 'x', { MessageAttributes: values(12) })
    expect((await get(a, id)).MessageAttributes).toEqual(values(12))
    expect(await refusal(say(world(), a, ChannelArn, 'x', { MessageAttributes: values(13) }))).toMatchObject(tooLong)
  })

  test('a CONTROL message has no Metadata', async () => {
    const { messaging } = world()
    const { a, ChannelArn, get } = await setting()
    expect(await refusal(say(world(), a, ChannelArn, 'x', { Type: 'CONTROL', Metadata: 'm' }))).toMatchObject(wrong)
    const MessageId = await say(world(), a, ChannelArn, 'x', { Type: 'CONTROL' })
    const edit = messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'y', Metadata: 'm', ChimeBearer: a })
    expect(await refusal(edit)).toMatchObject(wrong)
    expect(await get(a, MessageId)).toMatchObject({ Content: 'x' })
  })

  test('a NON_PERSISTENT message has an id and is stored nowhere', async () => {
    const { messaging } = world()
    const { a, b, root, ChannelArn, get, list } = await setting()
    const MessageId = await say(world(), a, ChannelArn, 'x', { Persistence: 'NON_PERSISTENT' })
    expect(MessageId).toMatch(/^[-_a-zA-Z0-9]{1,128}$/)
    for (const bearer of [a, b, root]) expect(await refusal(get(bearer, MessageId))).toMatchObject(missing)
    expect(await list(a)).toEqual([])
    expect(await refusal(messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'y', ChimeBearer: a }))).toMatchObject(denied)
    expect(await refusal(messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: a }))).toMatchObject(denied)
    const gone = await messaging.deleteChannelMessage({ ChannelArn, MessageId, ChimeBearer: root })
    expect(gone.$metadata.httpStatusCode).toBe(204)
  })

  test('only sender and target see a targeted message, whatever the roles of others', async () => {
    const { messaging } = world()
    const { a, b, c, root, ChannelArn, get, ids } = await setting()
    const MessageId = await say(world(), b, ChannelArn, 'psst', { Target: [{ MemberArn: c }] })
    for (const bearer of [b, c]) {
      expect(await get(bearer, MessageId)).toMatchObject({ Content: 'psst', Target: [{ MemberArn: c }] })
      expect(await ids(bearer)).toEqual([MessageId])
    }
    // Not even the moderator or an admin sees it, and neither may edit or redact it; the admin may delete it unseen.
    for (const bearer of [a, root]) {
      expect(await refusal(get(bearer, MessageId))).toMatchObject(missing)
      expect(await ids(bearer)).toEqual([])
      expect(await refusal(messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: bearer }))).toMatchObject(denied)
    }
    const byTarget = messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'x', ChimeBearer: c })
    expect(await refusal(byTarget)).toMatchObject(denied)
    await messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'new', ChimeBearer: b })
    expect((await get(c, MessageId)).Content).toBe('new')
    expect(await refusal(messaging.deleteChannelMessage({ ChannelArn, MessageId, ChimeBearer: b }))).toMatchObject(denied)
    await messaging.deleteChannelMessage({ ChannelArn, MessageId, ChimeBearer: root })
    for (const bearer of [b, c]) {
      expect(await refusal(get(bearer, MessageId))).toMatchObject(missing)
      expect(await ids(bearer)).toEqual([])
    }
  })

  test('a sender may target itself, and a HIDDEN member may be a target', async () => {
    const { messaging } = world()
    const { a, b, h, ChannelArn, ids } = await setting()
    const note = await say(world(), a, ChannelArn, 'note', { Target: [{ MemberArn: a }] })
    const whisper = await say(world(), a, ChannelArn, 'psst', { Target: [{ MemberArn: h }] })
    expect(await ids(a, { SortOrder: 'ASCENDING' })).toEqual([note, whisper])
    expect(await ids(h)).toEqual([whisper])
    expect(await ids(b)).toEqual([])
    await messaging.redactChannelMessage({ ChannelArn, MessageId: note, ChimeBearer: a })
    expect(await ids(a)).toHaveLength(2)
  })

  test('a target that is not a member, or does not exist, is refused', async () => {
    const { a, out, user, ChannelArn, ids } = await setting()
    for (const extra of [{}, { Persistence: 'NON_PERSISTENT' as const }]) {
      expect(await refusal(say(world(), a, ChannelArn, 'x', { ...extra, Target: [{ MemberArn: out }] }))).toMatchObject(wrong)
      expect(await refusal(say(world(), a, ChannelArn, 'x', { ...extra, Target: [{ MemberArn: user('nobody') }] }))).toMatchObject({
        ...denied,
        message: 'An invalid app instance user ARN was supplied for the input parameter.',
      })
      expect(await refusal(say(world(), a, ChannelArn, 'x', { ...extra, Target: [{}] }))).toMatchObject(wrong)
    }
    expect(await ids(a)).toEqual([])
  })

  test('a target in another app instance is refused by the wall, whether it exists or not', async () => {
    const { a, ChannelArn } = await setting()
    const other = await world().appInstance(['b'])
    for (const extra of [{}, { Persistence: 'NON_PERSISTENT' as const }]) {
      for (const MemberArn of [other.user('b'), other.user('nobody')]) {
        expect(await refusal(say(world(), a, ChannelArn, 'x', { ...extra, Target: [{ MemberArn }] }))).toMatchObject({
          ...denied,
          reason: expect.stringMatching(`^${MemberArn} is not in the app instance of this call`),
        })
      }
    }
  })

  test('an edited message shows its newest text at its old position', async () => {
    const { messaging } = world()
    const { a, b, ChannelArn, get, list } = await setting()
    const attributes = { k: { StringValues: ['v'] } }
    const extra = { Metadata: 'm', ContentType: 'text/plain', MessageAttributes: attributes }
    const MessageId = await say(world(), a, ChannelArn, 'old', extra)
    const made = await get(a, MessageId)
    world().advance(10)
    const later = await say(world(), b, ChannelArn, 'later')
    world().advance(1000)
    const answer = await messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'new', ChimeBearer: a })
    expect(answer).toMatchObject({ ChannelArn, MessageId, Status: { Value: 'SENT' }, $metadata: { httpStatusCode: 200 } })
    const edited = await get(b, MessageId)
    const at = edited.LastEditedTimestamp!
    expect(edited).toEqual({ ...made, Content: 'new', LastEditedTimestamp: at, LastUpdatedTimestamp: at })
    expect(at.getTime()).toBeGreaterThanOrEqual(made.CreatedTimestamp!.getTime() + 1000)
    const { ChannelArn: _, Persistence: __, ...summary } = edited
    const [newest, oldest] = await list(b)
    expect(newest!.MessageId).toBe(later)
    expect(oldest).toEqual(summary)
    const named = { ChannelArn, MessageId, ChimeBearer: a }
    await messaging.updateChannelMessage({ ...named, Content: 'newer', Metadata: '', ContentType: 'text/x' })
    expect(await get(b, MessageId)).toMatchObject({ Content: 'newer', Metadata: '', ContentType: 'text/x', MessageAttributes: attributes })
  })

  test('a redacted message stays as an empty entry, for good', async () => {
    const { messaging } = world()
    const { a, b, c, ChannelArn, get, list } = await setting()
    const attributes = { k: { StringValues: ['v'] } }
    const extra = { Metadata: 'm', MessageAttributes: attributes, Target: [{ MemberArn: c }] }
    const MessageId = await say(world(), b, ChannelArn, 'secret', extra)
    const made = await get(b, MessageId)
    world().advance(1000)
    const named = { ChannelArn, MessageId, ChimeBearer: b }
    const answer = await messaging.redactChannelMessage(named)
    expect(answer).toMatchObject({ ChannelArn, MessageId, $metadata: { httpStatusCode: 200 } })
    const redacted = await get(c, MessageId)
    const { Content: _, Metadata: __, MessageAttributes: ___, ...kept } = made
    const { LastUpdatedTimestamp } = redacted
    expect(redacted).toEqual({ ...kept, Redacted: true, LastUpdatedTimestamp })
    expect(LastUpdatedTimestamp!.getTime()).toBeGreaterThanOrEqual(made.CreatedTimestamp!.getTime() + 1000)
    expect(await list(c)).toMatchObject([{ MessageId, Redacted: true }])
    expect((await list(c))[0]).not.toHaveProperty('Content')
    world().advance(1000)
    expect((await messaging.redactChannelMessage(named)).$metadata.httpStatusCode).toBe(200)
    expect(await refusal(messaging.updateChannelMessage({ ...named, Content: 'back' }))).toMatchObject(conflict)
    expect(await get(c, MessageId)).toEqual(redacted)
    expect(await refusal(messaging.redactChannelMessage({ ...named, ChimeBearer: a }))).toMatchObject(denied)
  })

  test('a deleted message is gone for everybody, and deleting it again is no error', async () => {
    const { messaging } = world()
    const { a, b, root, ChannelArn, get, ids } = await setting()
    const [first, second] = [await say(world(), a, ChannelArn), await say(world(), a, ChannelArn)]
    const remove = async (MessageId: string) => messaging.deleteChannelMessage({ ChannelArn, MessageId, ChimeBearer: root })
    expect((await remove(first)).$metadata.httpStatusCode).toBe(204)
    expect((await remove(first)).$metadata.httpStatusCode).toBe(204)
    expect((await remove('never-there')).$metadata.httpStatusCode).toBe(204)
    expect(await refusal(get(a, first))).toMatchObject(missing)
    expect(await ids(b)).toEqual([second])
    const named = { ChannelArn, MessageId: first, ChimeBearer: a }
    expect(await refusal(messaging.updateChannelMessage({ ...named, Content: 'x' }))).toMatchObject(denied)
    expect(await refusal(messaging.redactChannelMessage(named))).toMatchObject(denied)
  })

  test('nobody edits the messages of others, and a sender that may no longer write cannot edit its own', async () => {
    const { messaging } = world()
    const { a, b, root, ChannelArn, get } = await setting('PUBLIC')
    const MessageId = await say(world(), b, ChannelArn, 'mine')
    const edit = (ChimeBearer: string) => messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'x', ChimeBearer })
    for (const bearer of [a, root]) expect(await refusal(edit(bearer))).toMatchObject(denied)
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: b, ChimeBearer: b })
    expect(await refusal(edit(b))).toMatchObject(denied)
    expect(await refusal(messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: b }))).toMatchObject(denied)
    await messaging.createChannelMembership({ ChannelArn, MemberArn: b, Type: 'HIDDEN', ChimeBearer: a })
    expect(await refusal(edit(b))).toMatchObject(denied)
    expect((await get(b, MessageId)).Content).toBe('mine')
    await messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: b })
    expect((await get(b, MessageId)).Redacted).toBe(true)
  })

  test('the id of a message is valid in its own channel only', async () => {
    const { messaging } = world()
    const { a, root, ChannelArn } = await setting()
    const other = await open(world(), a)
    const MessageId = await say(world(), a, ChannelArn)
    for (const ChimeBearer of [a, root]) {
      const call = messaging.getChannelMessage({ ChannelArn: other, MessageId, ChimeBearer })
      expect(await refusal(call)).toMatchObject(missing)
    }
    expect(await refusal(messaging.redactChannelMessage({ ChannelArn: other, MessageId, ChimeBearer: a }))).toMatchObject(denied)
    await messaging.deleteChannelMessage({ ChannelArn: other, MessageId, ChimeBearer: root })
    expect((await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: a })).ChannelMessage!.Redacted).toBe(false)
  })

  test('an id with another random part names no message, for anybody and any operation', async () => {
    const { messaging } = world()
    const { a, root, ChannelArn, get } = await setting()
    const made = await say(world(), a, ChannelArn, 'mine')
    const MessageId = made.slice(0, -1) + (made.endsWith('0') ? '1' : '0')
    const named = { ChannelArn, MessageId, ChimeBearer: a }
    for (const bearer of [a, root]) expect(await refusal(get(bearer, MessageId))).toMatchObject(missing)
    expect(await refusal(messaging.getChannelMessageStatus(named))).toMatchObject(denied)
    expect(await refusal(messaging.updateChannelMessage({ ...named, Content: 'x' }))).toMatchObject(denied)
    expect(await refusal(messaging.redactChannelMessage(named))).toMatchObject(denied)
    await messaging.deleteChannelMessage({ ...named, ChimeBearer: root })
    expect(await get(a, made)).toMatchObject({ Content: 'mine', Redacted: false })
  })

  test('a member who joins later reads what was sent before', async () => {
    const { messaging } = world()
    const { a, out, ChannelArn, ids } = await setting()
    const MessageId = await say(world(), a, ChannelArn)
    await messaging.createChannelMembership({ ChannelArn, MemberArn: out, Type: 'DEFAULT', ChimeBearer: a })
    expect(await ids(out)).toEqual([MessageId])
  })
})

onBothDatabases('ListChannelMessages', world => {
  const three = async () => {
    const { user } = await world().appInstance(['a'])
    const ChannelArn = await open(world(), user('a'))
    const sent: { id: string; at: Date }[] = []
    for (let index = 0; index < 3; index++) {
      const id = await say(world(), user('a'), ChannelArn, String(index))
      sent.push({ id, at: await sentAt(world(), user('a'), ChannelArn, id) })
      world().advance(10)
    }
    const ids = async (extra: Partial<ListChannelMessagesCommandInput>) => {
      const { ChannelMessages } = await world().messaging.listChannelMessages({ ChannelArn, ChimeBearer: user('a'), ...extra })
      return ChannelMessages!.map(message => sent.findIndex(({ id }) => id === message.MessageId))
    }
    return { ChannelArn, a: user('a'), sent, ids }
  }

  test('the newest message comes first by default', async () => {
    const { ids } = await three()
    expect(await ids({})).toEqual([2, 1, 0])
    expect(await ids({ SortOrder: 'DESCENDING' })).toEqual([2, 1, 0])
    expect(await ids({ SortOrder: 'ASCENDING' })).toEqual([0, 1, 2])
  })

  test('NotBefore and NotAfter are inclusive to the millisecond', async () => {
    const { sent, ids } = await three()
    const [first = 0, second = 0, third = 0] = sent.map(({ at }) => at.getTime())
    const SortOrder = 'ASCENDING'
    expect(await ids({ SortOrder, NotBefore: at(second) })).toEqual([1, 2])
    expect(await ids({ SortOrder, NotBefore: at(second + 1) })).toEqual([2])
    expect(await ids({ SortOrder, NotAfter: at(second) })).toEqual([0, 1])
    expect(await ids({ SortOrder, NotAfter: at(second - 1) })).toEqual([0])
    expect(await ids({ SortOrder, NotBefore: at(second), NotAfter: at(second) })).toEqual([1])
    expect(await ids({ NotBefore: at(first), NotAfter: at(third) })).toEqual([2, 1, 0])
    expect(await ids({ NotBefore: at(third + 1) })).toEqual([])
    expect(await ids({ NotAfter: at(0) })).toEqual([])
    expect(await refusal(ids({ NotBefore: at(second), NotAfter: at(second - 1) }))).toMatchObject(wrong)
  })

  test('a page of messages has MaxResults, the last one has no NextToken, and a NextToken is valid for its own list only', async () => {
    const { messaging } = world()
    const { ChannelArn, a, sent, ids } = await three()
    const asked = { ChannelArn, ChimeBearer: a }
    const page = await messaging.listChannelMessages({ ...asked, MaxResults: 1 })
    expect(page.ChannelMessages).toHaveLength(1)
    const NextToken = page.NextToken!
    expect(await ids({ NextToken, MaxResults: 2 })).toEqual([1, 0])
    expect((await messaging.listChannelMessages({ ...asked, MaxResults: 3 })).NextToken).toBeUndefined()
    expect(await ids({ NextToken: '' })).toEqual([2, 1, 0])
    expect(await refusal(ids({ NextToken, SortOrder: 'ASCENDING' }))).toMatchObject(wrong)
    expect(await refusal(ids({ NextToken, NotBefore: sent[0]!.at }))).toMatchObject(wrong)
    expect(await refusal(ids({ NextToken, NotAfter: sent[2]!.at }))).toMatchObject(wrong)
    expect(await refusal(ids({ NextToken, ChannelArn: await open(world(), a) }))).toMatchObject(wrong)
    expect(await refusal(ids({ NextToken: NextToken.slice(1) }))).toMatchObject(wrong)
    for (const MaxResults of [0, 51]) expect(await refusal(ids({ MaxResults }))).toMatchObject(wrong)
  })

  test('messages keep the order in which they were sent, and their times rise in that order, even if the clock goes back', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a', 'b'])
    const ChannelArn = await open(world(), user('a'), { MemberArns: [user('b')] })
    world().advance(60_000)
    const sent = [await say(world(), user('a'), ChannelArn)]
    world().advance(-60_000)
    for (let index = 0; index < 8; index++) {
      sent.push(await say(world(), user('a'), ChannelArn, 'x', index % 3 === 1 ? { Target: [{ MemberArn: user('b') }] } : {}))
    }
    const read = { ChannelArn, ChimeBearer: user('b'), MaxResults: 2 }
    for (const SortOrder of ['ASCENDING', 'DESCENDING'] as const) {
      const found = await pages(NextToken => messaging.listChannelMessages({ ...read, SortOrder, NextToken }))
      const messages = found.flatMap(page => page.ChannelMessages!)
      expect(messages.map(message => message.MessageId)).toEqual(SortOrder === 'ASCENDING' ? sent : sent.toReversed())
      const times = messages.map(message => message.CreatedTimestamp!.getTime())
      const ascending = [...new Set(times)].toSorted((a, b) => a - b)
      expect(times).toEqual(SortOrder === 'ASCENDING' ? ascending : ascending.toReversed())
    }
  })

  test('messages that many send at once are listed once each, in one order for everybody, and pages have no gaps', async () => {
    const { messaging, appInstance } = world()
    const ids = ['a', 'b', 'c', 'd']
    const { user } = await appInstance(ids)
    const ChannelArn = await open(world(), user('a'), { MemberArns: ids.slice(1).map(id => user(id)) })
    const sending = ids.flatMap(id => Array.from({ length: 15 }, async () => say(world(), user(id), ChannelArn)))
    const sent = await Promise.all(sending)
    const read = async (bearer: string, MaxResults: number, SortOrder: 'ASCENDING' | 'DESCENDING') => {
      const found = await pages(NextToken =>
        messaging.listChannelMessages({ ChannelArn, ChimeBearer: bearer, MaxResults, SortOrder, NextToken }),
      )
      return found.flatMap(page => page.ChannelMessages!.map(message => message.MessageId!))
    }
    const ascending = await read(user('a'), 50, 'ASCENDING')
    expect(ascending.toSorted()).toEqual(sent.toSorted())
    expect(await read(user('b'), 7, 'ASCENDING')).toEqual(ascending)
    expect(await read(user('c'), 11, 'DESCENDING')).toEqual(ascending.toReversed())
  })

  test('every history agrees with a model: who sees what, in either order, in pages of any size, within any bounds', async () => {
    const { messaging, appInstance } = world()
    const people = ['a', 'b', 'c'] as const
    const { user } = await appInstance(people, { admins: ['root'] })
    const person = fc.constantFrom(...people)
    const act = fc.oneof(
      { weight: 3, arbitrary: fc.record({ what: fc.constant('send' as const), from: person }) },
      { weight: 3, arbitrary: fc.record({ what: fc.constant('whisper' as const), from: person, to: person }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('delete' as const, 'redact' as const), which: fc.nat(30) }) },
    )
    const reading = fc.record({
      viewer: fc.constantFrom(...people, 'root' as const),
      SortOrder: fc.constantFrom('ASCENDING' as const, 'DESCENDING' as const),
      sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
      from: fc.option(fc.nat(30)),
      to: fc.option(fc.nat(30)),
    })
    const histories = fc.array(act, { minLength: 4, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(histories, fc.array(reading, { minLength: 3, maxLength: 5 }), async (history, readings) => {
        const ChannelArn = await open(world(), user('a'), { MemberArns: [user('b'), user('c')] })
        interface Kept {
          readonly id: string
          readonly at: Date
          readonly from: string
          readonly to: string | undefined
          redacted: boolean
        }
        const model: Kept[] = []
        for (const act of history) {
          if (act.what === 'send' || act.what === 'whisper') {
            const to = act.what === 'whisper' ? act.to : undefined
            const id = await say(world(), user(act.from), ChannelArn, 'x', to === undefined ? {} : { Target: [{ MemberArn: user(to) }] })
            model.push({ id, at: await sentAt(world(), user(act.from), ChannelArn, id), from: act.from, to, redacted: false })
          } else if (model.length > 0) {
            const index = act.which % model.length
            const named = { ChannelArn, MessageId: model[index]!.id }
            if (act.what === 'delete') {
              await messaging.deleteChannelMessage({ ...named, ChimeBearer: user('root') })
              model.splice(index, 1)
            } else {
              await messaging.redactChannelMessage({ ...named, ChimeBearer: user(model[index]!.from) })
              model[index]!.redacted = true
            }
          }
        }
        for (const { viewer, SortOrder, sizes, from, to } of readings) {
          const boundary = (index: number | null) => (index === null || model.length === 0 ? undefined : model[index % model.length]!.at)
          let [NotBefore, NotAfter] = [boundary(from), boundary(to)]
          if (NotBefore && NotAfter && NotBefore > NotAfter) [NotBefore, NotAfter] = [NotAfter, NotBefore]
          const seen = model.filter(
            message =>
              (message.to === undefined || message.from === viewer || message.to === viewer) &&
              (!NotBefore || message.at >= NotBefore) &&
              (!NotAfter || message.at <= NotAfter),
          )
          const found = await pages((NextToken, index) =>
            messaging.listChannelMessages({
              ChannelArn,
              ChimeBearer: user(viewer),
              SortOrder,
              NotBefore,
              NotAfter,
              MaxResults: sizes[index % sizes.length],
              NextToken,
            }),
          )
          const expected = seen.map(({ id, redacted }) => ({ id, redacted }))
          const read = found.flatMap(page => page.ChannelMessages!.map(message => ({ id: message.MessageId, redacted: message.Redacted })))
          expect(read).toEqual(SortOrder === 'ASCENDING' ? expected : expected.toReversed())
          expect(found.slice(0, -1).every((page, index) => page.ChannelMessages!.length === sizes[index % sizes.length])).toBe(true)
        }
      }),
      { numRuns: 12 },
    )
  })
})
