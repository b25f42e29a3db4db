import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operations, type OperationName } from '../../src/contract/index.ts'
import { cases } from '../operations/cases.ts'
import { call, makeFixture } from '../operations/fixture.ts'
import { startLambda } from '../support/processor.ts'
import { databaseKinds, refusal, isSpread, startWorld, type World } from '../support/world.ts'
import { rows, type Row } from './rows.ts'
import { audience, makeScene, typesOf } from './scene.ts'

/** The operations that no session hears of, whoever calls them. */
const silent = [
  'CreateAppInstance',
  'DescribeAppInstance',
  'ListAppInstances',
  'UpdateAppInstance',
  'PutAppInstanceRetentionSettings',
  'GetAppInstanceRetentionSettings',
  'CreateAppInstanceUser',
  'DescribeAppInstanceUser',
  'ListAppInstanceUsers',
  'UpdateAppInstanceUser',
  'PutAppInstanceUserExpirationSettings',
  'CreateAppInstanceAdmin',
  'DescribeAppInstanceAdmin',
  'ListAppInstanceAdmins',
  'CreateAppInstanceBot',
  'DescribeAppInstanceBot',
  'ListAppInstanceBots',
  'UpdateAppInstanceBot',
  'RegisterAppInstanceUserEndpoint',
  'DescribeAppInstanceUserEndpoint',
  'ListAppInstanceUserEndpoints',
  'UpdateAppInstanceUserEndpoint',
  'DeregisterAppInstanceUserEndpoint',
  'DescribeChannel',
  'ListChannels',
  'SearchChannels',
  'PutChannelExpirationSettings',
  'ListSubChannels',
  'DescribeChannelMembership',
  'ListChannelMemberships',
  'UpdateChannelReadMarker',
  'ListChannelReadMarkers',
  'PutChannelReadMarker',
  'SendTypingIndicator',
  'SearchMessages',
  'ListChannelUnreadCounts',
  'GetUnreadSummary',
  'PutPresenceStatus',
  'BatchGetPresence',
  'GetChannelPresence',
  'WatchPresence',
  'PutAppInstancePresenceSettings',
  'GetAppInstancePresenceSettings',
  'PutAppInstanceEventSettings',
  'GetAppInstanceEventSettings',
  'ListChannelMembershipsForAppInstanceUser',
  'DescribeChannelMembershipForAppInstanceUser',
  'PutChannelMembershipPreferences',
  'GetChannelMembershipPreferences',
  'DescribeChannelModerator',
  'ListChannelModerators',
  'ListChannelsModeratedByAppInstanceUser',
  'DescribeChannelModeratedByAppInstanceUser',
  'DescribeChannelBan',
  'ListChannelBans',
  'DeleteChannelBan',
  'GetChannelMessage',
  'ListChannelMessages',
  'GetChannelMessageStatus',
  'PutMessageReactions',
  'BatchGetMessageReactions',
  'ListMessageReactionMembers',
  'ListThreadMessages',
  'BatchGetThreads',
  'PinMessage',
  'UnpinMessage',
  'ListPinnedMessages',
  'CreateChannelFlow',
  'DescribeChannelFlow',
  'ListChannelFlows',
  'UpdateChannelFlow',
  'DeleteChannelFlow',
  'AssociateChannelFlow',
  'DisassociateChannelFlow',
  'ListChannelsAssociatedWithChannelFlow',
  'PutMessagingStreamingConfigurations',
  'GetMessagingStreamingConfigurations',
  'DeleteMessagingStreamingConfigurations',
  'GetMessagingSessionEndpoint',
  'TagResource',
  'UntagResource',
  'ListTagsForResource',
  'ListRecentCalls',
  'DescribeServer',
  'ListOutboxLanes',
  'ListDeadOutboxEntries',
  'RetryDeadOutboxEntries',
  'DropDeadOutboxEntries',
  'CreateAccessKey',
  'ListAccessKeys',
  'DescribeAccessKey',
  'UpdateAccessKey',
  'DeleteAccessKey',
  'CreateIamRole',
  'ListIamRoles',
  'DescribeIamRole',
  'UpdateIamRole',
  'DeleteIamRole',
  'SimulatePolicy',
  'ListConnectedUsers',
  // The last one, since those before it need the admin.
  'DeleteAppInstanceAdmin',
] as const satisfies readonly OperationName[]

const lambda = await startLambda()
afterAll(() => lambda.close())

test('every operation is in the table of events or in the list of those without events', () => {
  expect([...Object.keys(rows), ...silent].toSorted()).toEqual(Object.keys(operations).toSorted())
})

describe.each(databaseKinds)('the events of every operation, on %s', kind => {
  let world: World
  beforeAll(async () => {
    const settings = { appInstances: '100000', elasticChannelsPerAppInstance: '100', lambdaEndpoint: lambda.url, search: 'on' }
    world = await startWorld(kind, settings)
  })
  afterAll(() => world.close())

  const table = Object.entries<readonly Row[]>(rows)
    .flatMap(([name, each]) => each.map(row => ({ ...row, name })))
    .filter(({ isOfOneNode }) => !isOfOneNode || !isSpread)
  // On several nodes most of the time is waiting, so tests wait at the same time: each has an app instance of its own.
  test.concurrent.for(table)('$name $does', async ({ act, heard, isRefused }, { onTestFinished }) => {
    const scene = await makeScene(world, onTestFinished)
    const run = await act(scene, lambda)
    await scene.heard()
    const status = isRefused && (await refusal(run())).status
    if (!isRefused) await run()
    expect(typesOf(await scene.heard())).toEqual(heard)
    expect(status === undefined || (status >= 400 && status < 500)).toBe(true)
  })

  test('all other operations have no events', async () => {
    const parts = Array.from({ length: 8 }, (_, part) => silent.filter((_name, index) => index % 8 === part))
    const told = parts.map(async names => {
      const fixture = await makeFixture(world)
      const { root, mod, alice, bob, eve } = fixture
      const { heard } = await audience(world, fixture.arn, { root, mod, alice, bob, eve })
      const ofPart: object[] = []
      for (const name of names) {
        const inputs = await cases[name].inputs(fixture)
        // The events of creating the inputs.
        await heard()
        for (const input of inputs) await call(fixture, name, input)
        ofPart.push({ name, heard: typesOf(await heard()) })
      }
      return ofPart
    })
    expect((await Promise.all(told)).flat()).toEqual(parts.flat().map(name => ({ name, heard: {} })))
  })
})
