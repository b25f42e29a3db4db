import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Processor, SendChannelMessageCommandInput } from '@aws-sdk/client-chime-sdk-messaging'
import { afterAll, expect, test, vi } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { jobsOf } from '../../src/jobs/index.ts'
import { channelsOf, open, rowsIn, say } from '../api/acts.ts'
import { figuresOf } from '../support/figures.ts'
import { callBack, processor, startLambda, until, type FlowEvent, type LambdaFunction } from '../support/processor.ts'
import { isSpread, onBothDatabases, refusal, type World } from '../support/world.ts'

const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
const wrong = { name: 'BadRequestException', code: 'BadRequest', status: 400 }
const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }
const conflict = { name: 'ConflictException', code: 'Conflict', status: 409 }
const hour = 60 * 60 * 1000

/** The error of a callback whose message has been decided already. */
const decided = ({ CallbackId, ChannelMessage }: FlowEvent) => ({
  ...wrong,
  message: `Unable to complete processing of non-pending message for callback id: ${CallbackId}, message id: ${ChannelMessage.MessageId}`,
})

const lambda = await startLambda()
afterAll(() => lambda.close())

const selectChannel = statement<{ id: number }>('select id from channels where external_id = $1')

/** The invocations of a function, once those that the outbox still has were made. */
async function invocationsOf({ arn, invocations }: LambdaFunction, world: World) {
  await expect.poll(() => rowsIn(world, `outbox where lane = 'flow-invocation ${arn}'`)).toBe(0)
  return invocations
}

onBothDatabases(
  'Messages in a channel flow',
  world => {
    /** A channel of ann, bob, cat and a HIDDEN member, with a flow of these processors. */
    const setting = async (Processors: Processor[], { privacy = 'PRIVATE' }: { privacy?: 'PUBLIC' | 'PRIVATE' } = {}) => {
      const { appInstance, messaging } = world()
      const { arn, user } = await appInstance(['ann', 'bob', 'cat', 'hid', 'out'], { admins: ['root'] })
      const [ann, bob, cat, hid, out, root] = [user('ann'), user('bob'), user('cat'), user('hid'), user('out'), user('root')]
      const ChannelArn = await open(world(), ann, { MemberArns: [bob, cat], Privacy: privacy })
      await messaging.createChannelMembership({ ChannelArn, MemberArn: hid, Type: 'HIDDEN', ChimeBearer: ann })
      const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })
      await messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: ann })
      const send = async (Content = 'hello', extra: Partial<SendChannelMessageCommandInput> = {}) =>
        messaging.sendChannelMessage({ ChannelArn, ChimeBearer: ann, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ...extra })
      const get = async (ChimeBearer: string, MessageId: string | undefined) =>
        (await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer })).ChannelMessage!
      const list = async (ChimeBearer: string) => (await messaging.listChannelMessages({ ChannelArn, ChimeBearer })).ChannelMessages!
      const status = async (MessageId: string | undefined, ChimeBearer = ann) =>
        (await messaging.getChannelMessageStatus({ ChannelArn, MessageId, ChimeBearer })).Status!.Value
      const isStatus = (MessageId: string | undefined, wanted: string) => until(async () => (await status(MessageId)) === wanted)
      const edit = async (MessageId: string | undefined, Content: string, extra: { Metadata?: string } = {}) =>
        messaging.updateChannelMessage({ ChannelArn, MessageId, Content, ChimeBearer: ann, ...extra })
      const lastAt = async (ChimeBearer: string) =>
        (await channelsOf(world(), ChimeBearer)).get(ChannelArn)!.ChannelSummary!.LastMessageTimestamp
      return { arn, ann, bob, cat, hid, out, root, ChannelArn, ChannelFlowArn, send, get, list, status, isStatus, edit, lastAt }
    }
    const one = (called: LambdaFunction, extra: Partial<Processor> = {}) => setting([processor(called.arn, extra)])
    const runJob = async () => {
      const { app, now } = world()
      await jobsOf({ db: app.db, now })
        .find(job => job.name === 'flow-callbacks')!
        .run()
    }

    test('a message is PENDING until its processor passes it, and then SENT as it was', async () => {
      const { messaging, advance } = world()
      const checked = lambda.define()
      const { ann, bob, root, get, list, send, status, lastAt } = await one(checked)
      const { MessageId, Status } = await send('hello', { Metadata: 'm', ContentType: 'text/plain' })
      expect(Status).toEqual({ Value: 'PENDING' })
      expect(await status(MessageId)).toBe('PENDING')
      const pending = await get(ann, MessageId)
      expect(pending).toMatchObject({ Content: 'hello', Status: { Value: 'PENDING' }, Persistence: 'PERSISTENT' })
      expect(await list(ann)).toMatchObject([{ MessageId, Status: { Value: 'PENDING' } }])
      expect(await lastAt(ann)).toEqual(pending.CreatedTimestamp)
      expect(await lastAt(bob)).toBeUndefined()

      const event = await checked.event()
      advance(60_000)
      const answer = await callBack(messaging, event, { Content: event.ChannelMessage.Content, Metadata: 'm' })
      expect(answer).toMatchObject({ ChannelArn: event.ChannelMessage.ChannelArn, CallbackId: event.CallbackId })
      expect(await status(MessageId)).toBe('SENT')
      const released = { ...pending, Status: { Value: 'SENT' } }
      for (const reader of [ann, bob, root]) {
        expect(await get(reader, MessageId)).toEqual(released)
        expect(await list(reader)).toMatchObject([
          { MessageId, Content: 'hello', Metadata: 'm', CreatedTimestamp: pending.CreatedTimestamp },
        ])
        expect(await list(reader)).toHaveLength(1)
      }
      const last = (await lastAt(bob))!
      expect(last.getTime()).toBeGreaterThanOrEqual(pending.CreatedTimestamp!.getTime() + 60_000)
      expect(await lastAt(ann)).toEqual(last)
    })

    test('a processor receives what the API documents, and our further members beside it', async () => {
      const checked = lambda.define()
      const { ann, bob, ChannelArn, send } = await one(checked)
      const given = {
        Metadata: 'm\u0000',
        ContentType: 'text/plain',
        MessageAttributes: { a: { StringValues: ['x'] } },
        PushNotification: { Title: 't', Body: 'b', Type: 'DEFAULT' as const },
        Target: [{ MemberArn: bob }],
      }
      const { MessageId } = await send('hé\u0000llo', given)
      const { Target, ContentType, MessageAttributes, ...documented } = given
      const { EventType, CallbackId, ChannelMessage, Carillon } = await checked.event()
      expect(EventType).toBe('CHANNEL_MESSAGE_EVENT')
      expect(CallbackId).toMatch(/^[-_a-zA-Z0-9]{32,64}$/)
      const always = { MessageId, ChannelArn, Sender: { Arn: ann, Name: 'ann' }, Persistence: 'PERSISTENT', Type: 'STANDARD' }
      const CreatedTimestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(ChannelMessage).toEqual({ ...always, Content: 'hé\u0000llo', CreatedTimestamp, ...documented })
      expect(Carillon).toEqual({ Target, ContentType, MessageAttributes })
      const bare = await send('x')
      const plain = { EventType, CallbackId: expect.any(String) }
      expect(await checked.event(1)).toEqual({
        ...plain,
        ChannelMessage: { ...always, MessageId: bare.MessageId, Content: 'x', CreatedTimestamp },
      })
      const [{ invocationType, authorization }] = checked.invocations as [LambdaFunction['invocations'][0]]
      expect(invocationType).toBe('Event')
      expect(authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/us-east-1\/lambda\/aws4_request/)
    })

    test('while a message is PENDING only its sender sees anything of it, and nobody changes it', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { ann, bob, hid, out, root, ChannelArn, get, list, send, status, edit, lastAt } = await setting([processor(checked.arn)], {
        privacy: 'PUBLIC',
      })
      const { MessageId } = await send()
      for (const reader of [bob, hid, out, root]) {
        expect(await refusal(get(reader, MessageId))).toMatchObject(missing)
        expect(await list(reader)).toEqual([])
        expect(await refusal(status(MessageId, reader))).toMatchObject(denied)
      }
      expect(await lastAt(bob)).toBeUndefined()
      expect(await lastAt(hid)).toBeUndefined()
      const asked = { ChannelArn, MessageId }
      expect(await refusal(edit(MessageId, 'x'))).toMatchObject(conflict)
      expect(await refusal(messaging.redactChannelMessage({ ...asked, ChimeBearer: ann }))).toMatchObject(conflict)
      expect(await refusal(messaging.redactChannelMessage({ ...asked, ChimeBearer: root }))).toMatchObject(denied)
      expect(await refusal(messaging.deleteChannelMessage({ ...asked, ChimeBearer: root }))).toMatchObject(denied)
      expect(await get(ann, MessageId)).toMatchObject({ Content: 'hello', Redacted: false, Status: { Value: 'PENDING' } })
    })

    test('a processor changes the members that it gives and keeps the others; an empty Metadata clears it', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { bob, get, send } = await one(checked)
      const given = { Metadata: 'm', ContentType: 'c', MessageAttributes: { a: { StringValues: ['x'] } } }
      const first = await send('first', given)
      await callBack(messaging, await checked.event(0), { Content: 'changed' })
      expect(await get(bob, first.MessageId)).toMatchObject({ Content: 'changed', ...given })
      const second = await send('second', given)
      const changes = { Metadata: '', ContentType: 'd', MessageAttributes: { b: { StringValues: ['y', 'z'] } } }
      await callBack(messaging, await checked.event(1), changes)
      const changed = await get(bob, second.MessageId)
      expect(changed).toMatchObject({ Content: 'second', ContentType: 'd', MessageAttributes: changes.MessageAttributes })
      expect(changed.Metadata ?? '').toBe('')
      const third = await send('third', given)
      await callBack(messaging, await checked.event(2))
      expect(await get(bob, third.MessageId)).toMatchObject({ Content: 'third', ...given, Status: { Value: 'SENT' } })
    })

    test('a denied message is gone for everybody, its sender included', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { ann, bob, get, list, send, status, lastAt } = await one(checked)
      const { MessageId } = await send()
      await callBack(messaging, await checked.event(), {}, { DeleteResource: true })
      for (const reader of [ann, bob]) {
        expect(await refusal(get(reader, MessageId))).toMatchObject(missing)
        expect(await list(reader)).toEqual([])
        expect(await lastAt(reader)).toBeUndefined()
      }
      expect(await refusal(status(MessageId))).toMatchObject(denied)
    })

    test('CONTROL messages and channels without a flow do not wait', async () => {
      const checked = lambda.define()
      const { ann, bob, list, send, ChannelArn, ChannelFlowArn } = await one(checked)
      expect((await send('typing', { Type: 'CONTROL' })).Status).toEqual({ Value: 'SENT' })
      expect((await send('typing', { Type: 'CONTROL', Persistence: 'NON_PERSISTENT' })).Status).toEqual({ Value: 'SENT' })
      await world().messaging.disassociateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: ann })
      expect((await send('free')).Status).toEqual({ Value: 'SENT' })
      expect((await list(bob)).map(message => message.Content)).toEqual(['free', 'typing'])
      expect(await invocationsOf(checked, world())).toEqual([])
    })

    test('a message in flight is still decided by the flow that the channel no longer has, with the processors of that time', async () => {
      const { messaging } = world()
      const [checked, later] = [lambda.define(), lambda.define()]
      const { ann, bob, get, send, ChannelArn, ChannelFlowArn } = await one(checked)
      const { MessageId } = await send()
      await messaging.updateChannelFlow({ ChannelFlowArn, Name: 'new', Processors: [processor(later.arn)] })
      await messaging.disassociateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: ann })
      await messaging.deleteChannelFlow({ ChannelFlowArn })
      await callBack(messaging, await checked.event(), { Content: 'decided' })
      expect(await get(bob, MessageId)).toMatchObject({ Content: 'decided', Status: { Value: 'SENT' } })
      expect(later.invocations).toEqual([])
    })

    test('a targeted message stays private to sender and target once it is released', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { ChannelArn, ann, bob, cat, root, get, list, send, lastAt } = await one(checked)
      const { MessageId } = await send('psst', { Target: [{ MemberArn: bob }] })
      expect(await list(bob)).toEqual([])
      expect(await lastAt(bob)).toBeUndefined()
      // Bob does not read this message meanwhile.
      await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: bob })
      await callBack(messaging, await checked.event(), { Content: 'psst!' })
      const ofBob = (await channelsOf(world(), bob)).get(ChannelArn)!
      expect(ofBob.ChannelSummary!.LastMessageTimestamp!.getTime()).toBeGreaterThan(
        ofBob.AppInstanceUserMembershipSummary!.ReadMarkerTimestamp!.getTime(),
      )
      const named = { ChannelArn, AppInstanceUserArn: bob, ChimeBearer: bob }
      expect((await messaging.describeChannelMembershipForAppInstanceUser(named)).ChannelMembership).toEqual(ofBob)
      expect(await lastAt(ann)).toEqual((await get(ann, MessageId)).CreatedTimestamp)
      for (const reader of [ann, bob]) {
        const message = await get(reader, MessageId)
        expect(message).toMatchObject({ Content: 'psst!', Target: [{ MemberArn: bob }], Status: { Value: 'SENT' } })
        expect(await list(reader)).toHaveLength(1)
      }
      for (const reader of [cat, root]) {
        expect(await refusal(get(reader, MessageId))).toMatchObject(missing)
        expect(await list(reader)).toEqual([])
      }
      expect(await lastAt(cat)).toBeUndefined()
    })

    test('a NON_PERSISTENT message is stored for its sender until it is decided, never listed, and then gone', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { ann, bob, get, list, send, status, lastAt } = await one(checked)
      const before = await rowsIn(world(), 'messages')
      const sent = [await send('a', { Persistence: 'NON_PERSISTENT' }), await send('b', { Persistence: 'NON_PERSISTENT' })]
      for (const { MessageId, Status } of sent) {
        expect(Status).toEqual({ Value: 'PENDING' })
        expect(await status(MessageId)).toBe('PENDING')
        expect(await get(ann, MessageId)).toMatchObject({ Persistence: 'NON_PERSISTENT', Status: { Value: 'PENDING' } })
        expect(await refusal(get(bob, MessageId))).toMatchObject(missing)
      }
      const events = [await checked.event(0), await checked.event(1)]
      expect(events.map(event => event.ChannelMessage['Persistence'])).toEqual(['NON_PERSISTENT', 'NON_PERSISTENT'])
      await callBack(messaging, events[0]!)
      await callBack(messaging, events[1]!, {}, { DeleteResource: true })
      for (const { MessageId } of sent) {
        expect(await refusal(status(MessageId))).toMatchObject(denied)
        expect(await refusal(get(ann, MessageId))).toMatchObject(missing)
      }
      expect(await list(ann)).toEqual([])
      expect(await lastAt(ann)).toBeUndefined()
      expect(await rowsIn(world(), 'messages')).toBe(before)
    })

    test('an edit replaces the stored version only when it is passed; until then all readers see the old one', async () => {
      const { messaging, advance } = world()
      const checked = lambda.define()
      const { ann, bob, get, list, send, status, edit } = await one(checked)
      const { MessageId } = await send('one', { Metadata: 'm' })
      await callBack(messaging, await checked.event(0))
      const stored = await get(bob, MessageId)
      advance(5000)
      expect((await edit(MessageId, 'two')).Status).toEqual({ Value: 'PENDING' })
      expect(await status(MessageId)).toBe('PENDING')
      for (const reader of [ann, bob]) expect(await get(reader, MessageId)).toEqual(stored)
      expect(await refusal(edit(MessageId, 'three'))).toMatchObject(conflict)
      const event = await checked.event(1)
      expect(event.ChannelMessage).toMatchObject({ MessageId, Content: 'two', Metadata: 'm', LastEditedTimestamp: expect.any(String) })
      expect(event.ChannelMessage['CreatedTimestamp']).toBe(stored.CreatedTimestamp!.toISOString())
      await callBack(messaging, event, { Content: 'two, checked' })
      expect(await status(MessageId)).toBe('SENT')
      const edited = await get(bob, MessageId)
      expect(edited).toMatchObject({ Content: 'two, checked', Metadata: 'm', CreatedTimestamp: stored.CreatedTimestamp })
      expect(edited.LastEditedTimestamp!.toISOString()).toBe(event.ChannelMessage['LastEditedTimestamp'])
      expect(await list(bob)).toHaveLength(1)

      await edit(MessageId, 'four', { Metadata: 'n' })
      await callBack(messaging, await checked.event(2), {}, { DeleteResource: true })
      expect(await get(bob, MessageId)).toEqual(edited)
      expect(await status(MessageId)).toBe('SENT')
      expect((await edit(MessageId, 'five')).Status).toEqual({ Value: 'PENDING' })
    })

    test('of two concurrent edits one is in flight and the other is a conflict', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { bob, get, send, edit } = await one(checked)
      const { MessageId } = await send('one')
      await callBack(messaging, await checked.event(0))
      const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map(content => edit(MessageId, content)))
      expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(1)
      const { Content } = (await checked.event(1)).ChannelMessage
      await callBack(messaging, await checked.event(1))
      expect(await get(bob, MessageId)).toMatchObject({ Content })
      expect(checked.invocations).toHaveLength(2)
    })

    test('a message that is redacted while its edit is PENDING stays redacted', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { ann, bob, root, ChannelArn, get, send, edit } = await one(checked)
      const { MessageId } = await send('one')
      await callBack(messaging, await checked.event(0))
      await edit(MessageId, 'two')
      await messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: root })
      await callBack(messaging, await checked.event(1))
      const redacted = await get(bob, MessageId)
      expect(redacted).toMatchObject({ Redacted: true })
      expect(redacted.Content).toBeUndefined()
      expect(await refusal(edit(MessageId, 'three'))).toMatchObject(conflict)
      expect(await get(ann, MessageId)).toEqual(redacted)
    })

    test('a second answer is a 400 once the message is passed, whatever it says; a 403 once it is denied', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { bob, get, list, send } = await one(checked)
      const { MessageId } = await send()
      const passed = await checked.event(0)
      await callBack(messaging, passed, { Content: 'passed' })
      for (const given of [{ Content: 'passed' }, { Content: 'other' }]) {
        expect(await refusal(callBack(messaging, passed, given))).toMatchObject(decided(passed))
      }
      expect(await refusal(callBack(messaging, passed, {}, { DeleteResource: true }))).toMatchObject(decided(passed))
      expect(await get(bob, MessageId)).toMatchObject({ Content: 'passed' })

      await send('second')
      const refused = await checked.event(1)
      await callBack(messaging, refused, {}, { DeleteResource: true })
      const usedUp = { ...denied, message: 'You do not have sufficient access to perform this action' }
      expect(await refusal(callBack(messaging, refused, {}, { DeleteResource: true }))).toMatchObject(usedUp)
      expect(await refusal(callBack(messaging, refused, { Content: 'passed' }))).toMatchObject(usedUp)
      expect(await list(bob)).toHaveLength(1)
    })

    test.skipIf(isSpread)('of concurrent answers, equal or not, one decides and the others are a conflict', async () => {
      const { messaging, app } = world()
      const checked = lambda.define()
      const { bob, list, send } = await one(checked)
      for (let round = 0; round < 4; round++) {
        const { MessageId } = await send(`round ${round}`)
        const asked = await checked.event(round)
        // All callbacks have arrived before one of them decides.
        const ask = app.db.get.bind(app.db)
        const everybody = Promise.withResolvers<void>()
        let arrived = 0
        const held = vi.spyOn(app.db, 'get').mockImplementation(async (statement, ...values) => {
          const row = await ask(statement, ...values)
          if (!statement.text.includes('from flow_callbacks k')) return row
          if (++arrived === 4) everybody.resolve()
          await everybody.promise
          return row
        })
        const results = await Promise.allSettled([
          callBack(messaging, asked, { Content: 'left' }),
          callBack(messaging, asked, { Content: 'left' }),
          callBack(messaging, asked, { Content: 'right' }),
          callBack(messaging, asked, {}, { DeleteResource: true }),
        ])
        held.mockRestore()
        const refused = results.flatMap(result => (result.status === 'rejected' ? [(result.reason as Error).name] : []))
        expect(refused).toEqual(Array.from({ length: 3 }, () => 'ConflictException'))
        const winner = results.findIndex(({ status }) => status === 'fulfilled')
        const found = (await list(bob)).find(message => message.MessageId === MessageId)
        expect(found?.Content).toBe(['left', 'left', 'right', undefined][winner])
      }
    })

    test('concurrent answers decide once: the others get a 400, a 403 or a 409', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { bob, list, send } = await one(checked)
      for (let round = 0; round < 10; round++) {
        await send(`round ${round}`)
        const asked = await checked.event(round)
        const results = await Promise.allSettled([
          callBack(messaging, asked, { Content: 'left' }),
          callBack(messaging, asked, { Content: 'right' }),
          callBack(messaging, asked, {}, { DeleteResource: true }),
        ])
        const winner = results.findIndex(({ status }) => status === 'fulfilled')
        const late = winner === 2 ? 'ForbiddenException' : 'BadRequestException'
        const refused = results.flatMap(result => (result.status === 'rejected' ? [(result.reason as Error).name] : []))
        expect(refused).toHaveLength(2)
        for (const name of refused) expect(['ConflictException', late]).toContain(name)
        const found = (await list(bob)).find(({ MessageId }) => MessageId === asked.ChannelMessage.MessageId)
        expect(found?.Content).toBe(['left', 'right', undefined][winner])
      }
    })

    test('a callback that does not match changes nothing', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { ann, ChannelArn, get, send, status, isStatus } = await one(checked)
      const other = await one(checked)
      const { MessageId } = await send()
      const event = await checked.event()
      const refused = async (change: object, wanted: object) => {
        const call = { ChannelArn, CallbackId: event.CallbackId, ChannelMessage: { MessageId, Content: 'x' }, ...change }
        expect(await refusal(messaging.channelFlowCallback(call))).toMatchObject(wanted)
      }
      await refused({ CallbackId: 'c'.repeat(32) }, denied)
      await refused({ CallbackId: undefined }, denied)
      await refused({ CallbackId: 'short' }, wrong)
      await refused({ ChannelArn: other.ChannelArn }, wrong)
      await refused({ ChannelMessage: { MessageId: 'a'.repeat(64), Content: 'x' } }, wrong)
      await refused({ ChannelMessage: { MessageId, Content: '' } }, wrong)
      await refused(
        { ChannelMessage: { MessageId, Content: 'é'.repeat(2049) } },
        { ...wrong, message: 'Channel Messages size limit exceeded' },
      )
      await refused({ ChannelMessage: { MessageId, Metadata: 'é'.repeat(513) } }, wrong)
      const large = { a: { StringValues: ['x'.repeat(512), 'y'.repeat(512)] } }
      await refused({ ChannelMessage: { MessageId, MessageAttributes: large } }, wrong)
      await refused({ ChannelMessage: { MessageId, SubChannelId: 's' } }, wrong)
      expect(await status(MessageId)).toBe('PENDING')
      expect(await get(ann, MessageId)).toMatchObject({ Content: 'hello' })
      await callBack(messaging, event, { Content: 'é'.repeat(2048) })
      await isStatus(MessageId, 'SENT')
    })

    test('a callback for a channel that is deleted is forbidden', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { ann, ChannelArn, send } = await one(checked)
      await send()
      const event = await checked.event()
      await messaging.deleteChannel({ ChannelArn, ChimeBearer: ann })
      expect(await refusal(callBack(messaging, event))).toMatchObject(denied)
    })

    test('a message sent twice with one token goes through the flow once', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { bob, list, send } = await one(checked)
      for (const Persistence of ['PERSISTENT', 'NON_PERSISTENT'] as const) {
        const ClientRequestToken = `token-${Persistence}`
        const [first, second] = await Promise.all([1, 2].map(() => send('once', { ClientRequestToken, Persistence })))
        expect(second!.MessageId).toBe(first!.MessageId)
      }
      await callBack(messaging, await checked.event(0))
      await callBack(messaging, await checked.event(1))
      expect(await invocationsOf(checked, world())).toHaveLength(2)
      expect(await list(bob)).toHaveLength(1)
    })

    test('a function that throws, or does not call back, leaves its message PENDING; after 48 hours it has FAILED', async () => {
      const { messaging, advance } = world()
      const checked = lambda.define(async () => {
        throw new Error('the function has thrown')
      })
      const { ann, bob, get, list, send, status, edit, root, ChannelArn, lastAt } = await one(checked, { FallbackAction: 'CONTINUE' })
      const { MessageId } = await send()
      const passing = await send('passing', { Persistence: 'NON_PERSISTENT' })
      await checked.event(1)
      await until(async () => (await rowsIn(world(), 'outbox')) === 0)
      advance(47 * hour)
      await runJob()
      expect(await status(MessageId)).toBe('PENDING')
      expect(await lastAt(ann)).toEqual((await get(ann, MessageId)).CreatedTimestamp)
      advance(hour + 60_000)
      const event = checked.invocations.find(({ event }) => event.ChannelMessage.MessageId === MessageId)!.event
      expect(await refusal(callBack(messaging, event))).toMatchObject(denied)
      await runJob()
      expect(await status(MessageId)).toBe('FAILED')
      expect(await get(ann, MessageId)).toMatchObject({ Content: 'hello', Status: { Value: 'FAILED' } })
      const Detail = 'The processor processor has not answered within 48 hours.'
      expect(await list(ann)).toMatchObject([{ MessageId, Status: { Value: 'FAILED', Detail } }])
      // A message that has FAILED is nobody's last message: docs/service/memberships.md#the-last-message.
      expect(await lastAt(ann)).toBeUndefined()
      const described = await messaging.describeChannel({ ChannelArn, ChimeBearer: ann })
      expect(described.Channel!.LastMessageTimestamp).toBeUndefined()
      expect(await refusal(get(bob, MessageId))).toMatchObject(missing)
      expect(await list(bob)).toEqual([])
      expect(await refusal(edit(MessageId, 'x'))).toMatchObject(conflict)
      const asked = { ChannelArn, MessageId }
      expect(await refusal(messaging.redactChannelMessage({ ...asked, ChimeBearer: ann }))).toMatchObject(conflict)
      expect(await refusal(messaging.deleteChannelMessage({ ...asked, ChimeBearer: root }))).toMatchObject(denied)
      expect(await refusal(callBack(messaging, event))).toMatchObject(denied)
      expect(await refusal(status(passing.MessageId))).toMatchObject(denied)
      expect(checked.invocations).toHaveLength(2)
    })

    test('an undecided edit is dropped after 48 hours', async () => {
      const { messaging, advance } = world()
      const checked = lambda.define()
      const { bob, get, send, status, edit } = await one(checked)
      const { MessageId } = await send('one')
      await callBack(messaging, await checked.event(0))
      await edit(MessageId, 'two')
      await checked.event(1)
      advance(48 * hour + 60_000)
      await runJob()
      expect(await status(MessageId)).toBe('SENT')
      expect(await get(bob, MessageId)).toMatchObject({ Content: 'one' })
    })

    test('a decision is deleted after 48 hours', async () => {
      const { messaging, advance } = world()
      const checked = lambda.define()
      const { bob, get, send } = await one(checked)
      const { MessageId } = await send('one')
      const event = await checked.event(0)
      await callBack(messaging, event)
      expect(await refusal(callBack(messaging, event))).toMatchObject(wrong)
      advance(48 * hour + 60_000)
      await runJob()
      expect(await rowsIn(world(), 'flow_callbacks')).toBe(0)
      expect(await refusal(callBack(messaging, event))).toMatchObject(denied)
      expect(await get(bob, MessageId)).toMatchObject({ Status: { Value: 'SENT' } })
    })

    test('a processor whose API refuses is skipped at once with CONTINUE, and fails the message at once with ABORT, which says why', async () => {
      const { messaging } = world()
      for (const [FallbackAction, wanted] of [
        ['CONTINUE', 'SENT'],
        ['ABORT', 'FAILED'],
      ] as const) {
        for (const status of [400, 403, 404]) {
          const refusing = lambda.define()
          refusing.status = status
          const { isStatus, send, get, list, ann, bob, ChannelArn } = await one(refusing, { FallbackAction })
          const { MessageId } = await send()
          await isStatus(MessageId, wanted)
          const Detail = wanted === 'FAILED' ? `The processor processor could not be invoked: Lambda has answered ${status}.` : undefined
          for (const shown of [await get(ann, MessageId), (await list(ann))[0]!]) expect(shown.Status).toEqual({ Value: wanted, Detail })
          expect((await messaging.getChannelMessageStatus({ ChannelArn, MessageId, ChimeBearer: ann })).Status).toEqual({
            Value: wanted,
            Detail,
          })
          expect(refusing.invocations).toHaveLength(1)
          expect(await list(bob)).toHaveLength(wanted === 'SENT' ? 1 : 0)
        }
      }
    })

    test('a processor that is throttled or broken is invoked three times before its fallback; a late answer gets an error that says so', async () => {
      const { messaging } = world()
      const [throttled, broken] = [lambda.define(), lambda.define()]
      throttled.status = 429
      broken.status = 500
      const first = await one(throttled, { FallbackAction: 'CONTINUE' })
      const second = await one(broken, { FallbackAction: 'ABORT' })
      const sent = [await first.send(), await second.send()]
      await first.isStatus(sent[0]!.MessageId, 'SENT')
      await second.isStatus(sent[1]!.MessageId, 'FAILED')
      expect(throttled.invocations).toHaveLength(3)
      expect(broken.invocations).toHaveLength(3)
      for (const { invocations } of [throttled, broken]) {
        expect(new Set(invocations.map(({ event }) => event.CallbackId)).size).toBe(1)
        const [{ event }] = invocations as [LambdaFunction['invocations'][0]]
        expect(await refusal(callBack(messaging, event))).toMatchObject(decided(event))
      }
      expect(await first.list(first.bob)).toHaveLength(1)
      expect(await second.list(second.bob)).toHaveLength(0)
    })

    test('an invocation that succeeds at the second attempt is one invocation', async () => {
      const { messaging } = world()
      const shaky = lambda.define(event => callBack(messaging, event, { Content: 'at last' }))
      shaky.status = 503
      const { bob, get, send, isStatus } = await one(shaky)
      const { MessageId } = await send()
      await shaky.event(0)
      shaky.status = 202
      await isStatus(MessageId, 'SENT')
      expect(await get(bob, MessageId)).toMatchObject({ Content: 'at last' })
    })

    test('a slow processor delays no other message: messages are released in the order of the answers, each in its position', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { bob, list, send, ChannelArn } = await one(checked)
      const sent = [await send('first'), await send('second'), await send('third')]
      for (const index of [0, 1, 2]) await checked.event(index)
      const eventOf = (id: string | undefined) => checked.invocations.find(({ event }) => event.ChannelMessage.MessageId === id)!.event
      await callBack(messaging, eventOf(sent[2]!.MessageId))
      expect((await list(bob)).map(message => message.Content)).toEqual(['third'])
      await callBack(messaging, eventOf(sent[0]!.MessageId))
      await callBack(messaging, eventOf(sent[1]!.MessageId))
      expect((await list(bob)).map(message => message.Content)).toEqual(['third', 'second', 'first'])
      expect(await say(world(), bob, ChannelArn)).toBeDefined()
    })

    test('an endless answer of the API is not stored: an accepted invocation is accepted, a refused one is refused', async () => {
      const { messaging } = world()
      const sent = { accepted: 0, refused: 0 }
      const flood = (kind: keyof typeof sent) => async (response: ServerResponse) => {
        const piece = Buffer.alloc(64 * 1024, 'x')
        const closed = once(response, 'close')
        for (let isOver = false; !isOver; sent[kind] += piece.length) {
          if (!response.write(piece)) await Promise.race([new Promise(resolve => void response.once('drain', resolve)), closed])
          isOver = response.destroyed
        }
      }
      const [accepting, refusing] = [lambda.define(event => callBack(messaging, event)), lambda.define()]
      accepting.flood = flood('accepted')
      refusing.status = 403
      refusing.flood = flood('refused')
      const [first, second] = [await one(accepting), await one(refusing)]
      const messages = [await first.send(), await second.send()]
      await first.isStatus(messages[0]!.MessageId, 'SENT')
      await second.isStatus(messages[1]!.MessageId, 'FAILED')
      expect([accepting.invocations.length, refusing.invocations.length]).toEqual([1, 1])
      // The server cannot take back what is in the buffers of both kernels.
      expect(Math.max(sent.accepted, sent.refused)).toBeLessThan(16 * 1024 * 1024)
    })

    test.skipIf(isSpread)('the metrics show what was delivered, retried and given up, and what waits', async () => {
      const { app, messaging } = world()
      const figures = async () => {
        const text = await figuresOf(app.url)
        return (name: string) => {
          const lines = text.matchAll(new RegExp(`^carillon_outbox_${name}\\{kind="flow-invocation",destination="[^"]+"\\} (\\S+)$`, 'gm'))
          return [...lines].reduce((sum, [, value]) => sum + Number(value), 0)
        }
      }
      // The messages of the tests before are counted once they have left the outbox.
      const before = await until(async () => {
        const now = await figures()
        return now('entries') === 0 && (await rowsIn(world(), 'outbox')) === 0 ? now : undefined
      })
      const [good, bad] = [lambda.define(event => callBack(messaging, event)), lambda.define()]
      bad.status = 500
      // What waits is seen before its last attempt is over, however long that takes.
      const seen = Promise.withResolvers<void>()
      bad.whileAnswering = async () => seen.promise
      const [first, second] = [await one(good), await one(bad)]
      const sent = [await first.send(), await second.send()]
      await first.isStatus(sent[0]!.MessageId, 'SENT')
      await bad.event()
      // The entry of the first message leaves the outbox after its invocation, not after its callback.
      await until(async () => {
        const now = await figures()
        return now('entries') === 1 && now('oldest_seconds') > 0
      })
      seen.resolve()
      await second.isStatus(sent[1]!.MessageId, 'FAILED')
      const after = await until(async () => {
        const now = await figures()
        return now('failed_total') > before('failed_total') ? now : undefined
      })
      expect(after('failed_total')).toBe(before('failed_total') + 1)
      expect(after('delivered_total')).toBe(before('delivered_total') + 1)
      expect(after('retries_total')).toBe(before('retries_total') + 2)
      expect(after('entries')).toBe(0)
    })

    test('a deleted channel ends its messages in flight', async () => {
      const { messaging } = world()
      const checked = lambda.define()
      const { ann, ChannelArn, send } = await one(checked)
      const { id } = (await world().app.db.get(selectChannel, ChannelArn.split('/').at(-1)!))!
      const runs = async () => rowsIn(world(), `flow_runs where channel_id = ${id}`)
      await send()
      await checked.event()
      expect(await runs()).toBe(1)
      await messaging.deleteChannel({ ChannelArn, ChimeBearer: ann })
      await expect.poll(runs).toBe(0)
    })
  },
  { lambdaEndpoint: lambda.url },
)

onBothDatabases(
  'Channel flows of several processors',
  world => {
    test('each is invoked in its order, with the message as the one before left it, once that one has called back', async () => {
      const { appInstance, messaging } = world()
      const { arn, user } = await appInstance(['ann', 'bob'])
      const ChannelArn = await open(world(), user('ann'), { MemberArns: [user('bob')] })
      const [first, second, third] = [lambda.define(), lambda.define(), lambda.define()]
      const Processors = [
        processor(third.arn, { ExecutionOrder: 3 }),
        processor(first.arn, { ExecutionOrder: 1 }),
        processor(second.arn, { ExecutionOrder: 2, FallbackAction: 'CONTINUE' }),
      ]
      const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })
      await messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer: user('ann') })
      const status = async (MessageId: string) =>
        (await messaging.getChannelMessageStatus({ ChannelArn, MessageId, ChimeBearer: user('ann') })).Status!.Value
      const read = async (MessageId: string, who: string) =>
        (await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: user(who) })).ChannelMessage!.Content

      const id = await say(world(), user('ann'), ChannelArn, 'one')
      const events = [await first.event()]
      expect(await invocationsOf(first, world())).toHaveLength(1)
      expect(await invocationsOf(second, world())).toEqual([])
      await callBack(messaging, events[0]!, { Content: 'two', Metadata: 'm' })
      events.push(await second.event())
      expect(events[1]!.ChannelMessage).toMatchObject({ MessageId: id, Content: 'two', Metadata: 'm' })
      expect(third.invocations).toEqual([])
      expect(await status(id)).toBe('PENDING')
      expect(await read(id, 'ann')).toBe('one')
      expect(await refusal(callBack(messaging, events[0]!, { Content: 'two', Metadata: 'm' }))).toMatchObject(wrong)
      await callBack(messaging, events[1]!, { Content: 'three' })
      events.push(await third.event())
      expect(events[2]!.ChannelMessage).toMatchObject({ Content: 'three', Metadata: 'm' })
      await callBack(messaging, events[2]!)
      expect(await status(id)).toBe('SENT')
      expect(await read(id, 'bob')).toBe('three')
      expect(new Set(events.map(event => event.CallbackId)).size).toBe(3)
      expect([first, second, third].map(({ invocations }) => invocations.length)).toEqual([1, 1, 1])

      // A processor in the middle that cannot be reached is skipped; the next one receives its event.
      second.status = 404
      const next = await say(world(), user('ann'), ChannelArn, 'one')
      await callBack(messaging, await first.event(1), { Content: 'two' })
      expect((await third.event(1)).ChannelMessage).toMatchObject({ MessageId: next, Content: 'two' })
      // The last processor denies the message.
      await callBack(messaging, await third.event(1), {}, { DeleteResource: true })
      expect(await refusal(read(next, 'ann'))).toMatchObject(missing)
      // A processor that aborts fails the message, although the first one has passed it.
      third.status = 403
      second.status = 202
      const last = await say(world(), user('ann'), ChannelArn, 'one')
      await callBack(messaging, await first.event(2))
      await callBack(messaging, await second.event(2))
      await until(async () => (await status(last)) === 'FAILED')
      expect(await refusal(read(last, 'bob'))).toMatchObject(missing)
    })
  },
  { lambdaEndpoint: lambda.url, processorsPerFlow: '3' },
)
