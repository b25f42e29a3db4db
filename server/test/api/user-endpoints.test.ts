import { randomBytes } from 'node:crypto'
import type { RegisterAppInstanceUserEndpointCommandInput } from '@aws-sdk/client-chime-sdk-identity'
import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { pages, purged, rowsIn } from './acts.ts'

const bad = { name: 'BadRequestException', code: 'BadRequest', status: 400 }
const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }
const conflict = { name: 'ConflictException', code: 'Conflict', status: 409 }
const exceeded = { name: 'ResourceLimitExceededException', code: 'ResourceLimitExceeded', status: 400 }

const ResourceArn = 'arn:aws:mobiletargeting:us-east-1:123456789012:apps/x'

/** Text that does not compress well. */
const longest = (length: number) => randomBytes(length).toString('hex').slice(0, length)

onBothDatabases('User endpoints', world => {
  const register = async (
    AppInstanceUserArn: string,
    DeviceToken: string,
    extra: Partial<RegisterAppInstanceUserEndpointCommandInput> = {},
  ) => {
    const input = { AppInstanceUserArn, Type: 'GCM', ResourceArn, EndpointAttributes: { DeviceToken }, ...extra } as const
    return (await world().identity.registerAppInstanceUserEndpoint(input)).EndpointId!
  }
  const describe = async (AppInstanceUserArn: string, EndpointId: string) =>
    (await world().identity.describeAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId })).AppInstanceUserEndpoint

  test('a device is registered, described whole and listed without its tokens', async () => {
    const { identity, appInstance } = world()
    const AppInstanceUserArn = (await appInstance(['u'])).user('u')
    const EndpointAttributes = { DeviceToken: 'd\u0000"😀', VoipDeviceToken: 'v' }
    const asked = {
      AppInstanceUserArn,
      Name: 'phone \u0000',
      Type: 'APNS',
      ResourceArn,
      EndpointAttributes,
      AllowMessages: 'NONE',
    } as const
    const made = await identity.registerAppInstanceUserEndpoint(asked)
    expect(made).toMatchObject({ AppInstanceUserArn, EndpointId: expect.stringMatching(/^.{1,64}$/), $metadata: { httpStatusCode: 201 } })
    const { EndpointId } = made
    const shown = {
      AppInstanceUserArn,
      EndpointId,
      Name: asked.Name,
      Type: 'APNS',
      AllowMessages: 'NONE',
      EndpointState: { Status: 'ACTIVE' },
    }
    const found = await describe(AppInstanceUserArn, EndpointId!)
    const times = { CreatedTimestamp: expect.any(Date), LastUpdatedTimestamp: found!.CreatedTimestamp }
    expect(found).toEqual({ ...shown, ResourceArn, EndpointAttributes, ...times })
    const { AppInstanceUserEndpoints } = await identity.listAppInstanceUserEndpoints({ AppInstanceUserArn })
    expect(AppInstanceUserEndpoints).toEqual([shown])
  })

  test('without Name and AllowMessages a device has no name, and all messages are allowed', async () => {
    const { appInstance } = world()
    const u = (await appInstance(['u'])).user('u')
    const found = await describe(u, await register(u, 'd'))
    expect(found).toMatchObject({ AllowMessages: 'ALL', EndpointAttributes: { DeviceToken: 'd' } })
    expect(found).not.toHaveProperty('Name')
    expect(found!.EndpointAttributes).not.toHaveProperty('VoipDeviceToken')
  })

  test('an update changes the given members and nothing else', async () => {
    const { identity, appInstance } = world()
    const AppInstanceUserArn = (await appInstance(['u'])).user('u')
    const EndpointId = await register(AppInstanceUserArn, 'd', { Name: 'old' })
    const before = await describe(AppInstanceUserArn, EndpointId)
    world().advance(1000)
    const answer = await identity.updateAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId, AllowMessages: 'NONE' })
    expect(answer).toMatchObject({ AppInstanceUserArn, EndpointId, $metadata: { httpStatusCode: 200 } })
    const silenced = await describe(AppInstanceUserArn, EndpointId)
    expect(silenced).toEqual({ ...before, AllowMessages: 'NONE', LastUpdatedTimestamp: expect.any(Date) })
    expect(silenced!.LastUpdatedTimestamp!.getTime()).toBeGreaterThanOrEqual(before!.LastUpdatedTimestamp!.getTime() + 1000)
    await identity.updateAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId, Name: 'new' })
    expect(await describe(AppInstanceUserArn, EndpointId)).toMatchObject({ Name: 'new', AllowMessages: 'NONE' })
  })

  test('the same device again is a conflict, even at the limit; another type, resource or token is another device', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['u'])
    const EndpointId = await register(user('u'), 'd')
    const found = await refusal(register(user('u'), 'd', { Name: 'other' }))
    expect(found).toMatchObject(conflict)
    expect(found.reason).toContain(`EndpointId ${EndpointId} `)
    await register(user('u'), 'e')
    await register(user('u'), 'd', { Type: 'APNS' })
    await register(user('u'), 'd', { Type: 'APNS_SANDBOX' })
    await register(user('u'), 'd', { ResourceArn: `${ResourceArn}y` })
    for (let index = 0; index < 5; index++) await register(user('u'), `more ${index}`)
    expect(await refusal(register(user('u'), 'd'))).toMatchObject(conflict)
    expect(await refusal(register(user('u'), 'one too many'))).toMatchObject(exceeded)
  })

  test('a device that another user registers later is INACTIVE for the first, who can register it again; other app instances keep theirs', async () => {
    const { identity, appInstance } = world()
    const { user } = await appInstance(['u', 'v'])
    const elsewhere = (await appInstance(['w'])).user('w')
    const ofU = await register(user('u'), 'shared', { Name: 'old' })
    const other = await register(user('u'), 'own')
    const ofW = await register(elsewhere, 'shared')
    const ofV = await register(user('v'), 'shared')
    const inactive = { Status: 'INACTIVE', StatusReason: 'INVALID_DEVICE_TOKEN' }
    const stateOf = async (whose: string, id: string) => (await describe(whose, id))!.EndpointState
    expect(await stateOf(user('u'), ofU)).toEqual(inactive)
    expect(await stateOf(user('v'), ofV)).toEqual({ Status: 'ACTIVE' })
    expect(await stateOf(elsewhere, ofW)).toEqual({ Status: 'ACTIVE' })
    const { AppInstanceUserEndpoints } = await identity.listAppInstanceUserEndpoints({ AppInstanceUserArn: user('u') })
    expect(AppInstanceUserEndpoints!.map(each => each.EndpointState)).toEqual([inactive, { Status: 'ACTIVE' }])
    world().advance(5000)
    expect(await register(user('u'), 'shared', { AllowMessages: 'NONE' })).toBe(ofU)
    const again = await describe(user('u'), ofU)
    expect(again).toMatchObject({ EndpointState: { Status: 'ACTIVE' }, AllowMessages: 'NONE' })
    expect(again).not.toHaveProperty('Name')
    expect(await stateOf(user('v'), ofV)).toEqual(inactive)
    expect(await stateOf(user('u'), other)).toEqual({ Status: 'ACTIVE' })
  })

  test('of ten devices an INACTIVE one makes room for a new one, and an ACTIVE one does not', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['u', 'v'])
    const ids: string[] = []
    for (let index = 0; index < 10; index++) ids.push(await register(user('u'), `d${index}`))
    await register(user('v'), 'd3')
    await register(user('u'), 'new')
    expect(await refusal(describe(user('u'), ids[3]!))).toMatchObject(missing)
    expect(await describe(user('u'), ids[0]!)).toMatchObject({ EndpointState: { Status: 'ACTIVE' } })
    expect(await refusal(register(user('u'), 'one more'))).toMatchObject(exceeded)
  })

  test('a ClientRequestToken registers a device once, and a new user with the id of a deleted one does not get that device', async () => {
    const { identity, appInstance } = world()
    const { arn, user } = await appInstance(['u'])
    const ClientRequestToken = 'token-of-a-device'
    const first = await register(user('u'), 'd', { ClientRequestToken })
    expect(await register(user('u'), 'd', { ClientRequestToken })).toBe(first)
    expect(await refusal(register(user('u'), 'e', { ClientRequestToken }))).toMatchObject(conflict)
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('u') })
    await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'u', Name: 'u' })
    const again = await register(user('u'), 'd', { ClientRequestToken })
    expect(again).not.toBe(first)
    expect(await describe(user('u'), again)).toMatchObject({ EndpointId: again })
  })

  test('the longest allowed tokens and ARNs are stored, and longer ones are refused', async () => {
    const { appInstance } = world()
    const { user } = await appInstance(['u'])
    const attributes = { DeviceToken: longest(1600), VoipDeviceToken: longest(1600) }
    const resource = `arn:aws:mobiletargeting:us-east-1:123456789012:${longest(1024)}`
    const id = await register(user('u'), '', { EndpointAttributes: attributes, ResourceArn: resource, Name: longest(1600) })
    expect(await describe(user('u'), id)).toMatchObject({ EndpointAttributes: attributes, ResourceArn: resource })
    expect(await refusal(register(user('u'), longest(1601)))).toMatchObject(bad)
    expect(await refusal(register(user('u'), ''))).toMatchObject(bad)
  })

  test('a deregistered device is gone and makes room; deregistering it again, or an unknown one, is answered with 204', async () => {
    const { identity, appInstance } = world()
    const AppInstanceUserArn = (await appInstance(['u'])).user('u')
    const ids: string[] = []
    for (let index = 0; index < 10; index++) ids.push(await register(AppInstanceUserArn, `d${index}`))
    const found = await pages(NextToken => identity.listAppInstanceUserEndpoints({ AppInstanceUserArn, MaxResults: 4, NextToken }))
    expect(found.map(page => page.AppInstanceUserEndpoints!.length)).toEqual([4, 4, 2])
    expect(found.flatMap(page => page.AppInstanceUserEndpoints!.map(endpoint => endpoint.EndpointId))).toEqual(ids)
    for (const EndpointId of [ids[0]!, ids[0]!, 'never']) {
      const answer = await identity.deregisterAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId })
      expect(answer.$metadata.httpStatusCode).toBe(204)
    }
    expect(await refusal(describe(AppInstanceUserArn, ids[0]!))).toMatchObject(missing)
    expect(await register(AppInstanceUserArn, 'd0')).not.toBe(ids[0])
  })

  test('users who do not exist have no devices, bots cannot have any, and nobody gets the devices of another user', async () => {
    const { identity, appInstance, bot } = world()
    const { arn, user } = await appInstance(['u', 'v'])
    const nobody = { AppInstanceUserArn: user('nobody'), EndpointId: 'x' }
    expect(await refusal(register(user('nobody'), 'd'))).toMatchObject(missing)
    expect(await refusal(identity.describeAppInstanceUserEndpoint(nobody))).toMatchObject(missing)
    expect(await refusal(identity.updateAppInstanceUserEndpoint(nobody))).toMatchObject(missing)
    expect(await refusal(identity.listAppInstanceUserEndpoints(nobody))).toMatchObject(missing)
    expect((await identity.deregisterAppInstanceUserEndpoint(nobody)).$metadata.httpStatusCode).toBe(204)
    expect(await refusal(register(await bot(arn), 'd'))).toMatchObject(bad)
    const EndpointId = await register(user('u'), 'd')
    const ofAnother = { AppInstanceUserArn: user('v'), EndpointId }
    expect(await refusal(identity.describeAppInstanceUserEndpoint(ofAnother))).toMatchObject(missing)
    expect(await refusal(identity.updateAppInstanceUserEndpoint({ ...ofAnother, Name: 'x' }))).toMatchObject(missing)
    await identity.deregisterAppInstanceUserEndpoint(ofAnother)
    expect(await describe(user('u'), EndpointId)).toMatchObject({ EndpointId })
  })

  test('the devices of a deleted user are purged', async () => {
    const { identity, appInstance } = world()
    const { user } = await appInstance(['u'])
    await purged(world())
    const before = await rowsIn(world(), 'endpoints')
    await register(user('u'), 'd')
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('u') })
    await purged(world())
    expect(await rowsIn(world(), 'endpoints')).toBe(before)
  })

  test('of 30 concurrent registrations exactly the ten that are allowed succeed', async () => {
    const { identity, appInstance } = world()
    const AppInstanceUserArn = (await appInstance(['u'])).user('u')
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, async (_, index) =>
        register(AppInstanceUserArn, `d${index}`).then(
          () => 'made',
          (error: Error) => error.name,
        ),
      ),
    )
    expect(outcomes.filter(outcome => outcome === 'made')).toHaveLength(10)
    expect(outcomes.filter(outcome => outcome === exceeded.name)).toHaveLength(20)
    const { AppInstanceUserEndpoints } = await identity.listAppInstanceUserEndpoints({ AppInstanceUserArn })
    expect(AppInstanceUserEndpoints).toHaveLength(10)
  })
})
