import { expect, test } from 'vitest'
import { askedMembers, demandsOf } from '../../src/auth/iam/permit.ts'
import type { Operations } from '../../src/client/operations.ts'
import { isBearerOperation, operations, type OperationName } from '../../src/contract/index.ts'
import { cases } from '../operations/cases.ts'
import { call, makeFixture } from '../operations/fixture.ts'
import { allowing, makeKey, makeRole } from '../support/access.ts'
import { clientsOf, onBothDatabases } from '../support/world.ts'

type Simulated = Operations['SimulatePolicy']['input']

const policyOf = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement })

/** An operation for each way in which the resources of a call are found. */
const kinds: readonly OperationName[] = [
  'CreateChannel',
  'DescribeChannel',
  'ListChannels',
  'AssociateChannelFlow',
  'CreateChannelFlow',
  'DescribeChannelFlow',
  'ListChannelFlows',
  'GetMessagingSessionEndpoint',
  'CreateAppInstance',
  'DescribeAppInstance',
  'CreateAppInstanceUser',
  'DescribeAppInstanceUser',
  'CreateAppInstanceAdmin',
  'CreateAppInstanceBot',
  'DescribeAppInstanceBot',
  'SearchMessages',
  'TagResource',
  'ListRecentCalls',
]

test('IAM takes the resources of a call from members of the operation only, and never none of an operation with a bearer', () => {
  for (const name of Object.keys(operations) as OperationName[]) {
    expect([name, Object.keys(operations[name].input.properties)]).toEqual([name, expect.arrayContaining([...askedMembers(name)])])
    if (!isBearerOperation(name)) continue
    const [own] = demandsOf(name)({}, { region: 'r', account: 'a' })
    expect([name, own!.resources.length > 0]).toEqual([name, true])
  }
})

onBothDatabases('SimulatePolicy', world => {
  const simulate = (input: Simulated) => world().carillon.call('SimulatePolicy', input)
  const reason = async (input: Simulated) => simulate(input).then(String, ({ Reason }: { Reason: string }) => Reason)

  test('names the statements that decide about each resource of a call, and why the others do not apply', async () => {
    const { arn, user } = await world().appInstance(['ann'])
    const [ann, channel] = [user('ann'), `${arn}/channel/c`]
    const Policy = policyOf(
      { Sid: 'Ann', Effect: 'Allow', Action: 'chime:Send*', Resource: ann },
      {
        Sid: 'Office',
        Effect: 'Allow',
        Action: 'chime:*',
        Resource: channel,
        Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } },
      },
      { Effect: 'Deny', Action: 'chime:SendChannelMessage', Resource: `${arn}/user/\${aws:PrincipalTag/never}` },
      { Effect: 'Allow', Action: 'chime:DeleteChannel', Resource: '*' },
    )
    const OperationInput = { ChimeBearer: ann, ChannelArn: channel }
    const tried = await simulate({ Policy, OperationName: 'SendChannelMessage', OperationInput })
    const [office, never] = [
      { PolicyOf: 'IDENTITY', StatementNumber: 2, Sid: 'Office', Effect: 'Allow' },
      { PolicyOf: 'IDENTITY', StatementNumber: 3, Effect: 'Deny', Missed: 'VARIABLE' },
    ]
    const first = { PolicyOf: 'IDENTITY', StatementNumber: 1, Sid: 'Ann', Effect: 'Allow' }
    expect(tried).toMatchObject({
      IsAllowed: false,
      PolicyDecisions: [
        {
          Action: 'chime:SendChannelMessage',
          ResourceArn: ann,
          Decision: 'ALLOWED',
          DecidingStatements: [first],
          MissedStatements: [{ ...office, Missed: 'RESOURCE' }, never],
        },
        {
          ResourceArn: channel,
          Decision: 'NOT_ALLOWED',
          DecidingStatements: [],
          MissedStatements: [{ ...first, Missed: 'RESOURCE' }, { ...office, Missed: 'CONDITION' }, never],
        },
      ],
    })
    expect(tried.RoleRule).toMatch(/^SendChannelMessage is allowed to: /)
    const there = await simulate({ Policy, OperationName: 'SendChannelMessage', OperationInput, Context: { SourceIp: '192.0.2.7' } })
    expect(there).toMatchObject({ IsAllowed: true, PolicyDecisions: [{}, { Decision: 'ALLOWED', DecidingStatements: [office] }] })
  })

  test('simulates the policy of a key or of a role, with the given session policy, tags and login', async () => {
    const { arn, user } = await world().appInstance(['ann'])
    const variable = `${arn}/user/\${aws:PrincipalTag/name}`
    await makeRole(world(), 'tried', {
      policy: allowing(['chime:Connect', [variable, `${arn}/user/\${cognito-identity.amazonaws.com:sub}`]]),
    })
    const asked = { RoleName: 'tried', Action: 'chime:Connect', Resources: [user('ann')] }
    expect((await simulate(asked)).IsAllowed).toBe(false)
    expect((await simulate({ ...asked, Context: { SubjectId: 'ann' } })).IsAllowed).toBe(false)
    const PrincipalTags = [{ Key: 'name', Value: 'ann' }]
    const tagged = await simulate({ ...asked, Context: { PrincipalTags, SubjectId: 'ben' } })
    expect([tagged.IsAllowed, tagged.PrincipalArn]).toEqual([true, 'arn:aws:sts::000000000000:assumed-role/tried/simulated'])
    const { accessKeyId: AccessKeyId } = await makeKey(world(), allowing(['*', '*']), 'tried')
    const key = { AccessKeyId, Action: 'chime:Connect', Resources: [user('ann')] }
    expect(await simulate(key)).toMatchObject({ IsAllowed: true, PrincipalArn: 'arn:aws:iam::000000000000:user/tried' })
    const denied = await simulate({ ...key, SessionPolicy: policyOf({ Effect: 'Deny', Action: '*', Resource: '*' }) })
    expect(denied).toMatchObject({
      IsAllowed: false,
      PolicyDecisions: [{ Decision: 'EXPLICITLY_DENIED', DecidingStatements: [{ PolicyOf: 'SESSION', Effect: 'Deny' }] }],
    })
  })

  test('includes the actions for the tags and the expiration of a new resource, and reads the tags of existing ones', async () => {
    const { arn, user } = await world().appInstance(['ann'])
    await world().identity.tagResource({ ResourceARN: user('ann'), Tags: [{ Key: 'team', Value: 'blue' }] })
    const blue = { StringEquals: { 'aws:ResourceTag/team': 'blue' } }
    const OperationInput = { AppInstanceArn: arn, AppInstanceUserId: 'ben', ExpirationSettings: 'yes' }
    const Context = { RequestTags: [{ Key: 'team', Value: 'red' }] }
    const tried = await simulate({ Policy: allowing(['*', '*']), OperationName: 'CreateAppInstanceUser', OperationInput, Context })
    expect(tried.PolicyDecisions!.map(({ Action, ResourceArn }) => [Action, ResourceArn])).toEqual(
      ['CreateAppInstanceUser', 'PutAppInstanceUserExpirationSettings', 'TagResource'].map(name => [`chime:${name}`, user('ben')]),
    )
    const Policy = policyOf({ Effect: 'Allow', Action: '*', Resource: '*', Condition: blue })
    expect((await simulate({ Policy, Action: 'chime:Connect', Resources: [user('ann')] })).IsAllowed).toBe(true)
    expect((await simulate({ Policy, Action: 'chime:Connect', Resources: [user('ben')] })).IsAllowed).toBe(false)
  })

  test('refuses an invalid policy, an unknown operation, a missing member, and two things to simulate at once', async () => {
    expect(await reason({ Policy: '{"Statement":[]}', Action: 'chime:Connect', Resources: ['*'] })).toContain('empty list')
    const Policy = allowing(['*', '*'])
    expect(await reason({ Policy, OperationName: 'Walk' })).toContain('Walk is not an operation')
    expect(await reason({ Policy, OperationName: 'SendChannelMessage', OperationInput: { ChannelArn: 'x' } })).toContain(
      'IAM decides about SendChannelMessage by ChimeBearer',
    )
    expect(await reason({ Policy, RoleName: 'x', OperationName: 'ListAppInstances' })).toContain('Give exactly one of')
    expect(await reason({ Policy, OperationName: 'ListAppInstances', Action: 'chime:Connect' })).toContain('Give either')
  })

  test('ignores what the operation does not have', async () => {
    const { arn, user } = await world().appInstance(['ann'])
    const OperationInput = { AppInstanceArn: arn, ChimeBearer: user('ann'), ChannelArn: `${arn}/channel/c` }
    const Policy = allowing(['chime:CreateChannel', user('ann')])
    const tried = await simulate({ Policy, OperationName: 'CreateChannel', OperationInput })
    expect([tried.IsAllowed, tried.PolicyDecisions!.map(({ ResourceArn }) => ResourceArn)]).toEqual([true, [user('ann')]])
  })

  test('decides as the real call does, whatever the resources of the operation are', async () => {
    const wide = [['chime:*Channel*', 'carillon:*', 'carillon-operator:List*'], '*'] as const
    const narrow = [['chime:Describe*', 'chime:List*'], 'arn:aws:chime:*:*:app-instance/*'] as const
    const decided = { true: 0, false: 0 }
    for (const [actions, resource] of [wide, narrow]) {
      const fixture = await makeFixture(world())
      const key = await makeKey(world(), allowing([[...actions], resource]))
      const clients = clientsOf(world().app, key)
      for (const OperationName of kinds) {
        const [input = {}] = await cases[OperationName].inputs(fixture)
        const members = askedMembers(OperationName).filter(member => input[member] !== undefined && member !== 'Tags')
        const OperationInput = Object.fromEntries(
          members.map(member => [member, typeof input[member] === 'string' ? input[member] : 'given']),
        )
        const Context = input['Tags'] ? { RequestTags: fixture.tags } : {}
        const tried = await simulate({ AccessKeyId: key.accessKeyId, OperationName, OperationInput, Context })
        const real = await call(clients, OperationName, input).then(
          () => true,
          ({ name }: Error) => name !== 'AccessDeniedException',
        )
        expect([OperationName, tried.IsAllowed]).toEqual([OperationName, real])
        decided[`${real}`]++
      }
      clients.identity.destroy()
      clients.messaging.destroy()
    }
    expect(Math.min(decided.true, decided.false)).toBeGreaterThan(8)
  })
})
