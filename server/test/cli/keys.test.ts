import { chown, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sts } from '../support/access.ts'
import { makeDatabase } from '../support/made-database.ts'
import { keyVariables, main, rootKey, run, serve, serveFails, temporaryFolder } from '../support/process.ts'
import type { SigningKey } from '../support/signed.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, makersOf } from '../support/world.ts'

const carillon = (args: readonly string[], env: Record<string, string> = {}) => run(process.execPath, [main, ...args], { env })

const oneLine = (start: string) => expect.stringMatching(new RegExp(`^carillon: ${start}[^\n]*\n$`))
const refused = (start: string) => ({ code: 1, stdout: '', stderr: oneLine(start) })
const newMasterKey = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')

/** The variables that the export lines give to a shell. */
function exported(stdout: string): SigningKey {
  const [, accessKeyId = '', secretAccessKey = ''] =
    /^export AWS_ACCESS_KEY_ID=(AKIA[A-Z2-7]{16})\nexport AWS_SECRET_ACCESS_KEY=(\S{40})\nexport AWS_REGION=us-east-1\nexport AWS_DEFAULT_REGION=us-east-1\n$/.exec(
      stdout,
    ) ?? []
  return { accessKeyId, secretAccessKey }
}

async function filesWith(folder: string, text: string): Promise<string[]> {
  const names = await readdir(folder)
  const found = await Promise.all(names.map(async name => (await readFile(join(folder, name))).includes(text)))
  return names.filter((_, index) => found[index])
}

test.each(databaseKinds)(
  'keys are created, disabled, deleted and encrypted again beside running servers, and all nodes apply it at once, on %s',
  async kind => {
    const folder = await temporaryFolder()
    const [older, newer] = [newMasterKey(), newMasterKey()]
    const env = kind === 'postgres' ? { CARILLON_MASTER_KEY: older } : {}
    const flags = kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : ['--data', folder]
    // Nodes that already know the next master key continue with the current one.
    const nodeEnv = { ...keyVariables, ...(kind === 'postgres' && { CARILLON_MASTER_KEY: `${newer},${older}` }) }
    const nodes = [serve(['--port', '0', ...flags], { env: { ...keyVariables, ...env } })]
    const first = await nodes[0]!.url()
    const keys = (args: readonly string[], more: Record<string, string> = env) => carillon(['keys', ...args, ...flags], more)

    const owner = clientsOf({ url: first, rootKey })
    const { AppInstanceArn } = await owner.identity.createAppInstance({ Name: 'x' })
    const { AppInstanceUserArn: alice = '' } = await owner.identity.createAppInstanceUser({
      AppInstanceArn,
      AppInstanceUserId: 'alice',
      Name: 'Alice',
    })
    const outcome = async (url: string, signing: SigningKey) => {
      const { identity, messaging } = clientsOf({ url, rootKey }, signing)
      const outcome = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: alice }).then(
        () => 'allowed',
        (error: Error) => error.name,
      )
      identity.destroy()
      messaging.destroy()
      return outcome
    }
    const made = await keys(['create', '--name', 'alice', '--user', alice])
    expect(made).toMatchObject({ code: 0, stderr: 'The secret is shown only now; the server stores it encrypted.\n' })
    const key = exported(made.stdout)
    // Without a pause: an unknown key is looked up in the database.
    expect(await outcome(first, key)).toBe('allowed')
    // A node that starts later has it too. On SQLite there is only one node.
    if (kind === 'postgres') nodes.push(serve(['--port', '0', ...flags], { env: nodeEnv }))
    const urls = await Promise.all(nodes.map(node => node.url()))
    const all = (outcome: string) => urls.map(() => outcome)
    const everywhere = (signing: SigningKey) => Promise.all(urls.map(url => outcome(url, signing)))
    expect(await everywhere(key)).toEqual(all('allowed'))
    const sockets = await Promise.all(urls.map(url => listen({ url, rootKey: { ...rootKey } }, alice, { key })))
    expect(await keys(['disable', 'alice'])).toMatchObject({ code: 0, stdout: `${key.accessKeyId} (alice) is disabled\n` })
    const start = Date.now()
    for (const { closed } of sockets) expect(await closed).toMatchObject({ code: 4401 })
    expect(Date.now() - start).toBeLessThan(10_000)
    expect(await everywhere(key)).toEqual(all('UnrecognizedClientException'))
    expect((await keys(['list'])).stdout).toMatch(new RegExp(`^ACCESS KEY ID .*\n${key.accessKeyId}  alice  disabled  20[^\n]*\n$`))
    const { stdout: shown } = await keys(['show', key.accessKeyId])
    expect(JSON.parse(shown)).toMatchObject({ AccessKeyId: key.accessKeyId, Status: 'disabled', Policy: { Version: '2012-10-17' } })
    await keys(['enable', 'alice'])
    expect(await everywhere(key)).toEqual(all('allowed'))
    const changed = { code: 0, stdout: `${key.accessKeyId} (alice) has the new policy\n` }
    expect(await keys(['update', 'alice', '--user', `${alice}-2`])).toMatchObject(changed)
    await expect.poll(() => everywhere(key)).toEqual(all('AccessDeniedException'))
    expect(await keys(['update', key.accessKeyId, '--user', alice])).toMatchObject(changed)
    expect(await everywhere(key)).toEqual(all('allowed'))

    const { credentials } = await sts({ url: first }, key, 'GetSessionToken')
    expect(await everywhere(credentials)).toEqual(all('allowed'))
    if (kind === 'postgres') {
      nodes[0]!.kill('SIGTERM')
      await nodes[0]!.exit()
      nodes[0] = serve(['--port', '0', ...flags], { env: nodeEnv })
      urls[0] = await nodes[0].url()
    }
    const rotated = await keys(['rotate-master-key'], kind === 'postgres' ? { CARILLON_MASTER_KEY: `${newer},${older}` } : {})
    expect(rotated).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 secret is encrypted under the master key [\da-f]{16} now\. Session/),
    })
    expect(await everywhere(key)).toEqual(all('allowed'))
    expect(await everywhere(credentials)).toEqual(all('allowed'))
    const { credentials: later } = await sts({ url: urls.at(-1)! }, key, 'GetSessionToken')
    expect(await everywhere(later)).toEqual(all('allowed'))
    expect(await filesWith(folder, key.secretAccessKey)).toEqual([])
    expect(await filesWith(folder, credentials.secretAccessKey)).toEqual([])
    for (const { stdout, stderr } of nodes) expect(stdout + stderr).not.toContain(key.secretAccessKey)
    expect(shown).not.toContain(key.secretAccessKey)
    expect(await keys(['delete', 'alice'])).toMatchObject({ code: 0 })
    await expect.poll(() => everywhere(key)).toEqual(all('UnrecognizedClientException'))
    owner.identity.destroy()
    owner.messaging.destroy()
  },
)

test.skipIf(process.getuid?.() !== 0)('a master key that root creates by a command belongs to the owner of the data folder', async () => {
  const data = await temporaryFolder()
  await makeDatabase({ data })
  await chown(data, 12_345, 12_345)
  const policy = join(await temporaryFolder(), 'policy.json')
  await writeFile(policy, JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'chime:*', Resource: '*' }] }))
  for (const command of [['create', '--policy', policy], ['rotate-master-key']]) {
    expect(await run(process.execPath, [main, 'keys', ...command, '--data', data])).toMatchObject({ code: 0 })
    const { uid, gid, mode } = await stat(join(data, 'master-key'))
    expect([uid, gid, mode & 0o777]).toEqual([12_345, 12_345, 0o600])
  }
})

test('a leaked master key is replaced at once, which ends all temporary credentials', async () => {
  const data = await temporaryFolder()
  const server = serve(['--port', '0', '--data', data], { env: keyVariables })
  const app = { url: await server.url() }
  const owner = clientsOf({ ...app, rootKey })
  const user = (await makersOf(owner.identity).appInstance(['alice'])).user('alice')
  owner.identity.destroy()
  owner.messaging.destroy()
  const key = exported((await carillon(['keys', 'create', '--user', user, '--data', data])).stdout)
  const { credentials } = await sts(app, key, 'GetSessionToken')
  const ending = await listen({ ...app, rootKey }, user, { key: credentials })
  const lasting = await listen({ ...app, rootKey }, user, { key })
  const rotate = (env: Record<string, string> = {}) => carillon(['keys', 'rotate-master-key', '--at-once', '--data', data], env)
  expect(await rotate({ CARILLON_MASTER_KEY: (await readFile(join(data, 'master-key'), 'utf8')).trim() })).toEqual(
    refused('The first key of CARILLON_MASTER_KEY is in use already\\.'),
  )
  expect(await rotate()).toMatchObject({ code: 0, stdout: expect.stringMatching(/The old one decrypts nothing any more\.\n$/) })
  expect(await ending.closed).toEqual({ code: 4401, reason: 'Unauthorized: the access key is no longer valid' })
  await expect.poll(async () => (await sts(app, credentials, 'GetCallerIdentity')).value('Code')).toBe('InvalidClientTokenId')
  expect((await sts(app, key, 'GetCallerIdentity')).status).toBe(200)
  expect(lasting.socket.readyState).toBe(lasting.socket.OPEN)
  expect((await sts(app, (await sts(app, key, 'GetSessionToken')).credentials, 'GetCallerIdentity')).status).toBe(200)
  expect((await stat(join(data, 'master-key'))).mode & 0o777).toBe(0o600)
})

test('a server whose master key does not decrypt the stored secrets says so, exits, and creates no other master key', async () => {
  const folder = await temporaryFolder()
  const url = await createPostgresDatabase()
  const postgres = ['--database-url', url]
  const policy = join(folder, 'policy.json')
  await writeFile(policy, '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')
  const create = ['keys', 'create', '--policy', policy]
  await Promise.all([makeDatabase({ data: folder }), makeDatabase({ databaseUrl: url })])
  expect(await carillon([...create, '--data', folder])).toMatchObject({ code: 0 })
  expect(await carillon([...create, ...postgres])).toEqual(refused('With --database-url the master key is given by CARILLON_MASTER_KEY'))
  expect(await carillon([...create, ...postgres], { CARILLON_MASTER_KEY: newMasterKey() })).toMatchObject({ code: 0 })
  await rm(join(folder, 'master-key'))
  const start = ['--port', '0', '--data', folder]
  const wrong = refused(
    'The secrets of the access keys in this database are encrypted under the master key [\\da-f]{16}, which this process does not have\\.',
  )
  // One after the other, since each locks the data folder while it starts.
  expect(await serveFails(start, { env: keyVariables })).toEqual(wrong)
  expect(
    await Promise.all([
      serveFails(start, { env: { ...keyVariables, CARILLON_MASTER_KEY: newMasterKey() } }),
      serveFails(['--port', '0', ...postgres], { env: keyVariables }),
      carillon([...create, '--data', folder]),
      serveFails(start, { env: { ...keyVariables, CARILLON_MASTER_KEY: 'secret-nonsense' } }),
    ]),
  ).toEqual([wrong, wrong, wrong, refused('CARILLON_MASTER_KEY must be 32 bytes in base64 or hexadecimal digits')])
  expect(await readdir(folder)).not.toContain('master-key')

  const lost = ['keys', 'rotate-master-key', '--lost', '--data', folder]
  expect(await carillon(lost)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^1 access key is deleted, since nobody can decrypt the secrets any more\./),
  })
  expect(await carillon(lost)).toEqual(refused('The master key in use is not lost: rotate it without --lost\\.'))
  await serve(start, { env: keyVariables }).url()
})

test('a policy with actions that Carillon does not have is stored, and the command names them', async () => {
  const data = await temporaryFolder()
  await makeDatabase({ data })
  const create = async (...actions: string[]) => {
    const policy = join(data, 'policy.json')
    await writeFile(policy, JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: actions, Resource: '*' } }))
    const { code, stderr } = await carillon(['keys', 'create', '--policy', policy, '--data', data])
    expect(code).toBe(0)
    return stderr.replace('The secret is shown only now; the server stores it encrypted.\n', '')
  }
  expect(await create('chime:SendMessage', 'chime:send*', 'carillon:Count*', 'Chime:CreateMeeting')).toBe(
    'Carillon has no chime:SendMessage and no carillon:Count* and no Chime:CreateMeeting: the policy has no effect on that.\n',
  )
  expect(
    await create('*', 'chime:*', 'chime:CONNECT', 'carillon-operator:*', 'chime:PutMessagingStreamingConfigurations', 's3:GetObject'),
  ).toBe('')
})

test('invalid commands are refused with one line', async () => {
  const data = await temporaryFolder()
  const policy = join(data, 'policy.json')
  await writeFile(policy, '{"Version":"2012-10-17","Statement":{"Effect":"Perhaps","Action":"*","Resource":"*"}}')
  const user = 'arn:aws:chime:us-east-1:000000000000:app-instance/x/user/alice'
  const results = [
    [['keys', 'create'], 'Give --policy FILE'],
    [['keys', 'create', '--policy', policy], `The policy ${policy} cannot be used: .*Effect`],
    [['keys', 'create', '--policy', `${policy}x`], 'The policy .* cannot be read: ENOENT'],
    [['keys', 'create', '--policy', policy, '--user', user], 'Give either --policy or --user'],
    [
      ['keys', 'create', '--user', user.replace('/alice', '/*')],
      'The usual policy is that of a user\\. It needs the ARN of an AppInstanceUser',
    ],
    [['keys', 'create', '--user', user, '--name', 'a b'], 'The name is not valid\\. The name of a key has 1 to 64'],
    [['keys', 'show', 'nobody'], 'There is no access key with the id or name nobody\\.'],
    [['keys', 'update', 'nobody', '--user', user], 'There is no access key with the id or name nobody\\.'],
    [['keys', 'walk'], "unknown command 'walk'"],
    [['roles', 'create', 'chat', '--user', user, '--audience', 'web'], 'Name the issuer of the tokens: --issuer URL'],
    [['roles', 'create', 'chat', '--user', user, '--issuer', 'https://x.example.com'], 'A role for JSON Web Tokens needs an audience'],
    [['roles', 'create', 'chat', '--user', user, '--trust', 'everybody'], "A principal cannot be trusted\\. 'everybody' must be"],
    [
      ['roles', 'create', 'chat', '--user', user, '--trust', `AKIA${'A'.repeat(16)}`],
      'A principal cannot be trusted\\. There is no access key AKIAA+',
    ],
    [
      ['roles', 'create', 'chat', '--user', user, '--max-seconds', '1e9'],
      'The longest session is not valid\\. The sessions of a role last at least 900 and at most 43200 seconds',
    ],
    [
      ['roles', 'create', 'chat', '--user', user, '--issuer', 'https://x.example.com', '--audience', 'web', '--condition', '{"a":1'],
      '--condition cannot be used: It is not valid JSON',
    ],
    [
      'roles create chat --issuer https://x.example.com/ --audience web --condition {"StringEquals":{"y.example.com:sub":"a"}} --user'
        .split(' ')
        .concat(user),
      'The condition on claims cannot be used\\. StringEquals: y\\.example\\.com:sub is not a claim of https://x\\.example\\.com/: write x\\.example\\.com:CLAIM',
    ],
    [['roles', 'update', 'nobody', '--tags', 'x'], 'There is no role with the name nobody\\.'],
    [['roles', 'delete', 'nobody'], 'There is no role with the name nobody\\.'],
    [['roles', 'list', '--data', ':memory:'], 'With --data :memory: nothing is stored'],
  ] as const
  await makeDatabase({ data })
  expect((await carillon(['keys', 'list', '--data', data])).stdout).toBe('ACCESS KEY ID  NAME  STATUS  CREATED\n')
  const outcomes = await Promise.all(
    results.map(([args]) => carillon([...args, ...((args as readonly string[]).includes('--data') ? [] : ['--data', data])])),
  )
  expect(outcomes).toEqual(results.map(([, start]) => refused(start)))
  expect((await carillon(['keys', 'list', '--data', data])).stdout).toBe('ACCESS KEY ID  NAME  STATUS  CREATED\n')
})

test('a role is created, shown, changed and deleted', async () => {
  const data = await temporaryFolder()
  await makeDatabase({ data })
  const roles = (args: readonly string[]) => carillon(['roles', ...args, '--data', data])
  const user = 'arn:aws:chime:us-east-1:000000000000:app-instance/x/user/${aws:PrincipalTag/sub}'
  const condition = { StringLike: { 'login.example.com:sub': 'prod|*' } }
  const issuer = ['--issuer', 'https://login.example.com', '--audience', 'web, mobile', '--condition', JSON.stringify(condition)]
  const made = await roles(['create', 'chat', '--user', user, ...issuer, '--tags', 'sub,team', '--max-seconds', '7200'])
  expect(made).toEqual({ code: 0, stdout: 'arn:aws:iam::000000000000:role/chat\n', stderr: '' })
  const shown = async () => JSON.parse((await roles(['show', 'chat'])).stdout) as Record<string, unknown>
  const before = await shown()
  expect(before).toMatchObject({
    RoleName: 'chat',
    RoleId: expect.stringMatching(/^AROA/),
    MaxSessionDuration: 7200,
    Trust: { principals: [], oidc: { issuer: 'https://login.example.com', audiences: ['web', 'mobile'], condition } },
    SessionTags: ['sub', 'team'],
  })
  await roles(['update', 'chat', '--condition', ''])
  expect(await shown()).toEqual({
    ...before,
    Trust: { principals: [], oidc: { issuer: 'https://login.example.com', audiences: ['web', 'mobile'] } },
  })
  await roles(['update', 'chat', '--audience', '', '--trust', 'arn:aws:iam::000000000000:root', '--tags', ''])
  expect(await shown()).toEqual({ ...before, Trust: { principals: ['arn:aws:iam::000000000000:root'] }, SessionTags: [] })
  expect((await roles(['create', 'chat', '--user', user])).stderr).toMatch(/There is already a role with the name chat/)
  expect((await roles(['list'])).stdout).toMatch(/^NAME  ARN .*\nchat  arn:aws:iam::000000000000:role\/chat  20/)
  expect(await roles(['delete', 'chat'])).toMatchObject({ code: 0 })
  expect((await roles(['list'])).stdout).toBe('NAME  ARN  UPDATED\n')
})
