import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actionOf } from '../../../src/auth/iam/actions.ts'
import { operations, type OperationName } from '../../../src/contract/index.ts'
import { cases } from '../../operations/cases.ts'
import { call, makeFixture, type AnyInput, type Fixture } from '../../operations/fixture.ts'
import { clientsWith, keyRing, type Written } from '../../support/keys.ts'
import { databaseKinds, refusal, startWorld, type World } from '../../support/world.ts'

const names = Object.keys(operations) as OperationName[]
const appInstances = 'arn:aws:chime:us-east-1:000000000000:app-instance/*'

type ResourcesOf = (input: Record<string, string>, fixture: Fixture) => readonly string[]

const bearer: ResourcesOf = ({ ChimeBearer }) => [ChimeBearer!]
const bearerAndChannel: ResourcesOf = ({ ChimeBearer, ChannelArn }) => [ChimeBearer!, ChannelArn!]
const withFlow: ResourcesOf = ({ ChimeBearer, ChannelArn, ChannelFlowArn }) => [ChimeBearer!, ChannelArn!, ChannelFlowArn!]
const appInstance: ResourcesOf = ({ AppInstanceArn }) => [AppInstanceArn!]
const admin: ResourcesOf = ({ AppInstanceArn, AppInstanceAdminArn }) => [AppInstanceArn!, AppInstanceAdminArn!]
const user: ResourcesOf = ({ AppInstanceUserArn }) => [AppInstanceUserArn!]
const bot: ResourcesOf = ({ AppInstanceBotArn }) => [AppInstanceBotArn!]
const flow: ResourcesOf = ({ ChannelFlowArn }) => [ChannelFlowArn!]
const server: ResourcesOf = () => ['*']
const tagged: ResourcesOf = ({ ResourceARN }) => [ResourceARN!]

/**
 * Written by hand from docs/service/authorization.md#iam-actions-and-resources and docs/beyond-amazon.md, not from
 * src/auth/iam/resources.ts. An operation that is not in the list needs bearer and channel.
 */
const resources: Partial<Record<OperationName, ResourcesOf>> = {
  CreateChannel: bearer,
  ListChannels: bearer,
  SearchChannels: bearer,
  ListChannelMembershipsForAppInstanceUser: bearer,
  ListChannelsModeratedByAppInstanceUser: bearer,
  AssociateChannelFlow: withFlow,
  DisassociateChannelFlow: withFlow,
  ChannelFlowCallback: ({ ChannelArn }) => [ChannelArn!],
  CreateChannelFlow: appInstance,
  DescribeChannelFlow: flow,
  UpdateChannelFlow: flow,
  DeleteChannelFlow: flow,
  ListChannelFlows: ({ AppInstanceArn }) => [`${AppInstanceArn}/channel-flow/*`],
  ListChannelsAssociatedWithChannelFlow: flow,
  PutMessagingStreamingConfigurations: appInstance,
  GetMessagingStreamingConfigurations: appInstance,
  DeleteMessagingStreamingConfigurations: appInstance,
  GetMessagingSessionEndpoint: server,
  CreateAppInstance: () => [appInstances],
  ListAppInstances: () => [appInstances],
  DescribeAppInstance: appInstance,
  UpdateAppInstance: appInstance,
  DeleteAppInstance: appInstance,
  PutAppInstanceRetentionSettings: appInstance,
  GetAppInstanceRetentionSettings: appInstance,
  CreateAppInstanceUser: ({ AppInstanceArn, AppInstanceUserId }) => [`${AppInstanceArn}/user/${AppInstanceUserId}`],
  ListAppInstanceUsers: ({ AppInstanceArn }) => [`${AppInstanceArn}/user/*`],
  DescribeAppInstanceUser: user,
  UpdateAppInstanceUser: user,
  DeleteAppInstanceUser: user,
  PutAppInstanceUserExpirationSettings: user,
  CreateAppInstanceAdmin: admin,
  DescribeAppInstanceAdmin: admin,
  DeleteAppInstanceAdmin: admin,
  ListAppInstanceAdmins: appInstance,
  CreateAppInstanceBot: ({ AppInstanceArn }) => [`${AppInstanceArn}/bot/*`],
  ListAppInstanceBots: ({ AppInstanceArn }) => [`${AppInstanceArn}/bot/*`],
  DescribeAppInstanceBot: bot,
  UpdateAppInstanceBot: bot,
  DeleteAppInstanceBot: bot,
  RegisterAppInstanceUserEndpoint: user,
  DescribeAppInstanceUserEndpoint: user,
  ListAppInstanceUserEndpoints: user,
  UpdateAppInstanceUserEndpoint: user,
  DeregisterAppInstanceUserEndpoint: user,
  SearchMessages: ({ ChimeBearer, ChannelArn }) => [ChimeBearer!, ...(ChannelArn === undefined ? [] : [ChannelArn])],
  ListChannelUnreadCounts: bearer,
  GetUnreadSummary: bearer,
  PutPresenceStatus: bearer,
  BatchGetPresence: bearer,
  WatchPresence: bearer,
  PutAppInstancePresenceSettings: appInstance,
  GetAppInstancePresenceSettings: appInstance,
  PutAppInstanceEventSettings: appInstance,
  GetAppInstanceEventSettings: appInstance,
  ListRecentCalls: server,
  DescribeServer: server,
  ListOutboxLanes: server,
  ListDeadOutboxEntries: server,
  RetryDeadOutboxEntries: server,
  DropDeadOutboxEntries: server,
  CreateAccessKey: server,
  ListAccessKeys: server,
  DescribeAccessKey: server,
  UpdateAccessKey: server,
  DeleteAccessKey: server,
  CreateIamRole: server,
  ListIamRoles: server,
  DescribeIamRole: server,
  UpdateIamRole: server,
  DeleteIamRole: server,
  SimulatePolicy: server,
  ListConnectedUsers: server,
  TagResource: tagged,
  UntagResource: tagged,
  ListTagsForResource: tagged,
}

/** A callback needs a processor to succeed: the kind of refusal shows whether IAM has allowed it. */
const inputsOf = async (name: OperationName, fixture: Fixture): Promise<AnyInput[]> =>
  name === 'ChannelFlowCallback'
    ? [{ CallbackId: 'c'.repeat(32), ChannelArn: await fixture.channel(), ChannelMessage: { MessageId: 'f'.repeat(64) } }]
    : cases[name].inputs(fixture)

const outcome = async (called: Promise<unknown>) =>
  called.then(
    () => 'allowed',
    (error: Error) => (error.name === 'AccessDeniedException' ? 'denied' : `allowed, but ${error.name}`),
  )

describe.each(databaseKinds)('permissions of every operation, on %s', kind => {
  const ring = keyRing()
  const key = ring.keep({ groups: [] })
  let world: World
  let clients: ReturnType<typeof clientsWith>
  beforeAll(async () => {
    world = await startWorld(kind, { appInstances: '100000', elasticChannelsPerAppInstance: '100', search: 'on' }, { keys: ring.find })
    clients = clientsWith(world, key)
  })
  afterAll(async () => {
    clients.identity.destroy()
    clients.messaging.destroy()
    await world.close()
  })

  // One key, which gets other policies for each call: new clients would cost more than the call.
  const callWith = async (groups: readonly (readonly Written[])[], name: OperationName, input: AnyInput) => {
    ring.keep({ groups, accessKeyId: key.accessKeyId })
    return call(clients, name, input)
  }

  test.each(names)('%s is allowed with exactly its action on its resources, and denied with anything less', async name => {
    const fixture = await makeFixture(world)
    const expiration = name === 'CreateChannel' ? 'PutChannelExpirationSettings' : 'PutAppInstanceUserExpirationSettings'
    const isCreate = name.startsWith('Create')
    for (const input of await inputsOf(name, fixture)) {
      const wanted = (resources[name] ?? bearerAndChannel)(input as Record<string, string>, fixture)
      const more: Written[] = [
        ...(isCreate && input['ExpirationSettings'] ? [{ Action: `chime:${expiration}`, Resource: '*' }] : []),
        ...(isCreate && input['Tags'] ? [{ Action: 'chime:TagResource', Resource: '*' }] : []),
      ]
      const exactly: Written = { Action: actionOf(name), Resource: wanted }

      expect(await outcome(callWith([[{ Action: 's3:*', Resource: '*' }]], name, input))).toBe('denied')
      expect(await outcome(callWith([], name, input))).toBe('denied')
      expect(await outcome(callWith([[{ NotAction: actionOf(name), Resource: '*' }]], name, input))).toBe('denied')
      for (const missing of wanted) {
        const others = wanted.filter(resource => resource !== missing)
        const lacking: Written[] =
          others.length > 0 ? [{ ...exactly, Resource: others }, ...more] : [{ Action: 's3:*', Resource: '*' }, ...more]
        expect(await outcome(callWith([lacking], name, input))).toBe('denied')
        const denies: Written[] = [
          { Action: '*', Resource: '*' },
          { ...exactly, Effect: 'Deny', Resource: missing },
        ]
        expect(await outcome(callWith([denies], name, input))).toBe('denied')
      }
      expect(await outcome(callWith([[exactly, ...more], [{ Action: 's3:*', Resource: '*' }]], name, input))).toBe('denied')
      expect(await outcome(callWith([[exactly, ...more]], name, input))).toMatch(name === 'ChannelFlowCallback' ? /^allowed/ : /^allowed$/)
    }
  })

  test.each([
    ['CreateChannel', 'PutChannelExpirationSettings'],
    ['CreateAppInstanceUser', 'PutAppInstanceUserExpirationSettings'],
  ] as const)('%s with an expiration needs %s too', async (name, second) => {
    const fixture = await makeFixture(world)
    const [input] = await inputsOf(name, fixture)
    const answer = await refusal(callWith([[{ Action: `chime:${name}`, Resource: '*' }]], name, input!))
    expect(answer).toMatchObject({ name: 'AccessDeniedException', message: expect.stringContaining(`to perform: chime:${second} on`) })
    const { ExpirationSettings: _, Tags: __, ...without } = input!
    expect(await outcome(callWith([[{ Action: `chime:${name}`, Resource: '*' }]], name, without))).toBe('allowed')
  })

  test.each<[OperationName, (input: AnyInput, fixture: Fixture) => string]>([
    ['CreateAppInstance', () => appInstances],
    ['CreateAppInstanceUser', ({ AppInstanceUserId }, { arn }) => `${arn}/user/${String(AppInstanceUserId)}`],
    ['CreateAppInstanceBot', (_, { arn }) => `${arn}/bot/*`],
    ['CreateChannelFlow', (_, { arn }) => `${arn}/channel-flow/*`],
    ['CreateChannel', (_, { arn }) => `${arn}/channel/*`],
  ])('%s with tags needs chime:TagResource on what it creates, with the tags as aws:RequestTag and aws:TagKeys', async (name, madeBy) => {
    const fixture = await makeFixture(world)
    const input = async (more: object = {}): Promise<AnyInput> => {
      const [{ Tags: _, ChannelId: __, ...given } = {}] = await inputsOf(name, fixture)
      return { ...given, ...more }
    }
    const Tags = [{ Key: 'owner', Value: 'alice' }]
    const everything: Written = { Action: '*', Resource: '*' }
    const others: Written = { NotAction: 'chime:TagResource', Resource: '*' }
    const asked = await input({ Tags })
    expect(await refusal(callWith([[others]], name, asked))).toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`to perform: chime:TagResource on resource: ${madeBy(asked, fixture)}`),
    })
    const denying = (more: object): Written[] => [everything, { Effect: 'Deny', Action: 'chime:TagResource', Resource: '*', ...more }]
    expect(await outcome(callWith([denying({})], name, asked))).toBe('denied')
    expect(await outcome(callWith([denying({ Condition: { StringEquals: { 'aws:RequestTag/owner': 'alice' } } })], name, asked))).toBe(
      'denied',
    )
    expect(await outcome(callWith([denying({ Condition: { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'owner' } } })], name, asked))).toBe(
      'denied',
    )
    expect(await outcome(callWith([denying({})], name, await input()))).toBe('allowed')
    const { ClientRequestToken: _, ...again } = await input({ Tags: [{ Key: 'team', Value: 'red' }] })
    expect(await outcome(callWith([denying({ Condition: { StringEquals: { 'aws:RequestTag/owner': 'alice' } } })], name, again))).toBe(
      'allowed',
    )
    const { ClientRequestToken: __, ...third } = await input({ Tags })
    const exactly: Written = { Action: 'chime:TagResource', Resource: madeBy(third, fixture) }
    expect(await outcome(callWith([[others, exactly]], name, third))).toBe('allowed')
  })

  test.each(['Put', 'Get', 'Delete'] as const)('the older name of %sMessagingStreamingConfigurations is accepted', async verb => {
    const fixture = await makeFixture(world)
    const name = `${verb}MessagingStreamingConfigurations` as const
    const [input] = await inputsOf(name, fixture)
    const Action = `chime:${verb}AppInstanceStreamingConfigurations`
    expect(
      await outcome(
        callWith(
          [
            [
              { Action: '*', Resource: '*' },
              { Effect: 'Deny', Action, Resource: '*' },
            ],
          ],
          name,
          input!,
        ),
      ),
    ).toBe('denied')
    expect(await outcome(callWith([[{ Action, Resource: fixture.arn }]], name, input!))).toBe('allowed')
  })
})
