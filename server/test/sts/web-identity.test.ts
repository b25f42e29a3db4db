import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { usualPolicy } from '../../src/keys/usual-policy.ts'
import { makeRole, sts, type StsAnswer } from '../support/access.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, refusal, startWorld, type World } from '../support/world.ts'

const iamRoleArn = (name: string) => `arn:aws:iam::000000000000:role/${name}`

let issuer: OidcIssuer
let world: World
let app: { arn: string; user: (id: string) => string }

beforeAll(async () => {
  issuer = await OidcIssuer.start()
  world = await startWorld('sqlite', { oidcIssuer: issuer.url, oidcAudience: 'web,mobile' })
  app = await world.appInstance(['alice', 'bob', 'carol'])
  const trust = { oidc: { issuer: issuer.url, audiences: ['web'] } }
  const ofClaim = (claim: string) => usualPolicy(`${app.arn}/user/\${aws:PrincipalTag/${claim}}`)
  await makeRole(world, 'chat', { policy: ofClaim('sub'), trust, tags: ['sub', 'team', 'level'] })
  await makeRole(world, 'tagged', { policy: ofClaim('user'), trust, tags: ['user'] })
  const ofSubject = ofClaim('sub').replaceAll('aws:PrincipalTag/sub', 'cognito-identity.amazonaws.com:sub')
  await makeRole(world, 'subject', { policy: ofSubject, trust })
  await makeRole(world, 'keys-only', {})
  await makeRole(world, 'elsewhere', { trust: { oidc: { issuer: 'https://elsewhere.example.com', audiences: ['web'] } } })
})
afterAll(async () => {
  await world.close()
  await issuer.close()
})

const assume = async (WebIdentityToken: string, role = 'chat', more: Record<string, string> = {}): Promise<StsAnswer> =>
  sts(world.app, undefined, 'AssumeRoleWithWebIdentity', { RoleArn: iamRoleArn(role), RoleSessionName: 'web', WebIdentityToken, ...more })

async function mayActAs({ credentials }: StsAnswer, id: string) {
  const { messaging, identity } = clientsOf(world.app, credentials)
  try {
    await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: app.user(id) })
    return true
  } catch (error) {
    if ((error as Error).name !== 'AccessDeniedException') throw error
    return false
  } finally {
    messaging.destroy()
    identity.destroy()
  }
}

const tags = (principal_tags: object) => ({ claims: { 'https://aws.amazon.com/tags': { principal_tags } } })
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('AssumeRoleWithWebIdentity', () => {
  test('a login becomes credentials that act as the user of its claim sub, over REST and on a socket, and as nobody else', async () => {
    const answer = await assume(await issuer.token('alice', { claims: { team: 'red', level: 3, note: 'a note' } }))
    expect(answer.value('SubjectFromWebIdentityToken')).toBe('alice')
    expect(answer.value('Provider')).toBe(issuer.url)
    expect(answer.value('Audience')).toBe('web')
    expect(answer.value('Arn')).toBe('arn:aws:sts::000000000000:assumed-role/chat/web')
    expect(await mayActAs(answer, 'alice')).toBe(true)
    expect(await mayActAs(answer, 'bob')).toBe(false)
    await listen(world.app, app.user('alice'), { key: answer.credentials })
    const { identity } = clientsOf(world.app, answer.credentials)
    expect(await refusal(identity.describeAppInstanceUser({ AppInstanceUserArn: app.user('bob') }))).toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(
        'User: arn:aws:sts::000000000000:assumed-role/chat/web is not authorized to perform: chime:DescribeAppInstanceUser',
      ),
    })
    identity.destroy()
  })

  test("Amazon's claim of tags is used too, and must contain tags that the role accepts", async () => {
    const answer = await assume(await issuer.token('x', tags({ user: ['carol'] })), 'tagged')
    expect(await mayActAs(answer, 'carol')).toBe(true)
    expect(await mayActAs(answer, 'alice')).toBe(false)
    expect((await assume(await issuer.token('x', tags({ admin: ['true'] })), 'tagged')).value('Code')).toBe('AccessDenied')
    expect((await assume(await issuer.token('x', tags({ user: ['a', 'b'] })), 'tagged')).value('Code')).toBe('ValidationError')
    expect((await assume(await issuer.token('x', tags({ user: '${*}' })), 'tagged')).value('Code')).toBe('ValidationError')
  })

  test('a claim that could be a wildcard becomes no tag', async () => {
    for (const team of ['*', 'a*', '${x}', 'a|b', 'x'.repeat(257)]) {
      expect((await assume(await issuer.token('alice', { claims: { team } }))).value('Code')).toBe('AccessDenied')
    }
  })

  test("a subject that no ARN may contain is mapped to a user's id, in tags and in Amazon's variable alike, and is no wildcard", async () => {
    const { AppInstanceUserArn } = await world.identity.createAppInstanceUser({
      AppInstanceArn: app.arn,
      AppInstanceUserId: 'x:auth0:7Calice',
      Name: 'alice',
    })
    for (const role of ['chat', 'subject']) {
      const answer = await assume(await issuer.token('auth0|alice'), role)
      expect(answer.value('SubjectFromWebIdentityToken')).toBe('auth0|alice')
      expect(await mayActAs(answer, 'x:auth0:7Calice')).toBe(true)
      await listen(world.app, AppInstanceUserArn!, { key: answer.credentials })
      for (const sub of ['*', 'a*', '${x}', '?lice', 'x:auth0:7Calice', 'x'.repeat(257)]) {
        const other = await assume(await issuer.token(sub), role)
        expect(other.status).toBe(200)
        for (const user of ['alice', 'x:auth0:7Calice', 'bob']) expect(await mayActAs(other, user)).toBe(false)
      }
    }
  })

  test('only roles that accept tokens of this issuer for this audience are given, and the answer for others is that of a missing role', async () => {
    const token = await issuer.token('alice')
    const refusals = await Promise.all(['keys-only', 'elsewhere', 'nobody'].map(role => assume(token, role)))
    refusals.push(await assume(await issuer.token('alice', { audience: 'mobile' })))
    for (const answer of refusals) {
      expect(answer.status).toBe(403)
      expect(answer.value('Message')).toBe('Not authorized to perform sts:AssumeRoleWithWebIdentity')
      expect(answer.value('Reason')).toBe(refusals[0]!.value('Reason'))
    }
    expect((await assume(await issuer.token('alice', { audience: ['api', 'web'] }))).status).toBe(200)
    expect((await assume(token, 'chat', { DurationSeconds: '3601' })).value('Code')).toBe('ValidationError')
  })

  test('a role accepts a token only if its claims meet the condition, and a refusal does not say which claim', async () => {
    const provider = issuer.url.replace('http://', '')
    const oidc = { issuer: issuer.url, audiences: ['web'] }
    const condition = {
      StringLike: { [`${provider}:sub`]: ['prod|*', 'alice'] },
      StringEquals: { [`${provider}:aud`]: 'web', [`${provider}:https://example.com/groups`]: 'staff' },
      StringNotEqualsIfExists: { [`${provider}:env`]: 'development' },
      Bool: { [`${provider}:email_verified`]: 'true' },
      NumericGreaterThanEquals: { [`${provider}/:level`]: 3 },
      Null: { [`${provider}:impersonator`]: true },
    }
    await makeRole(world, 'production', { trust: { oidc: { ...oidc, condition } }, tags: ['sub'] })
    const good = { 'https://example.com/groups': ['staff', 'admins'], email_verified: true, level: 3, env: 'production' }
    const token = async (sub: string, claims: object = {}, audience: string | string[] = 'web') =>
      assume(await issuer.token(sub, { claims: { ...good, ...claims }, audience }), 'production')
    for (const answer of [
      await token('alice'),
      await token('prod|bob'),
      await token('alice', { env: undefined }),
      await token('alice', {}, ['mobile', 'web']),
      await token('alice', { 'https://example.com/groups': 'staff' }),
    ])
      expect(answer.status).toBe(200)
    const noRole = await assume(await issuer.token('alice'), 'nobody')
    for (const answer of [
      await token('bob'),
      await token('dev|alice'),
      await token('alice', { env: 'development' }),
      await token('alice', { env: ['production', 'development'] }),
      await token('alice', { level: 2 }),
      await token('alice', { level: undefined }),
      await token('alice', { level: [] }),
      await token('alice', { email_verified: false }),
      await token('alice', { email_verified: { value: true } }),
      await token('alice', { 'https://example.com/groups': ['customers'] }),
      await token('alice', { 'https://example.com/groups': undefined }),
      await token('alice', { impersonator: 'mallory' }),
    ]) {
      expect([answer.status, answer.value('Code')]).toEqual([403, 'AccessDenied'])
      expect(answer.value('Reason')).toBe(noRole.value('Reason'))
    }
  })

  test('invalid tokens are refused', async () => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { sub: 'alice', iss: issuer.url, aud: 'web', iat: now, exp: now + 600 }
    const good = await issuer.token('alice')
    const [head = '', body = '', signature = ''] = good.split('.')
    const other = await OidcIssuer.start()
    const publicKey = await importJWK(issuer.publicKey, 'RS256')
    const shared = (secret: string) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: issuer.publicKey.kid! }).sign(new TextEncoder().encode(secret))
    const invalid: Record<string, string> = {
      'the algorithm none': new UnsecuredJWT(claims).encode(),
      'none with a signature': `${encoded({ alg: 'none' })}.${body}.${signature}`,
      'HS256 with the public key (PEM)': await shared(await exportSPKI(publicKey as Parameters<typeof exportSPKI>[0])),
      'HS256 with the public key (JWK)': await shared(JSON.stringify(issuer.publicKey)),
      'HS256 with the modulus': await shared(issuer.publicKey.n!),
      'another audience': await issuer.token('alice', { audience: 'other' }),
      'no audience': await issuer.token('alice', { audience: [] }),
      'another issuer': await issuer.token('alice', { issuer: 'https://elsewhere.example.com' }),
      'the issuer with a slash': await issuer.token('alice', { issuer: `${issuer.url}/` }),
      'not yet': await issuer.token('alice', { notBefore: 600 }),
      'an unknown key': await issuer.token('alice', { header: { kid: 'unknown' } }),
      'keys of the attacker (jku)': await other.token('alice', { issuer: issuer.url, header: { jku: `${other.url}/keys` } }),
      'a certificate of the attacker (x5u)': await other.token('alice', { issuer: issuer.url, header: { x5u: `${other.url}/keys` } }),
      'a key that it brings (jwk)': await other.token('alice', {
        issuer: issuer.url,
        header: { jwk: other.publicKey, kid: issuer.publicKey.kid! },
      }),
      'a critical extension': await issuer.token('alice', { header: { crit: ['x'], x: 1 } }).catch(() => 'a.b.c'),
      'another subject after signing': `${head}.${encoded({ ...claims, sub: 'bob' })}.${signature}`,
      'half a signature': good.slice(0, -20),
      'no token': 'abcd',
      'a token in five parts': `${good}.x.y`,
      'no subject': await issuer.token(''),
    }
    for (const [what, token] of Object.entries(invalid)) {
      const answer = await assume(token)
      expect({ what, status: answer.status, code: answer.value('Code') }).toEqual({ what, status: 400, code: 'InvalidIdentityToken' })
      expect(answer.text).not.toContain(body)
    }
    expect((await assume(await issuer.token('alice', { expires: -60 }))).value('Code')).toBe('ExpiredTokenException')
    expect((await assume(await issuer.token('alice', { claims: { x: 'x'.repeat(20_000) } }))).value('Code')).toBe('ValidationError')
    expect((await assume('a'.repeat(30_000))).value('Code')).toBe('ValidationError')
    const huge = await assume('a'.repeat(1_000_000))
    expect([huge.status, huge.value('Code')]).toEqual([413, 'RequestEntityTooLarge'])
    expect(other.asked).toBe(0)
    await other.close()
  })

  test('a key that the issuer has rotated to is found, and the issuer is not requested for each token', async () => {
    await expect.poll(async () => (await assume(await issuer.token('alice'))).status).toBe(200)
    const before = issuer.asked
    await Promise.all(Array.from({ length: 20 }, async () => assume(await issuer.token('alice', { header: { kid: 'unknown' } }))))
    expect(issuer.asked - before).toBeLessThanOrEqual(1)
    await issuer.rotate('ES256')
    await expect.poll(async () => (await assume(await issuer.token('alice'))).status).toBe(200)
    expect(issuer.asked - before).toBeLessThanOrEqual(4)
  })
})
