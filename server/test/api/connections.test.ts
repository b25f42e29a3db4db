import { expect, test } from 'vitest'
import { listen } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'

onBothDatabases('The users who are connected', world => {
  const page = (ResourceARN: string, more: { MaxResults?: number; NextToken?: string } = {}) =>
    world().carillon.call('ListConnectedUsers', { ResourceARN, ...more })

  test('are listed for an app instance, a channel and a user, page by page, with their sockets', async () => {
    const { app, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['ann', 'ben', 'cem'])
    const other = await appInstance(['ann'])
    const { ChannelArn = '' } = await messaging.createChannel({
      AppInstanceArn: arn,
      Name: 'General',
      MemberArns: [user('ben')],
      ChimeBearer: user('ann'),
    })
    const before = Date.now()
    const sockets = []
    for (const each of [user('ann'), user('ben'), user('ben'), user('cem'), other.user('ann')]) sockets.push(await listen(app, each))
    const arns = async (of: string) => (await page(of)).ConnectedUsers!.map(({ User }) => User!.Arn)
    expect([await arns(arn), await arns(ChannelArn), await arns(user('cem')), await arns(other.arn)]).toEqual([
      [user('ann'), user('ben'), user('cem')],
      [user('ann'), user('ben')],
      [user('cem')],
      [other.user('ann')],
    ])
    const { ConnectedUsers } = await page(user('ben'))
    const socket = { NodeName: expect.stringMatching(/:\d+$/), SourceIp: '127.0.0.1', ConnectedTimestamp: expect.any(Date) }
    expect(ConnectedUsers).toEqual([{ User: { Arn: user('ben'), Name: 'ben' }, Connections: [socket, socket] }])
    const since = ConnectedUsers![0]!.Connections![0]!.ConnectedTimestamp!.getTime()
    expect(since >= before - 1 && since <= Date.now()).toBe(true)
    const first = await page(arn, { MaxResults: 2 })
    const second = await page(arn, { MaxResults: 2, NextToken: first.NextToken! })
    expect([first.ConnectedUsers, second.ConnectedUsers].map(users => users!.length)).toEqual([2, 1])
    expect(second.NextToken).toBeUndefined()
    for (const { socket: each } of sockets.slice(0, 3)) each.close()
    await expect.poll(() => arns(arn)).toEqual([user('cem')])
    expect(await arns(ChannelArn)).toEqual([])
  })

  test('in an elastic channel are those of all its sub-channels', async () => {
    const { app, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['mod', 'ann', 'ben', 'cem'])
    const { ChannelArn = '' } = await messaging.createChannel({
      AppInstanceArn: arn,
      Name: 'elastic',
      Mode: 'RESTRICTED',
      ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 40 },
      ChimeBearer: user('mod'),
    })
    const members = ['ann', 'ben', 'cem'].map(user)
    for (const MemberArn of members)
      await messaging.createChannelMembership({ ChannelArn, MemberArn, Type: 'DEFAULT', ChimeBearer: user('mod') })
    for (const each of members) await listen(app, each)
    const { ConnectedUsers } = await page(ChannelArn)
    expect(ConnectedUsers!.map(({ User }) => User!.Arn)).toEqual(members)
  })

  test('cannot be listed for a bot', async () => {
    const { appInstance, bot } = world()
    const { arn } = await appInstance()
    await expect(page(await bot(arn))).rejects.toMatchObject({ Reason: expect.stringContaining('an app instance, a channel or a user') })
  })
})
