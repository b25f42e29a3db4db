import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'

onBothDatabases('ListChannelMembershipsForAppInstanceUser', world => {
  test('a user lists its own channels without naming itself', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['alice', 'bob'])
    const { ChannelArn } = await messaging.createChannel({
      AppInstanceArn: arn,
      Name: 'one',
      MemberArns: [user('bob')],
      ChimeBearer: user('alice'),
    })
    const page = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('bob') })
    expect(page.NextToken).toBeUndefined()
    expect(page.ChannelMemberships).toEqual([
      {
        ChannelSummary: { Name: 'one', ChannelArn, Mode: 'UNRESTRICTED', Privacy: 'PUBLIC' },
        AppInstanceUserMembershipSummary: { Type: 'DEFAULT' },
      },
    ])
  })

  test('nobody but an AppInstanceAdmin lists the channels of somebody else', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['alice', 'bob'])
    const call = messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('bob'), AppInstanceUserArn: user('alice') })
    expect(await refusal(call)).toMatchObject({ name: 'ForbiddenException', code: 'Forbidden', status: 403 })
  })
})
