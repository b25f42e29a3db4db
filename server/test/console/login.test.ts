import { hash } from 'node:crypto'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { allowing, makeRole } from '../support/access.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { clientsOf, startWorld, type World } from '../support/world.ts'

const issuer = await OidcIssuer.start()
afterAll(() => issuer.close())

const [verifier, nonce] = ['v'.repeat(43), 'a nonce']

/** A server whose operators log in at the issuer; those of the group `ops` may list app instances. */
async function start(settings: Record<string, string> = {}, surroundings: Parameters<typeof startWorld>[2] = {}) {
  const own = { oidcIssuer: issuer.url, oidcAudience: 'web', consoleClient: 'console', consoleRole: 'operators', ...settings }
  const world = await startWorld('sqlite', own, surroundings)
  onTestFinished(() => world.close())
  const condition = { StringEquals: { [`${new URL(issuer.url).host}:groups`]: 'ops' } }
  const oidc = { issuer: issuer.url, audiences: ['console'], condition }
  await makeRole(world, 'operators', { policy: allowing(['chime:ListAppInstances', '*']), trust: { oidc }, longestSeconds: 900 })
  return world
}

interface Answer {
  readonly Credentials?: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string; Expiration: string }
  readonly Message?: string
  readonly Reason?: string
}

const returnTo = ({ app }: World) => `${app.url}/console/signed-in`

/** Logs in at the issuer as the page does; returns the code. */
async function codeOf(world: World, change: Record<string, string> = {}) {
  const described = (await (await fetch(`${world.app.url}/console/login`)).json()) as { AuthorizationEndpoint: string; ClientId: string }
  const url = new URL(described.AuthorizationEndpoint)
  const asked = {
    response_type: 'code',
    client_id: described.ClientId,
    redirect_uri: returnTo(world),
    scope: 'openid email',
    state: 'state',
    nonce,
    code_challenge: hash('sha256', verifier, 'base64url'),
    code_challenge_method: 'S256',
    ...change,
  }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  const { headers } = await fetch(url, { redirect: 'manual' })
  return new URL(headers.get('location')!).searchParams.get('code')!
}

async function enter(world: World, Code: string, change: Record<string, string> = {}) {
  const body = JSON.stringify({ Code, Verifier: verifier, Nonce: nonce, RedirectUri: returnTo(world), ...change })
  const response = await fetch(`${world.app.url}/console/login`, { method: 'POST', body })
  return { status: response.status, ...((await response.json()) as Answer) }
}

const operator = { sub: 'olga', claims: { groups: ['staff', 'ops'], email: 'olga@example.com', email_verified: true } }

test('an operator who logs in at the issuer gets temporary credentials of the role, under the name of the login', async () => {
  issuer.login = operator
  const world = await start()
  const { status, Credentials } = await enter(world, await codeOf(world))
  expect(status).toBe(200)
  expect(new Date(Credentials!.Expiration).getTime() - Date.now()).toBeLessThan(901_000)
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = Credentials!
  const { identity, carillon } = clientsOf(world.app, { accessKeyId, secretAccessKey, sessionToken })
  await identity.listAppInstances({})
  await expect(carillon.call('ListRecentCalls', {})).rejects.toMatchObject({ name: 'AccessDeniedException' })
  const { RecentCalls } = await world.carillon.call('ListRecentCalls', {})
  const principal = 'arn:aws:sts::000000000000:assumed-role/operators/olga@example.com'
  expect(RecentCalls!.find(({ OperationName }) => OperationName === 'ListAppInstances')!.PrincipalArn).toBe(principal)
})

test('a login that the role does not trust, or that another browser has begun, signs in nobody', async () => {
  const world = await start()
  issuer.login = { ...operator, claims: { groups: ['staff'] } }
  expect(await enter(world, await codeOf(world))).toMatchObject({ status: 403, Reason: expect.stringContaining('does not accept tokens') })
  issuer.login = operator
  const refused = { status: 401, Message: 'The login is not complete' }
  const used = await codeOf(world)
  expect((await enter(world, used)).status).toBe(200)
  expect(await enter(world, used)).toMatchObject({ ...refused, Reason: expect.stringContaining('invalid_grant') })
  expect(await enter(world, 'guessed')).toMatchObject(refused)
  expect(await enter(world, await codeOf(world), { Verifier: 'w'.repeat(43) })).toMatchObject(refused)
  expect(await enter(world, await codeOf(world), { Nonce: 'another' })).toMatchObject(refused)
  const otherClient = await codeOf(world, { client_id: 'chat' })
  expect(await enter(world, otherClient)).toMatchObject(refused)
  for (const RedirectUri of ['https://evil.example.com/console/signed-in', `${world.app.url}/console`, 'x'])
    expect(await enter(world, 'any', { RedirectUri })).toMatchObject({ status: 400, Message: 'The RedirectUri is not valid' })
})

test('a token for another client of the issuer does not sign in, although its signature is valid', async () => {
  issuer.login = { ...operator, audience: 'web' }
  const world = await start()
  expect((await enter(world, await codeOf(world))).status).toBe(401)
})

test('a client with a secret shows it to the issuer', async () => {
  issuer.login = operator
  issuer.secret = 's3cret'
  onTestFinished(() => void (issuer.secret = undefined))
  const [right, wrong] = [await start({ consoleClientSecret: 's3cret' }), await start({ consoleClientSecret: 'another' })]
  expect((await enter(right, await codeOf(right))).status).toBe(200)
  expect((await enter(wrong, await codeOf(wrong))).status).toBe(401)
})

test('without a configured client there is no login, and the page says when the issuer cannot be reached', async () => {
  const world = await startWorld('sqlite')
  expect(await (await fetch(`${world.app.url}/console/login`)).json()).toEqual({})
  expect(await enter(world, 'any')).toMatchObject({ status: 400, Message: 'Logins are not configured' })
  await world.close()
  const away = await start({ oidcIssuer: 'http://127.0.0.1:9' })
  const response = await fetch(`${away.app.url}/console/login`)
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('cannot be used at the moment')])
})

test('logins at the issuer and codes of links share one rate for each address', async () => {
  // A clock that does not move fills no bucket.
  const now = Date.now()
  const world = await start({}, { now: () => now })
  const tried = async () => (await enter(world, 'guessed')).status
  const linked = async () => (await fetch(`${world.app.url}/console/session`, { method: 'POST', body: '{"Code":"x"}' })).status
  const statuses = await Promise.all(Array.from({ length: 40 }, async (_, index) => (index % 2 ? tried() : linked())))
  expect([401, 429].map(each => statuses.filter(status => status === each).length)).toEqual([10, 30])
})
