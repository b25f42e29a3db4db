import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { usualPolicy } from '../../src/keys/usual-policy.ts'
import { changeTheRole, makeRole } from '../support/access.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { createPostgresDatabase, clientsOf, databaseKinds, refusal, startWorld, type World } from '../support/world.ts'

const origin = 'https://chat.example.com'

interface Given {
  readonly ChimeAppInstanceUserArn: string
  readonly ChimeUserId: string
  readonly ChimeDisplayName: string
  readonly ChimeCredentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string; Expiration: string }
}

const exchange = async ({ app }: World, authorization: string) =>
  fetch(`${app.url}/creds`, { method: 'POST', headers: { origin, ...(authorization && { authorization }) } })

/** A server of one app instance whose users come from an issuer: it is started twice, since the setting names the app instance. */
async function exchanging(kind: (typeof databaseKinds)[number], settings: Record<string, string> = {}) {
  const issuer = await OidcIssuer.start()
  const place: Record<string, string> = kind === 'postgres' ? { databaseUrl: await createPostgresDatabase() } : {}
  const first = await startWorld(kind, place)
  const { arn } = await first.appInstance(['known'])
  const own = { oidcIssuer: issuer.url, oidcAudience: 'web', exchangeRole: 'chat', exchangeAppInstance: arn, ...settings }
  const world = await startWorld(kind, { ...place, ...(kind === 'sqlite' && { data: first.folder }), ...own })
  const policy = usualPolicy(`${arn}/user/\${aws:PrincipalTag/UserUUID}`)
  const trust = { oidc: { issuer: issuer.url, audiences: ['web'] } }
  await makeRole(world, 'chat', { policy, trust, tags: ['UserUUID'] })
  return {
    issuer,
    world,
    arn,
    close: async () => {
      await world.close()
      await first.close()
      await issuer.close()
    },
  }
}

test.each(databaseKinds)(
  "a login is exchanged for credentials of its user, who is created, as Amazon's chat demo does, on %s",
  async kind => {
    const { issuer, world, arn, close } = await exchanging(kind)
    const token = await issuer.token('us-east-1:alice', { claims: { name: 'Alice Ä.' } })
    const answer = await exchange(world, `Bearer ${token}`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const given = (await answer.json()) as Given
    const ChimeBearer = `${arn}/user/us-east-1:alice`
    expect(given).toMatchObject({ ChimeAppInstanceUserArn: ChimeBearer, ChimeUserId: 'us-east-1:alice', ChimeDisplayName: 'Alice Ä.' })
    expect(Date.parse(given.ChimeCredentials.Expiration)).toBeGreaterThan(Date.now() + 3_500_000)

    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = given.ChimeCredentials
    const { messaging, identity } = clientsOf(world.app, { accessKeyId, secretAccessKey, sessionToken })
    await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', ChimeBearer })
    const { AppInstanceUser } = await identity.describeAppInstanceUser({ AppInstanceUserArn: ChimeBearer })
    expect(AppInstanceUser!.Name).toBe('Alice Ä.')
    await expect(messaging.listChannels({ AppInstanceArn: arn, ChimeBearer: `${arn}/user/known` })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    messaging.destroy()
    identity.destroy()

    // The demo writes the token in base64; several concurrent logins make one user, whose name stays the first.
    const again = await Promise.all([1, 2, 3].map(() => exchange(world, `Bearer ${Buffer.from(token).toString('base64')}`)))
    for (const each of again)
      expect(await each.json()).toMatchObject({ ChimeAppInstanceUserArn: ChimeBearer, ChimeDisplayName: 'Alice Ä.' })
    const known = (await (await exchange(world, `Bearer ${await issuer.token('known', { claims: { name: 'Other' } })}`)).json()) as Given
    expect(known.ChimeDisplayName).toBe('known')
    await close()
  },
)

test('a login whose subject is no valid user id acts as the user of its mapped id, and as nobody else', async () => {
  const { issuer, world, arn, close } = await exchanging('sqlite')
  const ids = {
    'auth0|5f7c8ec7c33c6c004bbafe82': 'x:auth0:7C5f7c8ec7c33c6c004bbafe82',
    '_Hq3-entra': 'x:_Hq3-entra',
    '-Hq3_': 'x:-Hq3:5F',
    'x:_Hq3-entra': 'x:x:3A_Hq3-entra',
    'ä ☃': 'x::C3:A4:20:E2:98:83',
    ['z'.repeat(65)]: 'sha256:k5uf6xsd3wwbkz7u2qcmgv6ejovxa5clrnvpmaexma4jc4gfybra',
  }
  for (const [sub, id] of Object.entries(ids)) {
    const answer = await exchange(world, `Bearer ${await issuer.token(sub)}`)
    const given = (await answer.json()) as Given
    expect(given).toMatchObject({ ChimeAppInstanceUserArn: `${arn}/user/${id}`, ChimeUserId: id })
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = given.ChimeCredentials
    const { messaging, identity } = clientsOf(world.app, { accessKeyId, secretAccessKey, sessionToken })
    await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', ChimeBearer: given.ChimeAppInstanceUserArn })
    for (const other of Object.values(ids).filter(each => each !== id))
      expect(await refusal(messaging.listChannels({ AppInstanceArn: arn, ChimeBearer: `${arn}/user/${other}` }))).toMatchObject({
        name: 'AccessDeniedException',
      })
    messaging.destroy()
    identity.destroy()
  }
  await close()
})

test('a role with conditions on claims gives nothing for a login without them', async () => {
  const { issuer, world, close } = await exchanging('sqlite')
  const condition = { StringEquals: { [`${issuer.url.replace('http://', '')}:env`]: 'production' } }
  await changeTheRole(world, 'chat', {
    trust: { principals: [], oidc: { issuer: issuer.url, audiences: ['web'], condition }, externalId: undefined },
  })
  const status = async (claims: Record<string, string>) =>
    (await exchange(world, `Bearer ${await issuer.token('known', { claims })}`)).status
  expect(await status({ env: 'production' })).toBe(200)
  expect(await status({ env: 'development' })).toBe(403)
  expect(await status({})).toBe(403)
  await close()
})

test("the operator's claim becomes the user, and a login without it is refused", async () => {
  const { issuer, world, arn, close } = await exchanging('sqlite', { userClaim: 'oid' })
  const answer = await exchange(world, `Bearer ${await issuer.token('pairwise', { claims: { oid: '_7b2-e4', name: 'Entra' } })}`)
  expect(await answer.json()).toMatchObject({ ChimeAppInstanceUserArn: `${arn}/user/x:_7b2-e4`, ChimeDisplayName: 'Entra' })
  for (const oid of [undefined, '', ['a'], true, null]) {
    const refused = await exchange(world, `Bearer ${await issuer.token('pairwise', { claims: { oid } })}`)
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({
      Reason: "The claim oid, which --user-claim names as the user's id, must be a text or a number in the token.",
    })
  }
  const { AppInstanceUsers } = await world.identity.listAppInstanceUsers({ AppInstanceArn: arn })
  expect(AppInstanceUsers).toHaveLength(2)
  await close()
})

test('an invalid login is refused, so that a browser can read it, and no user is created', async () => {
  const { issuer, world, arn, close } = await exchanging('sqlite', { exchangeUsers: 'off' })
  const status = async (authorization: string) => {
    const answer = await exchange(world, authorization)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    return [answer.status, answer.headers.get('x-amzn-errortype')]
  }
  const unauthorized = [401, 'UnauthorizedClientException']
  expect(await status('')).toEqual(unauthorized)
  expect(await status('Basic x')).toEqual(unauthorized)
  expect(await status('Bearer abc')).toEqual(unauthorized)
  expect(await status(`Bearer ${await issuer.token('known', { expires: -60 })}`)).toEqual(unauthorized)
  expect(await status(`Bearer ${await issuer.token('known', { audience: 'other' })}`)).toEqual(unauthorized)
  expect(await status(`Bearer ${await issuer.token('a b')}`)).toEqual([403, 'ForbiddenException'])
  expect(await status(`Bearer ${await issuer.token('somebody-new')}`)).toEqual([403, 'ForbiddenException'])
  expect(await status(`Bearer ${await issuer.token('known')}`)).toEqual([200, null])
  const { AppInstanceUsers } = await world.identity.listAppInstanceUsers({ AppInstanceArn: arn })
  expect(AppInstanceUsers).toHaveLength(1)

  const preflight = await fetch(`${world.app.url}/creds`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST' },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
  expect(preflight.headers.get('access-control-allow-credentials')).toBe('true')
  const elsewhere = await fetch(`${world.app.url}/channels`, { method: 'OPTIONS', headers: { origin } })
  expect(elsewhere.headers.get('access-control-allow-origin')).toBe('*')
  expect(elsewhere.headers.get('access-control-allow-credentials')).toBeNull()
  await close()
})

test('there is no exchange unless it is configured', async () => {
  const world = await startWorld('sqlite')
  const answer = await exchange(world, 'Bearer x')
  expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([404, 'UnknownOperationException'])
  await world.close()
})

test('an exchange hook decides whose login it is: it receives the header unchanged, and its answer is used', async () => {
  const asked: (string | undefined)[] = []
  let answer = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    response.end(JSON.stringify({ sub: 'alice', name: 'Alice' }))
  }
  const hook = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1')
  onTestFinished(() => void hook.close())
  await once(hook, 'listening')
  const exchangeHook = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/login`
  const first = await startWorld('sqlite')
  const { arn } = await first.appInstance()
  const world = await startWorld('sqlite', { data: first.folder, exchangeHook, exchangeRole: 'chat', exchangeAppInstance: arn })
  const policy = usualPolicy(`${arn}/user/\${aws:PrincipalTag/sub}`)
  await makeRole(world, 'chat', { policy, trust: { oidc: { issuer: exchangeHook, audiences: ['exchange'] } }, tags: ['sub'] })

  const given = (await (await exchange(world, 'Session opaque token')).json()) as Given
  expect(given).toMatchObject({ ChimeAppInstanceUserArn: `${arn}/user/alice`, ChimeUserId: 'alice', ChimeDisplayName: 'Alice' })
  expect(asked).toEqual(['POST /login Session opaque token'])
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = given.ChimeCredentials
  const { messaging } = clientsOf(world.app, { accessKeyId, secretAccessKey, sessionToken })
  await messaging.listChannels({ AppInstanceArn: arn, ChimeBearer: `${arn}/user/alice` })
  await expect(messaging.listChannels({ AppInstanceArn: arn, ChimeBearer: `${arn}/user/bob` })).rejects.toMatchObject({
    name: 'AccessDeniedException',
  })
  messaging.destroy()

  const statusAfter = async (next: typeof answer, authorization = 'x') => {
    answer = next
    return (await exchange(world, authorization)).status
  }
  const says =
    (status: number, body = '') =>
    (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(status, status === 302 ? { location: exchangeHook } : {}).end(body)
    }
  expect(await statusAfter(says(200, '{"sub":"bob"}'), '')).toBe(401)
  expect(await statusAfter(says(401))).toBe(401)
  expect(await statusAfter(says(403))).toBe(401)
  for (const body of ['', 'null', '[]', '{"sub":7}', '{"sub":""}', 'x'.repeat(300_000)])
    expect(await statusAfter(says(200, body))).toBe(503)
  expect(await statusAfter(says(302))).toBe(503)
  expect(await statusAfter(says(500))).toBe(503)
  expect(await statusAfter((_, response) => response.destroy())).toBe(503)
  await world.close()
  await first.close()
})
