import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { array, assert, asyncProperty, constantFrom, oneof, string, tuple, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changeAccessKey, removeAccessKey } from '../../src/keys/access-keys.ts'
import { removeIamRole } from '../../src/keys/iam-roles.ts'
import { usualPolicy } from '../../src/keys/usual-policy.ts'
import { allowing, changeTheRole, followed, makeKey, makeRole, sts } from '../support/access.ts'
import { temporaryFolder } from '../support/process.ts'
import type { SigningKey } from '../support/signed.ts'
import { Listening, listen, presignedUrl } from '../support/sockets.ts'
import { clientsOf, onBothDatabases, refusal, startWorld, type World } from '../support/world.ts'

const session = { RoleSessionName: 'a-session' }
const tag = (Key: string, Value: string) => ({ 'Tags.member.1.Key': Key, 'Tags.member.1.Value': Value })
const iamRoleArn = (name: string) => `arn:aws:iam::000000000000:role/${name}`

/** A role whose sessions may act as the user whom the tag names. */
async function chatRole(world: World, name: string, users: readonly string[] = ['alice', 'bob']) {
  const { arn, user } = await world.appInstance(users)
  const policy = usualPolicy(`${arn}/user/\${aws:PrincipalTag/UserUUID}`)
  return { arn, user, role: await makeRole(world, name, { policy, tags: ['UserUUID'] }) }
}

/** The outcome of sending a message as a user. */
async function channels(world: World, key: SigningKey, ChimeBearer: string): Promise<number | { name: string; status: number }> {
  const { messaging, identity } = clientsOf(world.app, key)
  try {
    const { ChannelMemberships = [] } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer })
    return ChannelMemberships.length
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata: { httpStatusCode: number } }
    return { name, status: $metadata.httpStatusCode }
  } finally {
    messaging.destroy()
    identity.destroy()
  }
}

const closedWith = async (url: string) => new Listening(url).closed

onBothDatabases('AssumeRole', world => {
  test('with a session tag gives credentials that act as that user, over REST and on a socket, and as nobody else', async () => {
    const { arn, user, role } = await chatRole(world(), 'chat')
    const answer = await sts(world().app, world().app.rootKey, 'AssumeRole', { RoleArn: role, ...session, ...tag('UserUUID', 'alice') })
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.headers.get('content-type')).toBe('text/xml')
    expect(answer.value('Arn')).toBe('arn:aws:sts::000000000000:assumed-role/chat/a-session')
    expect(answer.value('AssumedRoleId')).toMatch(/^AROA[A-Z2-7]{16}:a-session$/)
    expect(Date.parse(answer.value('Expiration')!) - Date.now()).toBeGreaterThan(3_590_000)
    const { credentials } = answer
    expect(credentials.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)

    expect(await channels(world(), credentials, user('alice'))).toBe(0)
    expect(await channels(world(), credentials, user('bob'))).toEqual({ name: 'AccessDeniedException', status: 403 })
    const { identity, messaging } = clientsOf(world().app, credentials)
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', ChimeBearer: user('alice') })
    const { events } = await listen(world().app, user('alice'), { key: credentials })
    await messaging.sendChannelMessage({
      ChannelArn,
      ChimeBearer: user('alice'),
      Content: 'x',
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
    })
    await expect.poll(() => events.at(-1)?.type).toBe('CREATE_CHANNEL_MESSAGE')
    expect(await closedWith(await presignedUrl(world().app, user('bob'), { key: credentials }))).toMatchObject({ code: 4401 })
    expect(await refusal(identity.deleteAppInstance({ AppInstanceArn: arn }))).toMatchObject({ name: 'AccessDeniedException' })
    expect(await refusal(identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'eve', Name: 'eve' }))).toMatchObject({
      name: 'AccessDeniedException',
    })
    identity.destroy()
    messaging.destroy()
  })

  test('a disabled, deleted or changed key or role ends its sessions within seconds, sockets too', async () => {
    const { user, role } = await chatRole(world(), 'ending')
    const key = await makeKey(world(), allowing(['sts:*', role]))
    await changeTheRole(world(), 'ending', { trust: { principals: [key.accessKeyId], oidc: undefined, externalId: undefined } })
    const assumed = async () =>
      (await sts(world().app, key, 'AssumeRole', { RoleArn: role, ...session, ...tag('UserUUID', 'alice') })).credentials
    const first = await assumed()
    const socket = await listen(world().app, user('alice'), { key: first })
    const start = Date.now()
    await changeAccessKey(world().app.db, key.accessKeyId, () => ({ disabledAt: Date.now() }))
    expect(await socket.closed).toEqual({ code: 4401, reason: 'Unauthorized: the access key is no longer valid' })
    expect(Date.now() - start).toBeLessThan(10_000)
    expect(await channels(world(), first, user('alice'))).toEqual({ name: 'UnrecognizedClientException', status: 403 })
    expect((await sts(world().app, key, 'GetCallerIdentity')).value('Code')).toBe('InvalidClientTokenId')

    await changeAccessKey(world().app.db, key.accessKeyId, () => ({ disabledAt: undefined }))
    await followed(world())
    expect(await channels(world(), first, user('alice'))).toBe(0)
    await changeTheRole(world(), 'ending', { policy: allowing(['chime:Nothing', '*']) })
    expect(await channels(world(), first, user('alice'))).toEqual({ name: 'AccessDeniedException', status: 403 })
    await changeTheRole(world(), 'ending', { policy: allowing(['*', '*']) })
    const again = await listen(world().app, user('alice'), { key: first })
    await removeIamRole(world().app.db, 'ending')
    expect(await again.closed).toMatchObject({ code: 4401 })
    await makeRole(world(), 'ending', {})
    expect(await channels(world(), first, user('alice'))).toEqual({ name: 'UnrecognizedClientException', status: 403 })
    await removeAccessKey(world().app.db, key.accessKeyId)
    await followed(world())
    expect((await sts(world().app, key, 'GetCallerIdentity')).value('Code')).toBe('InvalidClientTokenId')
  })

  test('checks the trust of the role, the policies of the caller, ExternalId and tags', async () => {
    const named = await makeKey(world(), allowing(['chime:*', '*']))
    const allowed = await makeKey(world(), allowing(['sts:AssumeRole', iamRoleArn('open')]))
    const forbidding = await makeKey(
      world(),
      JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Deny', Action: 'sts:*', Resource: '*' } }),
    )
    const principals = [named.accessKeyId, `arn:aws:iam::000000000000:user/${forbidding.name}`]
    await makeRole(world(), 'closed', { trust: { principals, externalId: 'a-partner' }, tags: ['team'] })
    await makeRole(world(), 'open', { trust: { principals: ['arn:aws:iam::000000000000:root'] } })
    const assume = async (key: SigningKey, name: string, more: Record<string, string> = {}) => {
      const answer = await sts(world().app, key, 'AssumeRole', { RoleArn: iamRoleArn(name), ...session, ...more })
      return answer.value('Code') ?? answer.status
    }
    const partner = { ExternalId: 'a-partner' }
    expect(await assume(named, 'closed', partner)).toBe(200)
    expect(await assume(named, 'closed', { ...partner, ...tag('team', 'x') })).toBe(200)
    expect(await assume(named, 'closed', { ...partner, ...tag('other', 'x') })).toBe('AccessDenied')
    expect(await assume(named, 'closed')).toBe('AccessDenied')
    expect(await assume(named, 'closed', { ExternalId: 'another' })).toBe('AccessDenied')
    expect(await assume(allowed, 'closed', partner)).toBe('AccessDenied')
    expect(await assume(forbidding, 'closed', partner)).toBe('AccessDenied')
    expect(await assume(world().app.rootKey, 'closed', partner)).toBe(200)
    expect(await assume(allowed, 'open')).toBe(200)
    expect(await assume(named, 'open')).toBe('AccessDenied')
    expect(await assume(world().app.rootKey, 'nobody')).toBe('AccessDenied')
  })

  test('a session policy narrows a session, and roles are assumed one after another with transitive tags', async () => {
    const { user } = await world().appInstance(['alice', 'bob'])
    const first = await makeRole(world(), 'first', { tags: ['*'] })
    const second = await makeRole(world(), 'second', {
      policy: allowing(['chime:*', user('${aws:PrincipalTag/who}')]),
      trust: { principals: [first] },
      tags: ['who'],
    })
    const Policy = allowing([
      ['chime:ListChannelMembershipsForAppInstanceUser', 'sts:*'],
      [user('alice'), second],
    ])
    const narrow = await sts(world().app, world().app.rootKey, 'AssumeRole', { RoleArn: first, ...session, Policy })
    expect(await channels(world(), narrow.credentials, user('alice'))).toBe(0)
    expect(await channels(world(), narrow.credentials, user('bob'))).toEqual({ name: 'AccessDeniedException', status: 403 })

    const transitive = { ...tag('who', 'bob'), 'TransitiveTagKeys.member.1': 'who' }
    const tagged = await sts(world().app, world().app.rootKey, 'AssumeRole', { RoleArn: first, ...session, ...transitive })
    const chained = await sts(world().app, tagged.credentials, 'AssumeRole', { RoleArn: second, RoleSessionName: 'further' })
    expect(await channels(world(), chained.credentials, user('bob'))).toBe(0)
    expect(await channels(world(), chained.credentials, user('alice'))).toEqual({ name: 'AccessDeniedException', status: 403 })
    const other = await sts(world().app, tagged.credentials, 'AssumeRole', { RoleArn: second, ...session, ...tag('who', 'alice') })
    expect(other.value('Code')).toBe('ValidationError')
    await removeIamRole(world().app.db, 'first')
    await followed(world())
    expect(await channels(world(), chained.credentials, user('bob'))).toEqual({ name: 'UnrecognizedClientException', status: 403 })
  })

  test("GetSessionToken and GetFederationToken return credentials within the caller's policies, and GetCallerIdentity names each principal", async () => {
    const { user } = await world().appInstance(['alice', 'bob'])
    const key = await makeKey(world(), allowing(['chime:*', user('*')], ['sts:GetFederationToken', '*']), 'backend')
    const of = async (signing: SigningKey) => (await sts(world().app, signing, 'GetCallerIdentity')).value('Arn')
    expect(await of(world().app.rootKey)).toBe('arn:aws:iam::000000000000:root')
    expect(await of(key)).toBe('arn:aws:iam::000000000000:user/backend')

    const { credentials: own } = await sts(world().app, key, 'GetSessionToken', { DurationSeconds: '900' })
    expect(await of(own)).toBe('arn:aws:iam::000000000000:user/backend')
    expect(await channels(world(), own, user('bob'))).toBe(0)
    expect((await sts(world().app, own, 'GetSessionToken')).value('Code')).toBe('AccessDenied')

    const Policy = allowing(['chime:*', user('alice')], ['chime:*', 'arn:aws:chime:us-east-1:000000000000:app-instance/other/*'])
    const { credentials: federated } = await sts(world().app, key, 'GetFederationToken', { Name: 'alice', Policy })
    expect(await of(federated)).toBe('arn:aws:sts::000000000000:federated-user/alice')
    expect(await channels(world(), federated, user('alice'))).toBe(0)
    expect(await channels(world(), federated, user('bob'))).toEqual({ name: 'AccessDeniedException', status: 403 })
    const { credentials: powerless } = await sts(world().app, key, 'GetFederationToken', { Name: 'nobody' })
    expect(await channels(world(), powerless, user('alice'))).toEqual({ name: 'AccessDeniedException', status: 403 })
    const { credentials: ofRoot } = await sts(world().app, world().app.rootKey, 'GetFederationToken', { Name: 'alice', Policy })
    expect(await channels(world(), ofRoot, user('alice'))).toBe(0)
    expect(await channels(world(), ofRoot, user('bob'))).toEqual({ name: 'AccessDeniedException', status: 403 })
    expect((await sts(world().app, federated, 'GetFederationToken', { Name: 'more' })).value('Code')).toBe('AccessDenied')
  })

  test('credentials of GetFederationToken call no operation of STS but GetCallerIdentity, whatever their policies allow', async () => {
    const key = await makeKey(world(), allowing(['*', '*']))
    const RoleArn = await makeRole(world(), 'for-all', { trust: { principals: ['arn:aws:iam::000000000000:root'] } })
    const Policy = allowing(['*', '*'])
    for (const signing of [key, world().app.rootKey]) {
      const { credentials } = await sts(world().app, signing, 'GetFederationToken', { Name: 'alice', Policy })
      const code = async (action: string, parameters: Record<string, string>) => {
        const answer = await sts(world().app, credentials, action, parameters)
        return answer.value('Code') ?? answer.status
      }
      expect(await code('AssumeRole', { RoleArn, ...session })).toBe('AccessDenied')
      expect(await code('GetFederationToken', { Name: 'more', Policy })).toBe('AccessDenied')
      expect(await code('GetSessionToken', {})).toBe('AccessDenied')
      expect(await code('GetCallerIdentity', {})).toBe(200)
    }
    const { credentials: ofSession } = await sts(world().app, key, 'GetSessionToken')
    const { credentials: ofRole } = await sts(world().app, ofSession, 'AssumeRole', { RoleArn, ...session })
    expect((await sts(world().app, ofRole, 'GetCallerIdentity')).status).toBe(200)
  })
})

describe('the query protocol', () => {
  test('an invalid call is refused in the form and the names of STS', async () => {
    const world = await startWorld('sqlite')
    const { app } = world
    await makeRole(world, 'chat', { tags: ['*'], longestSeconds: 7200 })
    const good = { RoleArn: iamRoleArn('chat'), ...session }
    const code = async (action: string, parameters: Record<string, string>, key: SigningKey | null = app.rootKey, service = 'sts') => {
      const answer = await sts(app, key ?? undefined, action, parameters, { service })
      expect(answer.text).toMatch(
        /^<(ErrorResponse|\w+Response) xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/">.*<RequestId>[\w-]{36}<\/RequestId>/,
      )
      return [answer.status, answer.value('Code')]
    }
    expect(await code('AssumeRole', good)).toEqual([200, undefined])
    expect((await sts(app, app.rootKey, 'AssumeRole', good, { method: 'GET' })).status).toBe(200)
    expect(await code('AssumeRole', { ...good, DurationSeconds: '7200' })).toEqual([200, undefined])
    const refused = [400, 'ValidationError']
    for (const wrong of [
      { DurationSeconds: '7201' },
      { DurationSeconds: '899' },
      { DurationSeconds: 'long' },
      { RoleArn: 'chat' },
      { RoleSessionName: 'two words' },
      { RoleSessionName: '' },
      { SerialNumber: 'x' },
      { 'PolicyArns.member.1.arn': 'x' },
      { 'Tags.member.1.Key': 'a' },
      tag('aws:x', 'y'),
      tag('x', '${y}'),
      { ...tag('x', 'y'), 'Tags.member.2.Key': 'X', 'Tags.member.2.Value': 'z' },
      { 'TransitiveTagKeys.member.1': 'x' },
    ]) {
      expect(await code('AssumeRole', { ...good, ...wrong })).toEqual(refused)
    }
    expect(await code('AssumeRole', { ...good, Policy: '{"Statement":[]}' })).toEqual([400, 'MalformedPolicyDocument'])
    expect(await code('AssumeRole', { ...good, Policy: ' '.repeat(2049) })).toEqual([400, 'PackedPolicyTooLarge'])
    const many = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [
        [`Tags.member.${index + 1}.Key`, `key${index}`],
        [`Tags.member.${index + 1}.Value`, 'v'.repeat(200)],
      ]).flat(),
    )
    expect(await code('AssumeRole', { ...good, ...many })).toEqual([400, 'PackedPolicyTooLarge'])
    expect(await code('AssumeRoleWithSAML', {})).toEqual([400, 'InvalidAction'])
    expect(await code('constructor', {})).toEqual([400, 'InvalidAction'])
    expect(await code('<&">', {})).toEqual([400, 'InvalidAction'])
    expect(await code('AssumeRole', good, null)).toEqual([403, 'MissingAuthenticationToken'])
    const { accessKeyId, secretAccessKey } = app.rootKey
    expect(await code('GetCallerIdentity', {}, { accessKeyId, secretAccessKey: 'x' })).toEqual([403, 'SignatureDoesNotMatch'])
    expect(await code('GetCallerIdentity', {}, { accessKeyId: 'AKIANOBODY', secretAccessKey })).toEqual([403, 'InvalidClientTokenId'])
    expect(await code('GetCallerIdentity', {}, app.rootKey, 'chime')).toEqual([403, 'SignatureDoesNotMatch'])
    expect(await code('AssumeRoleWithWebIdentity', { ...good, WebIdentityToken: 'abcd' }, null)).toEqual([403, 'AccessDenied'])
    await world.close()
  })

  test('the audit log says who has requested which credentials, and contains no secret', async () => {
    const file = join(await temporaryFolder(), 'audit.log')
    const world = await startWorld('sqlite', { auditLog: file })
    const RoleArn = await makeRole(world, 'chat', {})
    const { credentials } = await sts(world.app, world.app.rootKey, 'AssumeRole', { RoleArn, ...session })
    await sts(world.app, undefined, 'AssumeRole', { RoleArn, ...session })
    await sts(world.app, world.app.rootKey, 'Nonsense')
    await world.close()
    const text = await readFile(file, 'utf8')
    const entries = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    expect(entries).toMatchObject([
      { operation: 'sts:AssumeRole', principal: 'arn:aws:iam::000000000000:root', status: 200, outcome: 'Success' },
      { operation: 'sts:AssumeRole', status: 403, outcome: 'MissingAuthenticationTokenException' },
      { operation: 'sts:Unknown', status: 400, outcome: 'InvalidAction' },
    ])
    for (const secret of Object.values(credentials)) expect(text).not.toContain(secret)
  })

  test('every request is answered in the form of STS, and never with a 500', async () => {
    const world = await startWorld('sqlite')
    const name = constantFrom(
      'Action',
      'Version',
      'RoleArn',
      'WebIdentityToken',
      'Tags.member.1.Key',
      'Policy',
      'DurationSeconds',
      '__proto__',
    )
    const value = oneof(string(), constantFrom('AssumeRoleWithWebIdentity', 'AssumeRole', 'constructor', iamRoleArn('x'), 'a.b.c'))
    const form = array(tuple(oneof(name, string()), value), { maxLength: 8 }).map(pairs => new URLSearchParams(pairs).toString())
    const body = oneof(
      form,
      uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes).toString('latin1')),
    )
    await assert(
      asyncProperty(body, async sent => {
        const answer = await fetch(`${world.app.url}/`, { method: 'POST', body: Buffer.from(sent, 'latin1') })
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(answer.status).toBeLessThan(500)
        expect(await answer.text()).toMatch(/^<ErrorResponse .*<\/ErrorResponse>$/s)
      }),
      { numRuns: 200 },
    )
    await world.close()
  })

  test('expired credentials get an error that says so, and their socket is closed with 1001 so that the client signs again', async () => {
    // Signatures use real time: credentials that the server makes with a clock that is behind expire at once.
    const world = await startWorld('sqlite', {}, { now: () => Date.now() - 897_000 })
    const { user, role } = await chatRole(world, 'chat')
    const parameters = { RoleArn: role, ...session, ...tag('UserUUID', 'alice'), DurationSeconds: '900' }
    const { credentials } = await sts(world.app, world.app.rootKey, 'AssumeRole', parameters)
    const socket = await listen(world.app, user('alice'), { key: credentials })
    expect(await channels(world, credentials, user('alice'))).toBe(0)
    expect(await socket.closed).toEqual({ code: 1001, reason: 'The credentials have expired' })
    expect(await channels(world, credentials, user('alice'))).toEqual({ name: 'ExpiredTokenException', status: 403 })
    expect((await sts(world.app, credentials, 'GetCallerIdentity')).value('Code')).toBe('ExpiredToken')
    expect(await closedWith(await presignedUrl(world.app, user('alice'), { key: credentials }))).toEqual({
      code: 4401,
      reason: 'Unauthorized: the credentials have expired',
    })
    await world.close()
  })

  test('a session token with another key id, another secret or a changed bit, or without it, is refused', async () => {
    const world = await startWorld('sqlite')
    const { user, role } = await chatRole(world, 'chat')
    const assume = async () =>
      (await sts(world.app, world.app.rootKey, 'AssumeRole', { RoleArn: role, ...session, ...tag('UserUUID', 'alice') })).credentials
    const [one, two] = [await assume(), await assume()]
    const unknown = { name: 'UnrecognizedClientException', status: 403 }
    const turned = Buffer.from(one.sessionToken, 'base64')
    turned[40]! ^= 1
    const { accessKeyId, secretAccessKey } = one
    for (const key of [
      { ...one, sessionToken: two.sessionToken },
      { ...one, sessionToken: turned.toString('base64') },
      { ...one, sessionToken: one.sessionToken.slice(4) },
      { ...world.app.rootKey, sessionToken: one.sessionToken },
      { accessKeyId, secretAccessKey },
    ]) {
      expect(await channels(world, key, user('alice'))).toEqual(unknown)
    }
    expect(await channels(world, { ...one, secretAccessKey: two.secretAccessKey }, user('alice'))).toMatchObject({
      name: 'InvalidSignatureException',
    })
    expect(await channels(world, one, user('alice'))).toBe(0)
    await world.close()
  })
})
