import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { allowing, makeKey, sts } from '../support/access.ts'
import { listen } from '../support/sockets.ts'
import { temporaryFolder } from '../support/process.ts'
import { clientsOf, onBothDatabases, refusal, startWorld } from '../support/world.ts'

const everything = allowing(['*', '*'])
const values = (count: number, of: (index: number) => string) => Array.from({ length: count }, (_, index) => of(index)).join(', ')
const row = (index: number) => String(index).padStart(5, '0')

onBothDatabases('Access keys over the API', world => {
  test('are created with a secret that is shown once, work at once, and are listed by name without the secret', async () => {
    const { app, carillon, appInstance } = world()
    const { arn, user } = await appInstance(['ann'])
    const made = await carillon.call('CreateAccessKey', { UserName: 'b-key', Policy: everything })
    expect(made).toMatchObject({
      AccessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
      SecretAccessKey: expect.stringMatching(/^\S{40}$/),
      PrincipalArn: 'arn:aws:iam::000000000000:user/b-key',
    })
    const credentials = { accessKeyId: made.AccessKeyId!, secretAccessKey: made.SecretAccessKey! }
    expect((await clientsOf(app, credentials).identity.describeAppInstance({ AppInstanceArn: arn })).AppInstance).toBeDefined()
    const { AccessKeyId: usual = '' } = await carillon.call('CreateAccessKey', { UserName: 'a-key', UsualPolicyOf: user('ann') })
    const first = await carillon.call('ListAccessKeys', { MaxResults: 1 })
    const second = await carillon.call('ListAccessKeys', { MaxResults: 1, NextToken: first.NextToken! })
    expect([...first.AccessKeys!, ...second.AccessKeys!].map(({ UserName, Status }) => [UserName, Status])).toEqual([
      ['a-key', 'ENABLED'],
      ['b-key', 'ENABLED'],
    ])
    const { AccessKey } = await carillon.call('DescribeAccessKey', { AccessKeyId: usual })
    expect(AccessKey!.Policy).toContain(user('ann'))
    const said = JSON.stringify([first, AccessKey, await carillon.call('ListRecentCalls', { MaxResults: 100 })])
    expect(said).not.toContain(made.SecretAccessKey)
  })

  test('get another policy, and are disabled with their sockets and sessions, enabled and deleted', async () => {
    const { app, carillon, appInstance } = world()
    const { user } = await appInstance(['ann', 'ben'])
    const made = await carillon.call('CreateAccessKey', { UsualPolicyOf: user('ann') })
    const AccessKeyId = made.AccessKeyId!
    const key = { accessKeyId: AccessKeyId, secretAccessKey: made.SecretAccessKey! }
    const { messaging } = clientsOf(app, key)
    const outcome = async (ChimeBearer: string) =>
      messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer }).then(
        () => 'allowed',
        ({ name }: Error) => name,
      )
    expect([await outcome(user('ann')), await outcome(user('ben'))]).toEqual(['allowed', 'AccessDeniedException'])
    await carillon.call('UpdateAccessKey', { AccessKeyId, UsualPolicyOf: user('ben') })
    await expect.poll(async () => [await outcome(user('ann')), await outcome(user('ben'))]).toEqual(['AccessDeniedException', 'allowed'])
    const { credentials } = await sts(app, key, 'GetSessionToken')
    const { closed } = await listen(app, user('ben'), { key })
    await carillon.call('UpdateAccessKey', { AccessKeyId, Status: 'DISABLED' })
    expect(await closed).toMatchObject({ code: 4401 })
    await expect.poll(() => outcome(user('ben'))).toBe('UnrecognizedClientException')
    const session = clientsOf(app, credentials).messaging
    await expect
      .poll(async () => (await refusal(session.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('ben') }))).name)
      .toBe('UnrecognizedClientException')
    await carillon.call('UpdateAccessKey', { AccessKeyId, Status: 'ENABLED' })
    expect(await outcome(user('ben'))).toBe('allowed')
    await carillon.call('DeleteAccessKey', { AccessKeyId })
    await expect.poll(() => outcome(user('ben'))).toBe('UnrecognizedClientException')
    await expect(carillon.call('DescribeAccessKey', { AccessKeyId })).rejects.toMatchObject({ name: 'NotFoundException' })
  })

  test('cannot be created with a key whose policy only lists and describes', async () => {
    const looking = allowing([['carillon-operator:List*', 'carillon-operator:Describe*'], '*'])
    const { carillon } = clientsOf(world().app, await makeKey(world(), looking))
    await carillon.call('ListAccessKeys', {})
    const Policy = everything
    const calls = [
      () => carillon.call('CreateAccessKey', { Policy }),
      () => carillon.call('CreateIamRole', { RoleName: 'mine', Policy }),
      () => carillon.call('UpdateIamRole', { RoleName: 'mine', Policy }),
      () => carillon.call('SimulatePolicy', { Policy, Action: 'chime:Connect', Resources: ['*'] }),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })

  test('are limited in number, and so are roles', async () => {
    const { app, carillon } = world()
    await app.db.run(
      statement(`insert into access_keys (id, name, policy, sealed_secret, master_key_id, created_at)
        values ${values(10_000, index => `('k${row(index)}', 'k${row(index)}', '{}', '', '', 1)`)}`),
    )
    await app.db.run(
      statement(`insert into iam_roles (name, id, policy, trust, tags, longest_seconds, created_at, updated_at)
        values ${values(1000, index => `('r${row(index)}', 'r${row(index)}', '{}', '{"principals":[]}', '[]', 900, 1, 1)`)}`),
    )
    const calls = [
      () => carillon.call('CreateAccessKey', { Policy: everything }),
      () => carillon.call('CreateIamRole', { RoleName: 'more', Policy: everything }),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'ResourceLimitExceededException' })
    await app.db.run(statement(`delete from access_keys where id like 'k%'`))
    await app.db.run(statement(`delete from iam_roles where id like 'r%'`))
  })
})

onBothDatabases('Roles over the API', world => {
  test('are created, changed member by member, assumed and deleted', async () => {
    const { app, carillon } = world()
    const key = await makeKey(world(), allowing(['sts:AssumeRole', '*']))
    const claims = '{"StringEquals":{"login.example.com:sub":"a"}}'
    const { RoleArn = '' } = await carillon.call('CreateIamRole', {
      RoleName: 'chat',
      Policy: everything,
      TrustedPrincipals: [key.accessKeyId],
      OidcTrust: { Issuer: 'https://login.example.com', Audiences: ['web'], ClaimCondition: claims },
      ExternalId: 'extern',
      SessionTagKeys: ['team'],
      MaxSessionSeconds: 7200,
    })
    const described = async () => (await carillon.call('DescribeIamRole', { RoleName: 'chat' })).IamRole!
    const first = await described()
    expect(first).toMatchObject({
      RoleArn,
      Policy: everything,
      TrustedPrincipals: [key.accessKeyId],
      OidcTrust: { Issuer: 'https://login.example.com', Audiences: ['web'], ClaimCondition: claims },
      ExternalId: 'extern',
      SessionTagKeys: ['team'],
      MaxSessionSeconds: 7200,
    })
    const assume = async (more: Record<string, string> = {}) =>
      sts(app, key, 'AssumeRole', { RoleArn, RoleSessionName: 'session', ...more })
    expect([(await assume()).status, (await assume({ ExternalId: 'extern' })).status]).toEqual([403, 200])
    await carillon.call('UpdateIamRole', { RoleName: 'chat', ExternalId: '', OidcTrust: {} })
    const { ExternalId: _, OidcTrust: __, ...rest } = first
    expect(await described()).toEqual({ ...rest, LastUpdatedTimestamp: expect.any(Date) })
    const { credentials } = await assume()
    const session = clientsOf(app, credentials).identity
    await session.listAppInstances({})
    expect((await carillon.call('ListIamRoles', {})).IamRoles!.map(({ RoleName }) => RoleName)).toEqual(['chat'])
    await carillon.call('DeleteIamRole', { RoleName: 'chat' })
    await expect.poll(async () => session.listAppInstances({}).then(String, ({ name }: Error) => name)).toBe('UnrecognizedClientException')
  })

  test('accept tokens of the issuer that the settings name, unless the role names one', async () => {
    const { carillon } = world()
    const OidcTrust = { Audiences: ['web'] }
    const create = carillon.call('CreateIamRole', { RoleName: 'login', Policy: everything, OidcTrust })
    await expect(create).rejects.toMatchObject({ Reason: 'Name it in OidcTrust as Issuer: the server has no --oidc-issuer.' })
    const own = await startWorld('sqlite', { oidcIssuer: 'https://login.example.com', oidcAudience: 'web' })
    await own.carillon.call('CreateIamRole', { RoleName: 'login', Policy: everything, OidcTrust })
    const { IamRole } = await own.carillon.call('DescribeIamRole', { RoleName: 'login' })
    expect(IamRole!.OidcTrust).toEqual({ Issuer: 'https://login.example.com', Audiences: ['web'] })
    await own.close()
  })
})

test('the audit log says which key or role an operator has created, changed or deleted, and never a secret', async () => {
  const audit = join(await temporaryFolder(), 'audit.log')
  const world = await startWorld('sqlite', { auditLog: audit })
  const { carillon } = world
  const { AccessKeyId = '', SecretAccessKey = '' } = await carillon.call('CreateAccessKey', { UserName: 'ann', Policy: everything })
  await carillon.call('UpdateAccessKey', { AccessKeyId, Status: 'DISABLED' })
  await carillon.call('DeleteAccessKey', { AccessKeyId })
  await carillon.call('CreateIamRole', { RoleName: 'chat', Policy: everything })
  await carillon.call('DeleteIamRole', { RoleName: 'chat' })
  await world.close()
  const text = await readFile(audit, 'utf8')
  const lines = text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { operation: string; resources: string[] })
  const [user, role] = ['arn:aws:iam::000000000000:user/ann', 'arn:aws:iam::000000000000:role/chat']
  expect(lines.map(({ operation, resources }) => [operation, ...resources])).toEqual([
    ['CreateAccessKey', user],
    ['UpdateAccessKey', AccessKeyId, user],
    ['DeleteAccessKey', AccessKeyId],
    ['CreateIamRole', 'chat', role],
    ['DeleteIamRole', 'chat'],
  ])
  expect(text).not.toContain(SecretAccessKey)
})
