import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { usualPolicy } from '../../src/keys/usual-policy.ts'
import { allowing, changeTheRole, makeRole, sts } from '../support/access.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { RawConnection } from '../support/raw.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, startWorld, type World } from '../support/world.ts'

const poolId = 'eu-central-1:0b7c9d3e-0000-4000-8000-000000000001'
const iamRoleArn = 'arn:aws:iam::000000000000:role'
const guestTrust = { oidc: { issuer: 'cognito-identity.amazonaws.com', audiences: [poolId] } }

interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body: {
    readonly IdentityId: string
    readonly Credentials: { AccessKeyId: string; SecretKey: string; SessionToken: string; Expiration: number }
    readonly type: string
    readonly message: string
    readonly Reason: string
  }
}

/** A call of an identity pool as every client sends it: JSON 1.1, unsigned. */
async function ask(
  { app }: Pick<World, 'app'>,
  operation: string,
  input: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const response = await fetch(app.url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSCognitoIdentityService.${operation}`, ...headers },
    body: typeof input === 'string' ? input : JSON.stringify(input),
  })
  const { __type: type, ...body } = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body: { type, ...body } as Answered['body'] }
}

const keyOf = ({ Credentials: { AccessKeyId, SecretKey, SessionToken } }: Answered['body']) => ({
  accessKeyId: AccessKeyId,
  secretAccessKey: SecretKey,
  sessionToken: SessionToken,
})

/** The outcome of calls with credentials that act as a user. */
async function actingAs({ app }: World, given: Answered['body'], ChimeBearer: string) {
  const { messaging, identity } = clientsOf(app, keyOf(given))
  const outcome = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer }).then(
    () => 'allowed',
    (error: Error) => error.name,
  )
  messaging.destroy()
  identity.destroy()
  return outcome
}

const refused = ({ status, body }: Answered) => [status, body.type, body.message]
const denied = 'AccessDeniedException'
const notAuthorized = (message: string) => [400, 'NotAuthorizedException', message]

let issuer: OidcIssuer
let provider: string
beforeAll(async () => {
  issuer = await OidcIssuer.start()
  provider = issuer.url.replace('http://', '')
})
afterAll(() => issuer.close())

const login = async (...[sub, said]: Parameters<OidcIssuer['token']>) => ({ [provider]: await issuer.token(sub, said) })
const settings = () => ({ oidcIssuer: issuer.url, oidcAudience: 'web,mobile', identityPool: poolId, identityPoolRole: 'chat' })
const idOf = async (world: World, Logins: Record<string, string> = {}) =>
  (await ask(world, 'GetId', { IdentityPoolId: poolId, Logins })).body.IdentityId

/** A login acts as the user of its claim sub, a guest as the user of its identity. */
async function makeRoles(world: World, appInstanceArn: string) {
  const trust = { oidc: { issuer: issuer.url, audiences: ['web'] } }
  const policy = (id: string) => usualPolicy(`${appInstanceArn}/user/\${${id}}`)
  await makeRole(world, 'chat', { policy: policy('aws:PrincipalTag/sub'), trust, tags: ['sub'] })
  await makeRole(world, 'guest', { policy: policy('cognito-identity.amazonaws.com:sub'), trust: guestTrust })
}

/** As Amazon's chat demo has it, for every app instance of every account. */
const policyOfDemo = allowing(
  [['chime:GetMessagingSessionEndpoint'], '*'],
  [
    ['chime:Connect', 'chime:CreateChannel', 'chime:SendChannelMessage', 'chime:ListChannelMembershipsForAppInstanceUser'],
    ['arn:aws:chime:*:*:app-instance/*/user/${cognito-identity.amazonaws.com:sub}', 'arn:aws:chime:*:*:app-instance/*/channel/*'],
  ],
)

describe('an identity pool', () => {
  let world: World
  let app: { arn: string; user: (id: string) => string }
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carillon-test-'))
    world = await startWorld('sqlite', { ...settings(), auditLog: join(folder, 'audit.log') })
    app = await world.appInstance(['alice', 'bob'])
    await makeRoles(world, app.arn)
  })
  afterAll(async () => {
    await world.close()
    await rm(folder, { recursive: true, force: true })
  })

  const getId = async (Logins: unknown, more = {}) => ask(world, 'GetId', { IdentityPoolId: poolId, Logins, ...more })
  const getCredentials = async (IdentityId: string, Logins: unknown, more = {}) =>
    ask(world, 'GetCredentialsForIdentity', { IdentityId, Logins, ...more })

  test('gives a login credentials of its role for an hour, which act as its user and as nobody else', async () => {
    const { status, headers, body } = await getCredentials(await idOf(world, await login('alice')), await login('alice'))
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.1')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body.IdentityId).toBe(await idOf(world, await login('alice')))
    expect(Object.keys(body.Credentials)).toEqual(['AccessKeyId', 'SecretKey', 'SessionToken', 'Expiration'])
    expect(Math.abs(body.Credentials.Expiration - Date.now() / 1000 - 3600)).toBeLessThan(60)
    expect(await actingAs(world, body, app.user('alice'))).toBe('allowed')
    expect(await actingAs(world, body, app.user('bob'))).toBe(denied)
    const who = await sts(world.app, keyOf(body), 'GetCallerIdentity')
    expect(who.value('Arn')).toBe('arn:aws:sts::000000000000:assumed-role/chat/CognitoIdentityCredentials')
  })

  test("identifies users by their IdentityId if the policy is that of Amazon's demo, unedited: over REST and on a socket", async () => {
    const demo = await startWorld('sqlite', settings())
    onTestFinished(() => demo.close())
    await makeRole(demo, 'chat', { policy: policyOfDemo, trust: { oidc: { issuer: issuer.url, audiences: ['web'] } } })
    const { arn, user } = await demo.appInstance(['alice'])
    const Logins = await login('alice')
    const IdentityId = await idOf(demo, Logins)
    await demo.identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: IdentityId, Name: 'Alice' })
    const { body } = await ask(demo, 'GetCredentialsForIdentity', { IdentityId, Logins })
    const ChimeBearer = user(IdentityId)
    const { messaging, identity } = clientsOf(demo.app, keyOf(body))
    const listening = await listen(demo.app, ChimeBearer, { key: keyOf(body) })
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', ChimeBearer })
    await messaging.sendChannelMessage({ ChannelArn, Content: 'hello', Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
    await expect.poll(() => listening.events.map(({ type }) => type)).toContain('CREATE_CHANNEL_MESSAGE')
    expect(await actingAs(demo, body, user('alice'))).toBe(denied)
    messaging.destroy()
    identity.destroy()
  })

  test('gives each login one identity, whatever else its token contains, and never the same to two', async () => {
    const alice = await idOf(world, await login('alice'))
    expect(alice).toMatch(/^eu-central-1:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(await idOf(world, await login('alice', { audience: 'mobile', claims: { name: 'Other' } }))).toBe(alice)
    const subjects = ['bob', 'Alice', 'alice ', '["alice"]', 'alice","', 'a'.repeat(300), 'ä', 'auth0|alice']
    const ids = await Promise.all(subjects.map(async sub => idOf(world, await login(sub))))
    expect(new Set([alice, ...ids]).size).toBe(subjects.length + 1)
    const other = await startWorld('sqlite', { ...settings(), identityPool: poolId.replace(/1$/, '2') })
    onTestFinished(() => other.close())
    const { body } = await ask(other, 'GetId', { IdentityPoolId: poolId.replace(/1$/, '2'), Logins: await login('alice') })
    expect(body.IdentityId).not.toBe(alice)
  })

  test('accepts the names of its issuer that clients use, and no others', async () => {
    const token = await issuer.token('alice')
    for (const name of [provider, `${provider}/`]) expect((await getId({ [name]: token })).status).toBe(200)
    const unsupported = notAuthorized('Token is not from a supported provider of this identity pool.')
    const others = [issuer.url, 'accounts.google.com', 'cognito-idp.us-east-1.amazonaws.com/local_0abc', `${provider}/x`, '__proto__']
    for (const name of others) {
      const answer = await getId(JSON.parse(`{ ${JSON.stringify(name)}: ${JSON.stringify(token)} }`))
      expect(refused(answer)).toEqual(unsupported)
      expect(answer.body.Reason).toContain(`${provider} is the key of its issuer in Logins`)
    }
  })

  test('returns credentials only for the identity of the login in the call', async () => {
    const bob = await idOf(world, await login('bob'))
    const mismatch = notAuthorized("Logins don't match. Please include at least one valid login for this identity or identity pool.")
    expect(refused(await getCredentials(bob, await login('alice')))).toEqual(mismatch)
    expect(refused(await getCredentials('us-east-1:0b7c9d3e-0000-4000-8000-000000000009', await login('alice')))).toEqual(mismatch)
  })

  test.each([
    ['expired', { expires: -60 }, 'Invalid login token. Token expired.'],
    ['for somebody else', { audience: 'other' }, 'Invalid login token.'],
    ['of another issuer', { issuer: 'https://elsewhere.example.com' }, 'Invalid login token.'],
    ['signed by an unknown key', { header: { kid: 'unknown' } }, 'Invalid login token.'],
  ])('refuses a token that is %s, by both operations and with a reason', async (_, said, message) => {
    const alice = await idOf(world, await login('alice'))
    for (const answer of [await getId(await login('alice', said)), await getCredentials(alice, await login('alice', said))]) {
      expect(refused(answer)).toEqual(notAuthorized(message))
      expect(answer.headers.get('x-amzn-errortype')).toBe('NotAuthorizedException:')
      expect(answer.body.Reason).toMatch(/\.$/)
    }
    expect(refused(await getId({ [provider]: 'nonsense' }))).toEqual(notAuthorized('Invalid login token.'))
  })

  test('gives guests nothing unless it has a role for them', async () => {
    const off = notAuthorized('Unauthenticated access is not supported for this identity pool.')
    for (const Logins of [undefined, {}, null]) expect(refused(await getId(Logins))).toEqual(off)
    for (const id of [await idOf(world, await login('alice')), 'eu-central-1:0b7c9d3e-0000-4000-8000-000000000009'])
      expect(refused(await getCredentials(id, {}))).toEqual(off)
  })

  test('reports an unknown pool, identity, role and login', async () => {
    const ofAnother = await ask(world, 'GetId', { IdentityPoolId: 'us-east-1:0', Logins: await login('alice') })
    expect(refused(ofAnother)).toEqual([400, 'ResourceNotFoundException', "IdentityPool 'us-east-1:0' not found."])
    const two = await getId({ ...(await login('alice')), 'accounts.google.com': 'x' })
    expect(refused(two)).toEqual([400, 'InvalidParameterException', 'Logins has more than one entry'])
    const alice = await idOf(world, await login('alice'))
    expect((await getCredentials(alice, await login('alice'), { CustomRoleArn: `${iamRoleArn}/chat` })).status).toBe(200)
    expect(refused(await getCredentials(alice, await login('alice'), { CustomRoleArn: `${iamRoleArn}/guest` }))).toEqual(
      notAuthorized('The role of CustomRoleArn cannot be assumed with this identity.'),
    )
    // The role does not accept tokens for this audience.
    const mobile = await getCredentials(alice, await login('alice', { audience: 'mobile' }))
    const configuration = 'Invalid identity pool configuration. Check assigned IAM roles for this pool.'
    expect(refused(mobile)).toEqual([400, 'InvalidIdentityPoolConfigurationException', configuration])
    expect(mobile.body.Reason).toContain('carillon roles update')
  })

  test("refuses invalid input in Amazon's words, and ignores members that it does not know", async () => {
    const broken: [operation: string, input: unknown, type: string, message: RegExp][] = [
      ['GetId', '', 'SerializationException', /^The request could not be understood$/],
      ['GetId', '{', 'SerializationException', /^The request/],
      ['GetId', '[]', 'SerializationException', /^The request/],
      ['GetId', 'null', 'SerializationException', /^The request/],
      ['GetId', '['.repeat(10_000), 'SerializationException', /^The request/],
      ['GetId', {}, 'ValidationException', /^1 validation error detected: Value null at 'identityPoolId' .* must not be null$/],
      ['GetId', { IdentityPoolId: 'pool' }, 'ValidationException', /^1 validation error detected: Value 'pool' at 'identityPoolId'/],
      ['GetId', { IdentityPoolId: `x:${'a'.repeat(60)}` }, 'ValidationException', /length less than or equal to 55$/],
      ['GetId', { IdentityPoolId: 7 }, 'SerializationException', /^The request/],
      ['GetId', { IdentityPoolId: poolId, Logins: 'x' }, 'SerializationException', /^The request/],
      ['GetId', { IdentityPoolId: poolId, Logins: { [provider]: 7 } }, 'SerializationException', /^The request/],
      ['GetId', { IdentityPoolId: poolId, Logins: { [provider]: '' } }, 'ValidationException', /'logins'/],
      ['GetId', { IdentityPoolId: poolId, Logins: { [provider]: 'x'.repeat(50_001) } }, 'ValidationException', /'logins'/],
      ['GetId', { IdentityPoolId: poolId, Logins: { [provider]: 'x'.repeat(50_000) } }, 'NotAuthorizedException', /^Invalid login token/],
      [
        'GetId',
        { IdentityPoolId: poolId, Logins: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`p${index}`, 'x'])) },
        'ValidationException',
        /'logins'/,
      ],
      ['GetCredentialsForIdentity', {}, 'ValidationException', /'identityId'/],
      ['GetCredentialsForIdentity', { IdentityId: 'a:0', CustomRoleArn: 'chat' }, 'ValidationException', /'customRoleArn'/],
      ['GetOpenIdToken', { IdentityId: 'a:0' }, 'UnknownOperationException', /not recognized/],
      ['constructor', {}, 'UnknownOperationException', /not recognized/],
      ['GetId.x', {}, 'UnknownOperationException', /not recognized/],
    ]
    for (const [operation, input, type, message] of broken) {
      const { status, body } = await ask(world, operation, input)
      expect({ input, status, type: body.type, message: body.message }).toEqual({
        input,
        status: 400,
        type,
        message: expect.stringMatching(message),
      })
    }
    expect((await getId(await login('alice'), { AccountId: '123456789012', Unknown: [1] })).status).toBe(200)
  })

  test('lists its operations if another is called, those of user pools among them; STS is beside it on the same path', async () => {
    expect((await ask(world, 'GetOpenIdToken', {})).body.Reason).toBe(
      'There are AWSCognitoIdentityService.GetId and AWSCognitoIdentityService.GetCredentialsForIdentity: X-Amz-Target names one of them.',
    )
    const ofUserPool = await ask(world, '', {}, { 'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth' })
    expect(ofUserPool.body.Reason).toMatch(/^This is a call for a user pool: /)
    expect((await sts(world.app, world.app.rootKey, 'GetCallerIdentity')).status).toBe(200)
  })

  test('lets pages of any origin call it, with the headers that the SDKs send', async () => {
    const origin = 'https://chat.example.com'
    const asked = 'amz-sdk-invocation-id,amz-sdk-request,cache-control,content-type,x-amz-content-sha256,x-amz-target,x-amz-user-agent'
    const preflight = await fetch(world.app.url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
    })
    expect(preflight.status).toBe(204)
    const allowed = preflight.headers.get('access-control-allow-headers')!.split(', ')
    for (const header of asked.split(',')) expect(allowed).toContain(header)
    for (const Logins of [await login('alice'), {}]) {
      const { headers } = await ask(world, 'GetId', { IdentityPoolId: poolId, Logins }, { origin })
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('access-control-expose-headers')).toContain('x-amzn-errortype')
    }
  })

  test('answers the JavaScript SDK v2, whose exact bytes are sent', async () => {
    const Logins = await login('alice')
    /** The request of AWS.CognitoIdentityCredentials, aws-sdk 2.1693.0. */
    const answered = async (operation: string, body: string) => {
      const connection = await RawConnection.open(world.app.url)
      const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(body))).toString('hex')
      const head = [
        'POST / HTTP/1.1',
        'User-Agent: aws-sdk-nodejs/2.1693.0 linux/v20.20.2 callback',
        'Content-Type: application/x-amz-json-1.1',
        `X-Amz-Target: AWSCognitoIdentityService.${operation}`,
        `X-Amz-Content-Sha256: ${hash}`,
        `Content-Length: ${body.length}`,
        `Host: ${new URL(world.app.url).host}`,
        'Connection: close',
      ]
      connection.send(`${head.join('\r\n')}\r\n\r\n${body}`)
      const answer = await connection.answer()
      connection.end()
      expect(answer.status).toBe(200)
      return JSON.parse(answer.body) as Answered['body']
    }
    const { IdentityId } = await answered('GetId', JSON.stringify({ IdentityPoolId: poolId, Logins }))
    const given = await answered('GetCredentialsForIdentity', JSON.stringify({ Logins, IdentityId }))
    expect(given.IdentityId).toBe(IdentityId)
    expect(await actingAs(world, given, app.user('alice'))).toBe('allowed')
  })

  test('is in the audit log with its operations and identities, and without its tokens', async () => {
    const Logins = await login('alice')
    const IdentityId = await idOf(world, Logins)
    await getCredentials(IdentityId, Logins)
    await getCredentials(IdentityId, {})
    await ask(world, 'Nonsense', {})
    const expected = [
      ['cognito-identity:GetId', 200, 'Success', [IdentityId]],
      ['cognito-identity:GetCredentialsForIdentity', 200, 'Success', [IdentityId]],
      ['cognito-identity:GetCredentialsForIdentity', 400, 'NotAuthorizedException', []],
      ['cognito-identity:Unknown', 400, 'UnknownOperationException', []],
    ]
    const written = async () => {
      const lines = (await readFile(join(folder, 'audit.log'), 'utf8')).trimEnd().split('\n')
      return lines.slice(-4).map(line => {
        const { operation, status, outcome, resources } = JSON.parse(line) as Record<string, unknown>
        return [operation, status, outcome, resources]
      })
    }
    await expect.poll(written).toEqual(expected)
    expect(await readFile(join(folder, 'audit.log'), 'utf8')).not.toContain(Logins[provider])
  })
})

test('an issuer that is a user pool of this machine also has the name of a user pool on Amazon', async () => {
  const world = await startWorld('sqlite', {
    ...settings(),
    oidcIssuer: `${issuer.url}/local_0aBc`,
    oidcJwks: `${issuer.url}/keys`,
  })
  onTestFinished(() => world.close())
  const token = await issuer.token('alice', { issuer: `${issuer.url}/local_0aBc` })
  const names = [
    `${provider}/local_0aBc`,
    'cognito-idp.eu-central-1.amazonaws.com/local_0aBc',
    'cognito-idp.us-east-1.amazonaws.com/local_0aBc',
  ]
  const ids = await Promise.all(names.map(async name => idOf(world, { [name]: token })))
  expect(new Set(ids)).toEqual(new Set([expect.stringMatching(/^eu-central-1:/)]))
  expect(new Set(ids).size).toBe(1)
  for (const name of ['cognito-idp.eu-central-1.amazonaws.com/local_other', 'evil.example/cognito-idp.x.amazonaws.com/local_0aBc'])
    expect((await ask(world, 'GetId', { IdentityPoolId: poolId, Logins: { [name]: token } })).status).toBe(400)
})

test('without a configured pool none is found, and the reason says what to do', async () => {
  const world = await startWorld('sqlite')
  onTestFinished(() => world.close())
  const pool = await ask(world, 'GetId', { IdentityPoolId: poolId })
  expect(refused(pool)).toEqual([400, 'ResourceNotFoundException', `IdentityPool '${poolId}' not found.`])
  expect(pool.body.Reason).toContain('--identity-pool')
  const identity = await ask(world, 'GetCredentialsForIdentity', { IdentityId: poolId })
  expect(refused(identity)).toEqual([400, 'ResourceNotFoundException', `Identity '${poolId}' not found.`])
})

test.each(databaseKinds)('guests have identities of their own, which every node accepts and nobody can invent, on %s', async kind => {
  const place: Record<string, string> = kind === 'postgres' ? { databaseUrl: await createPostgresDatabase() } : {}
  const first = await startWorld(kind, { ...settings(), ...place, identityPoolGuestRole: 'guest' })
  const { arn, user } = await first.appInstance()
  await makeRoles(first, arn)
  const IdentityId = await idOf(first)
  expect(IdentityId).toMatch(/^eu-central-1:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  await first.identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: IdentityId, Name: 'Guest' })
  if (kind === 'sqlite') await first.app.close()
  const world = await startWorld(kind, {
    ...settings(),
    ...place,
    ...(kind === 'sqlite' && { data: first.folder }),
    identityPoolGuestRole: 'guest',
  })
  onTestFinished(async () => {
    await world.close()
    await first.close()
  })
  const getCredentials = async (id: string, Logins = {}) => ask(world, 'GetCredentialsForIdentity', { IdentityId: id, Logins })

  const { body } = await getCredentials(IdentityId)
  expect(body.IdentityId).toBe(IdentityId)
  expect(await actingAs(world, body, user(IdentityId))).toBe('allowed')
  expect(await actingAs(world, body, user('alice'))).toBe(denied)
  const more = await Promise.all(Array.from({ length: 50 }, async () => idOf(world)))
  expect(new Set(more).size).toBe(50)

  const invented = [
    ...Array.from({ length: 50 }, () => `eu-central-1:${crypto.randomUUID()}`),
    IdentityId.replace(/.$/, last => (last === '0' ? '1' : '0')),
    IdentityId.replace(/:./, start => (start === ':0' ? ':1' : ':0')),
    IdentityId.replace('eu-central-1', 'us-east-1'),
    IdentityId.replaceAll('-', ''),
    `${IdentityId}0`,
    'eu-central-1:0',
  ]
  for (const id of invented)
    expect(refused(await getCredentials(id))).toEqual([400, 'ResourceNotFoundException', `Identity '${id}' not found.`])
  const alice = await idOf(world, await login('alice'))
  expect(refused(await getCredentials(alice))).toEqual(notAuthorized(`Access to Identity '${alice}' is forbidden.`))

  // A guest who logs in gets the identity of the login, as where Amazon merges the two.
  const merged = await getCredentials(IdentityId, await login('alice'))
  expect(merged.body.IdentityId).toBe(alice)
})

/** The trust of a role that requires the claim `env`. */
const trustIn = (env: string) => ({
  oidc: { issuer: issuer.url, audiences: ['web'], condition: { StringEquals: { [`${provider}:env`]: env } } },
})

test('a role with conditions on claims is given only with them, and a change of it applies to the next call', async () => {
  const world = await startWorld('sqlite', settings())
  onTestFinished(() => world.close())
  const stages = ['first', 'second', 'third', 'fourth']
  const logins = new Map(await Promise.all(stages.map(async env => [env, await login('alice', { claims: { env } })] as const)))
  const IdentityId = await idOf(world, logins.get('first'))
  const outcome = async (env: string) => (await ask(world, 'GetCredentialsForIdentity', { IdentityId, Logins: logins.get(env) })).body.type
  const misconfigured = 'InvalidIdentityPoolConfigurationException'
  expect(await outcome('first')).toBe(misconfigured)
  await makeRole(world, 'chat', { trust: trustIn('first') })
  expect(await outcome('first')).toBeUndefined()
  for (const env of stages.slice(1)) {
    expect(await outcome(env)).toBe(misconfigured)
    await changeTheRole(world, 'chat', { trust: { principals: [], externalId: undefined, ...trustIn(env) } })
    expect(await outcome(env)).toBeUndefined()
  }
})

test('a role for guests must trust the guests of this pool', async () => {
  const world = await startWorld('sqlite', { identityPool: poolId, identityPoolGuestRole: 'guest' })
  onTestFinished(() => world.close())
  const IdentityId = await idOf(world)
  const outcome = async () => (await ask(world, 'GetCredentialsForIdentity', { IdentityId })).body.type
  expect(await outcome()).toBe('InvalidIdentityPoolConfigurationException')
  await makeRole(world, 'guest', { trust: { oidc: { ...guestTrust.oidc, audiences: [poolId.replace(/1$/, '2')] } } })
  expect(await outcome()).toBe('InvalidIdentityPoolConfigurationException')
  // A pool for guests only accepts no logins.
  expect(refused(await ask(world, 'GetId', { IdentityPoolId: poolId, Logins: await login('alice') }))).toEqual(
    notAuthorized('Token is not from a supported provider of this identity pool.'),
  )
})
