import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeKey, sts } from '../../support/access.ts'
import type { SigningKey } from '../../support/signed.ts'
import { listen } from '../../support/sockets.ts'
import { clientsOf, startWorld, type World } from '../../support/world.ts'

let world: World
let alice: string
beforeAll(async () => {
  world = await startWorld('sqlite', { region: 'eu-central-1' })
  alice = (await world.appInstance(['alice'])).user('alice')
})
afterAll(() => world.close())

async function outcome(key: SigningKey) {
  const { messaging, identity } = clientsOf(world.app, key)
  try {
    await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: alice })
    return 'allowed'
  } catch (error) {
    return (error as Error).name
  } finally {
    messaging.destroy()
    identity.destroy()
  }
}

/** A key that is allowed everything, except what is denied under that condition. */
const keyUnder = (Condition: object) =>
  makeKey(
    world,
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: '*', Resource: '*', Condition },
        { Effect: 'Deny', Action: 's3:*', Resource: '*', Condition: { 'ForSome:Operator': { 's3:unknown': 'x' } } },
      ],
    }),
  )

test.each([
  ['this region', { StringNotEquals: { 'aws:RequestedRegion': 'eu-central-1' } }, 'allowed'],
  ['another region', { StringNotEquals: { 'aws:RequestedRegion': 'us-east-1' } }, 'AccessDeniedException'],
  ['this client', { StringNotLike: { 'aws:UserAgent': 'aws-sdk-js/*' } }, 'allowed'],
  ['another client', { StringNotLike: { 'aws:UserAgent': 'Boto3/*' } }, 'AccessDeniedException'],
  ['this account', { StringNotEquals: { 'aws:ResourceAccount': '${aws:PrincipalAccount}' } }, 'allowed'],
  ['an organization', { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } }, 'AccessDeniedException'],
  [
    'a VPC endpoint, if a call comes through one',
    { StringNotEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' }, Null: { 'aws:SourceVpce': 'false' } },
    'allowed',
  ],
])('a guard rail of %s decides about calls by this server’s values', async (_, condition, expected) => {
  expect(await outcome(await keyUnder(condition))).toBe(expected)
})

test('guard rails apply to a socket too', async () => {
  const key = await keyUnder({ StringNotLike: { 'aws:UserAgent': 'chat/*' } })
  await expect(listen(world.app, alice, { key })).rejects.toThrow('may not perform chime:Connect')
  await listen(world.app, alice, { key: await keyUnder({ StringNotEquals: { 'aws:RequestedRegion': 'eu-central-1' } }) })
})

test('temporary credentials have no second factor, and have an issue time, which a long-lived key does not have', async () => {
  const noFactor = await keyUnder({ Bool: { 'aws:MultiFactorAuthPresent': 'false' } })
  expect(await outcome(noFactor)).toBe('allowed')
  const before = await keyUnder({ DateLessThan: { 'aws:TokenIssueTime': new Date(Date.now() + 60_000).toISOString() } })
  const after = await keyUnder({ DateLessThan: { 'aws:TokenIssueTime': new Date(Date.now() - 60_000).toISOString() } })
  expect([await outcome(before), await outcome(after)]).toEqual(['allowed', 'allowed'])
  const temporary = async (key: SigningKey) => outcome((await sts(world.app, key, 'GetSessionToken')).credentials)
  expect([await temporary(noFactor), await temporary(before), await temporary(after)]).toEqual([
    'AccessDeniedException',
    'AccessDeniedException',
    'allowed',
  ])
})
