import { expect, test } from 'vitest'
import { CarillonError } from '../../src/client/carillon.ts'
import { allowing, makeKey, sts } from '../support/access.ts'
import { clientsOf, onBothDatabases, refusal, startWorld, type World } from '../support/world.ts'

type Clients = Pick<World, 'carillon'>

/** The newest calls of an operation. */
async function callsOf({ carillon }: Clients, operation: string) {
  const { RecentCalls } = await carillon.call('ListRecentCalls', { MaxResults: 100 })
  return RecentCalls!.filter(({ OperationName }) => OperationName === operation)
}

const outcomes = (call: Awaited<ReturnType<typeof callsOf>>[number] | undefined) =>
  Object.fromEntries(call!.Checks!.map(({ Check, Outcome }) => [Check, Outcome]))

const checkOf = (call: Awaited<ReturnType<typeof callsOf>>[number] | undefined, name: string) =>
  call!.Checks!.find(({ Check }) => Check === name)

onBothDatabases('The list of the last calls', world => {
  test('has for each call its caller, its duration and that all checks passed, without its content', async () => {
    const { messaging, appInstance, app } = world()
    const { arn, user } = await appInstance(['ann'])
    const ann = user('ann')
    const { ChannelArn, $metadata } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'secret', ChimeBearer: ann })
    const [call] = await callsOf(world(), 'CreateChannel')
    expect(call).toMatchObject({
      RequestId: $metadata.requestId,
      StatusCode: 201,
      AccessKeyId: app.rootKey.accessKeyId,
      BearerArn: ann,
      ResourceArns: [arn, ChannelArn],
      Method: 'POST',
      Path: '/channels',
      SourceIp: '127.0.0.1',
    })
    expect(JSON.parse(call!.Input!)).toMatchObject({ AppInstanceArn: arn, Name: '(hidden)', ChimeBearer: ann })
    expect(JSON.stringify(call)).not.toContain('secret')
    expect(call!.DurationMicroseconds).toBeGreaterThan(0)
    expect(outcomes(call)).toEqual({
      SIGNATURE: 'PASSED',
      INPUT: 'PASSED',
      IAM: 'NOT_NEEDED',
      ROLE: 'PASSED',
      OPERATION: 'PASSED',
    })
  })

  test('names the check that has refused a call, with the sentence of the rule, and none of the later ones', async () => {
    const { messaging, appInstance } = world()
    const { arn, user } = await appInstance(['ann', 'ben'])
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', ChimeBearer: user('ann') })
    const { reason } = await refusal(messaging.deleteChannel({ ChannelArn, ChimeBearer: user('ben') }))
    const [call] = await callsOf(world(), 'DeleteChannel')
    expect(call).toMatchObject({ StatusCode: 403, ErrorName: 'ForbiddenException', Reason: reason })
    expect(outcomes(call)).toEqual({
      SIGNATURE: 'PASSED',
      INPUT: 'PASSED',
      IAM: 'NOT_NEEDED',
      ROLE: 'REFUSED',
      OPERATION: 'NOT_REACHED',
    })
    expect(checkOf(call, 'ROLE')!.Explanation).toContain('DeleteChannel is allowed to: an AppInstanceAdmin; a moderator of the channel.')
  })

  test('names the statement of a policy that has allowed, and the one that has denied', async () => {
    const { appInstance, app } = world()
    const { arn, user } = await appInstance(['ann'])
    const Statement = [
      { Effect: 'Allow', Action: 'chime:Describe*', Resource: '*' },
      { Sid: 'NotAnn', Effect: 'Deny', Action: '*', Resource: user('ann') },
    ]
    const { identity } = clientsOf(app, await makeKey(world(), JSON.stringify({ Version: '2012-10-17', Statement })))
    await identity.describeAppInstance({ AppInstanceArn: arn })
    await refusal(identity.describeAppInstanceUser({ AppInstanceUserArn: user('ann') }))
    const [allowed] = await callsOf(world(), 'DescribeAppInstance')
    expect(checkOf(allowed, 'IAM')).toMatchObject({
      Outcome: 'PASSED',
      Decisions: [
        {
          Action: 'chime:DescribeAppInstance',
          ResourceArn: arn,
          Decision: 'ALLOWED',
          DecidingStatements: [{ PolicyOf: 'IDENTITY', StatementNumber: 1, Effect: 'Allow' }],
        },
      ],
    })
    const [denied] = await callsOf(world(), 'DescribeAppInstanceUser')
    expect(denied).toMatchObject({ StatusCode: 403, ErrorName: 'AccessDeniedException' })
    expect(checkOf(denied, 'IAM')).toMatchObject({
      Outcome: 'REFUSED',
      Decisions: [{ Decision: 'EXPLICITLY_DENIED', DecidingStatements: [{ StatementNumber: 2, Sid: 'NotAnn', Effect: 'Deny' }] }],
    })
  })

  test('shows a call with a wrong signature under the key that it claims', async () => {
    const { app } = world()
    const { identity } = clientsOf(app, { ...app.rootKey, secretAccessKey: 'wrong' })
    await refusal(identity.listAppInstances({}))
    const [call] = await callsOf(world(), 'ListAppInstances')
    expect(call).toMatchObject({ StatusCode: 403, AccessKeyId: app.rootKey.accessKeyId })
    expect(call!.PrincipalArn).toBeUndefined()
    expect(outcomes(call)).toMatchObject({ SIGNATURE: 'REFUSED', INPUT: 'NOT_REACHED' })
  })

  test('continues after the newest call that its reader has, and leaves out the calls that list calls', async () => {
    const { identity, carillon } = world()
    await identity.listAppInstances({})
    await carillon.call('DescribeServer', {})
    const { RecentCalls } = await carillon.call('ListRecentCalls', { MaxResults: 1 })
    const [known] = RecentCalls!
    expect(known!.OperationName).toBe('ListAppInstances')
    const AfterRequestId = known!.RequestId!
    expect((await carillon.call('ListRecentCalls', { AfterRequestId })).RecentCalls).toEqual([])
    await identity.listAppInstances({ MaxResults: 1 })
    expect((await carillon.call('ListRecentCalls', { AfterRequestId })).RecentCalls).toHaveLength(1)
  })

  test('can be read with a key that is allowed everything or this operation, and with no key of an app instance or a user', async () => {
    const { app, appInstance } = world()
    const { arn, user } = await appInstance(['ann'])
    const listed = async (policy: string) => {
      const { carillon } = clientsOf(app, await makeKey(world(), policy))
      return carillon.call('ListRecentCalls', {}).then(
        () => 'listed',
        (error: unknown) => (error as CarillonError).name,
      )
    }
    for (const policy of [allowing(['*', '*']), allowing(['carillon-operator:ListRecentCalls', '*'])])
      expect(await listed(policy)).toBe('listed')
    for (const policy of [
      allowing(['chime:*', '*']),
      allowing(['*', `${arn}/*`]),
      allowing(['*', [arn, `${arn}/*`]]),
      allowing(['*', user('ann')]),
      allowing(['*', arn.replace(/[^/]+$/, '*')]),
      allowing(['carillon:*', '*']),
      allowing(['carillon-operator:DescribeServer', '*']),
    ])
      expect([policy, await listed(policy)]).toEqual([policy, 'AccessDeniedException'])
    const session = async (Policy: string) => {
      const { credentials } = await sts(app, app.rootKey, 'GetFederationToken', { Name: 'operator', Policy })
      return clientsOf(app, credentials).carillon.call('ListRecentCalls', { MaxResults: 1 })
    }
    expect((await session(allowing(['carillon-operator:*', '*']))).RecentCalls).toHaveLength(1)
    await expect(session(allowing(['*', arn]))).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })
})

test('the list of the last calls shows whole inputs where the setting is on', async () => {
  const world = await startWorld('sqlite', { recentCalls: 'whole' })
  const { appInstance, messaging } = world
  const { arn, user } = await appInstance(['ann'])
  await messaging.createChannel({ AppInstanceArn: arn, Name: 'in sight', ChimeBearer: user('ann') })
  expect((await callsOf(world, 'CreateChannel'))[0]!.Input).toContain('in sight')
  await world.close()
})
