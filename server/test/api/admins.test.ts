import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open, pages } from './acts.ts'

onBothDatabases('App instance admins', world => {
  test('users and bots become admins, are described with the time, and are listed in pages', async () => {
    const { identity, appInstance, bot } = world()
    const { arn, user } = await appInstance(['a', 'b', 'plain'])
    const AppInstanceArn = arn
    const botArn = await bot(arn)
    for (const AppInstanceAdminArn of [user('a'), botArn, user('b')]) {
      const made = await identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn })
      expect(made).toMatchObject({ AppInstanceArn, AppInstanceAdmin: { Arn: AppInstanceAdminArn }, $metadata: { httpStatusCode: 201 } })
    }
    const { AppInstanceAdmin } = await identity.describeAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: botArn })
    expect(AppInstanceAdmin).toEqual({ Admin: { Arn: botArn, Name: 'bot' }, AppInstanceArn, CreatedTimestamp: expect.any(Date) })
    const found = await pages(NextToken => identity.listAppInstanceAdmins({ AppInstanceArn, MaxResults: 2, NextToken }))
    expect(found.map(page => page.AppInstanceAdmins!.length)).toEqual([2, 1])
    const listed = found.flatMap(page => page.AppInstanceAdmins!.map(entry => entry.Admin!.Arn!))
    expect(listed.toSorted()).toEqual([user('a'), user('b'), botArn].toSorted())
  })

  test('making an admin an admin again changes nothing', async () => {
    const { identity, appInstance } = world()
    const { arn, user } = await appInstance([], { admins: ['a'] })
    const named = { AppInstanceArn: arn, AppInstanceAdminArn: user('a') }
    const before = await identity.describeAppInstanceAdmin(named)
    world().advance(1000)
    expect((await identity.createAppInstanceAdmin(named)).$metadata.httpStatusCode).toBe(201)
    const after = await identity.describeAppInstanceAdmin(named)
    expect(after.AppInstanceAdmin).toEqual(before.AppInstanceAdmin)
    expect((await identity.listAppInstanceAdmins({ AppInstanceArn: arn })).AppInstanceAdmins).toHaveLength(1)
  })

  test('only a user or bot of that app instance becomes an admin', async () => {
    const { identity, appInstance } = world()
    const { arn, user } = await appInstance()
    const other = await appInstance(['stranger'])
    const unknown = identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: user('nobody') })
    expect(await refusal(unknown)).toMatchObject({
      name: 'ForbiddenException',
      status: 403,
      message: 'An invalid app instance user ARN was supplied for the input parameter.',
    })
    const stranger = identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: other.user('stranger') })
    expect(await refusal(stranger)).toMatchObject({ name: 'ForbiddenException', status: 403 })
    const channel = identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: `${arn}/channel/x` })
    expect(await refusal(channel)).toMatchObject({ name: 'BadRequestException', status: 400 })
    expect((await identity.listAppInstanceAdmins({ AppInstanceArn: arn })).AppInstanceAdmins).toEqual([])
  })

  test('a former admin has lost its rights at once and is still a user', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['owner'], { admins: ['a'] })
    const ChannelArn = await open(world(), user('owner'))
    const describe = () => messaging.describeChannel({ ChannelArn, ChimeBearer: user('a') })
    expect((await describe()).Channel!.ChannelArn).toBe(ChannelArn)
    const named = { AppInstanceArn: arn, AppInstanceAdminArn: user('a') }
    expect((await identity.deleteAppInstanceAdmin(named)).$metadata.httpStatusCode).toBe(204)
    expect(await refusal(describe())).toMatchObject({ name: 'ForbiddenException', status: 403 })
    expect(await refusal(identity.describeAppInstanceAdmin(named))).toMatchObject({ name: 'NotFoundException', status: 404 })
    expect((await identity.deleteAppInstanceAdmin(named)).$metadata.httpStatusCode).toBe(204)
    expect((await identity.describeAppInstanceUser({ AppInstanceUserArn: user('a') })).AppInstanceUser!.Name).toBe('a')
  })

  test('an admin of one app instance has no rights in another', async () => {
    const { messaging, appInstance } = world()
    const one = await appInstance([], { admins: ['boss'] })
    const other = await appInstance(['boss', 'owner'])
    const ChannelArn = await open(world(), other.user('owner'))
    for (const ChimeBearer of [one.user('boss'), other.user('boss')]) {
      expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer }))).toMatchObject({
        name: 'ForbiddenException',
        status: 403,
      })
    }
  })
})
