import { join } from 'node:path'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { fromCognitoIdentityPool } from '@aws-sdk/credential-providers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { usualPolicy } from '../../src/keys/usual-policy.ts'
import { makeRole } from '../support/access.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { root, run } from '../support/process.ts'
import { startWorld, type World } from '../support/world.ts'
import { awsCommands, pythons } from './clients.ts'

const identityPoolId = 'us-east-1:0b7c9d3e-0000-4000-8000-000000000001'
const identityId = /^us-east-1:[0-9a-f-]{36}$/

let issuer: OidcIssuer
let world: World
let appInstance: string
let logins: Record<string, string>
let alice: string
let env: Record<string, string>

const clientConfig = () => ({ endpoint: world.app.url, region: 'us-east-1', maxAttempts: 1 })

beforeAll(async () => {
  issuer = await OidcIssuer.start()
  world = await startWorld('sqlite', {
    oidcIssuer: issuer.url,
    oidcAudience: 'web',
    identityPool: identityPoolId,
    identityPoolRole: 'chat',
    identityPoolGuestRole: 'guest',
  })
  const { arn, user } = await world.appInstance()
  appInstance = arn
  const policy = usualPolicy(user('${cognito-identity.amazonaws.com:sub}'))
  await makeRole(world, 'chat', { policy, trust: { oidc: { issuer: issuer.url, audiences: ['web'] } } })
  await makeRole(world, 'guest', { policy, trust: { oidc: { issuer: 'cognito-identity.amazonaws.com', audiences: [identityPoolId] } } })
  logins = { [issuer.url.replace('http://', '')]: await issuer.token('alice') }
  const found = await fromCognitoIdentityPool({ identityPoolId, logins, clientConfig: clientConfig() })()
  alice = found.identityId
  await world.identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: alice, Name: 'Alice' })
  env = {
    POOL: identityPoolId,
    LOGINS: JSON.stringify(logins),
    APP_INSTANCE: arn,
    AWS_ENDPOINT_URL: world.app.url,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    PYTHONUTF8: '1',
  }
})
afterAll(async () => {
  await world.close()
  await issuer.close()
})

const messagingOf = (credentials: ReturnType<typeof fromCognitoIdentityPool>) => {
  const messaging = new ChimeSDKMessaging({ ...clientConfig(), credentials })
  onTestFinished(() => messaging.destroy())
  return messaging
}

/** The refusals that these credentials get. */
const refused = async (given: object) =>
  fromCognitoIdentityPool({ identityPoolId, clientConfig: clientConfig(), ...given })().catch((error: Error) => [error.name, error.message])

describe('fromCognitoIdentityPool of the JavaScript SDK', () => {
  test('signs for the user of a login, whose token it may request again', async () => {
    const tokensAsked = Object.fromEntries(Object.entries(logins).map(([provider, token]) => [provider, async () => token]))
    const messaging = messagingOf(fromCognitoIdentityPool({ identityPoolId, logins: tokensAsked, clientConfig: clientConfig() }))
    const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: `${appInstance}/user/${alice}` })
    expect(ChannelMemberships).toEqual([])
    await expect(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: `${appInstance}/user/bob` })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    const { expiration, identityId: own } = await fromCognitoIdentityPool({ identityPoolId, logins, clientConfig: clientConfig() })()
    expect(own).toBe(alice)
    expect(expiration!.getTime()).toBeGreaterThan(Date.now() + 3_500_000)
  })

  test('signs for a guest, who keeps its identity', async () => {
    const kept = new Map<string, string>()
    const cache = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    }
    const provider = () => fromCognitoIdentityPool({ identityPoolId, cache, clientConfig: clientConfig() })
    const { identityId: guest } = await provider()()
    expect(guest).toMatch(identityId)
    expect((await provider()()).identityId).toBe(guest)
    await world.identity.createAppInstanceUser({ AppInstanceArn: appInstance, AppInstanceUserId: guest, Name: 'Guest' })
    const messaging = messagingOf(provider())
    await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: `${appInstance}/user/${guest}` })
    await expect(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: `${appInstance}/user/${alice}` })).rejects.toMatchObject(
      { name: 'AccessDeniedException' },
    )
  })

  test("shows Amazon's errors by their class", async () => {
    const nonsense = Object.fromEntries(Object.keys(logins).map(name => [name, 'nonsense']))
    expect(await refused({ logins: nonsense })).toEqual(['NotAuthorizedException', 'Invalid login token.'])
    expect(await refused({ identityPoolId: 'us-east-1:0', logins })).toEqual([
      'ResourceNotFoundException',
      "IdentityPool 'us-east-1:0' not found.",
    ])
  })
})

describe.skipIf(pythons.length === 0).each(pythons.length > 0 ? pythons : ['python3'])('boto3 of %s', python => {
  test('gets credentials of a login, unsigned, and sees what is refused', async () => {
    const { code, stdout, stderr } = await run(python, [join(root, 'server/test/compat/cognito_session.py')], { env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      identity: [alice, alice],
      expiration: 'datetime',
      users: ['allowed', [403, 'AccessDeniedException', 'ClientError']],
      refused: [
        'allowed',
        [400, 'NotAuthorizedException', 'NotAuthorizedException'],
        [400, 'ResourceNotFoundException', 'ResourceNotFoundException'],
        [400, 'UnknownOperationException', 'ClientError'],
      ],
    })
  })
})

/** A call of the AWS CLI, in an environment without a key. */
const awsCall = async (aws: string, ...args: string[]) => {
  const common = ['--logins', JSON.stringify(logins), '--endpoint-url', world.app.url, '--output', 'json']
  const { code, stdout, stderr } = await run(aws, ['cognito-identity', ...args, ...common], { env })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as { IdentityId: string; Credentials?: { SecretKey: string } }
}

describe.skipIf(awsCommands.length === 0).each(awsCommands.length > 0 ? awsCommands : ['aws'])('the AWS CLI of %s', aws => {
  test('gets credentials of a login without a key', async () => {
    const { IdentityId } = await awsCall(aws, 'get-id', '--identity-pool-id', identityPoolId)
    expect(IdentityId).toBe(alice)
    const given = await awsCall(aws, 'get-credentials-for-identity', '--identity-id', IdentityId)
    expect(given.Credentials?.SecretKey).toMatch(/^\S{40}$/)
  })
})
