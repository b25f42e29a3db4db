import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { usualPolicy } from '../../src/keys/usual-policy.ts'
import { makeRole } from '../support/access.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { root, run, temporaryFolder } from '../support/process.ts'
import { startWorld, type World } from '../support/world.ts'
import { awsCommands, pythons } from './clients.ts'

let issuer: OidcIssuer
let world: World
let env: Record<string, string>

beforeAll(async () => {
  issuer = await OidcIssuer.start()
  world = await startWorld('sqlite', { oidcIssuer: issuer.url, oidcAudience: 'web' })
  const { arn, user } = await world.appInstance(['alice', 'bob'])
  const trust = { oidc: { issuer: issuer.url, audiences: ['web'] } }
  const ROLE_ARN = await makeRole(world, 'chat', { policy: usualPolicy(`${arn}/user/\${aws:PrincipalTag/sub}`), tags: ['sub'], trust })
  await makeRole(world, 'alice', { policy: usualPolicy(user('alice')) })
  const { accessKeyId, secretAccessKey } = world.app.rootKey
  env = {
    ROLE_ARN,
    USERS: [user('alice'), user('bob')].join(','),
    TOKEN: await issuer.token('alice'),
    AWS_ENDPOINT_URL: world.app.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    PYTHONUTF8: '1',
  }
})
afterAll(async () => {
  await world.close()
  await issuer.close()
})

const denied = [403, 'AccessDeniedException']

describe.skipIf(pythons.length === 0).each(pythons.length > 0 ? pythons : ['python3'])('boto3 of %s', python => {
  test('gets temporary credentials in every way, and they permit what they should', async () => {
    const { code, stdout, stderr } = await run(python, [join(root, 'server/test/compat/sts_session.py')], { env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const account = '000000000000'
    expect(JSON.parse(stdout)).toEqual({
      tagged: ['allowed', denied],
      web: ['allowed', denied],
      federated: ['allowed', denied],
      session: ['allowed', 'allowed'],
      expiration: 'datetime',
      arns: [
        `arn:aws:sts::${account}:assumed-role/chat/boto3`,
        `arn:aws:sts::${account}:federated-user/alice`,
        `arn:aws:iam::${account}:root`,
      ],
      subject: 'alice',
      refused: [
        [403, 'AccessDenied'],
        [400, 'ValidationError'],
        [400, 'InvalidIdentityToken'],
      ],
    })
  })
})

/** What the credentials that the SDK has obtained by itself are allowed: as a user, and as another one. */
const javascript = `
  import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
  const messaging = new ChimeSDKMessaging({})
  const outcome = ChimeBearer =>
    messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer }).then(
      () => 'allowed',
      error => [error.$metadata?.httpStatusCode, error.name],
    )
  console.log(JSON.stringify(await Promise.all(process.env.USERS.split(',').map(outcome))))
`

const javascriptOutcomes = async (more: Record<string, string>) => {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...rest } = env
  const place = { env: { ...rest, ...more }, cwd: root }
  const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', javascript], place)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as unknown
}

describe('the JavaScript SDK', () => {
  test('assumes a role of its configuration file by itself', async () => {
    const config = join(await temporaryFolder(), 'config')
    const { accessKeyId, secretAccessKey } = world.app.rootKey
    const role = env['ROLE_ARN']!.replace('/chat', '/alice')
    const source = `[profile owner]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`
    await writeFile(config, `[default]\nregion = us-east-1\nrole_arn = ${role}\nsource_profile = owner\n${source}`)
    expect(await javascriptOutcomes({ AWS_CONFIG_FILE: config })).toEqual(['allowed', denied])
  })

  test('sends the token of a login by itself', async () => {
    const file = join(await temporaryFolder(), 'token')
    await writeFile(file, env['TOKEN']!)
    const more = { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: env['ROLE_ARN']!, AWS_ROLE_SESSION_NAME: 'javascript' }
    expect(await javascriptOutcomes(more)).toEqual(['allowed', denied])
  })
})

describe.skipIf(awsCommands.length === 0).each(awsCommands.length > 0 ? awsCommands : ['aws'])('the AWS CLI of %s', aws => {
  test('assumes a role and says who it is', async () => {
    const call = (args: readonly string[], more: Record<string, string> = {}) =>
      run(aws, ['sts', ...args, '--endpoint-url', world.app.url, '--output', 'json'], { env: { ...env, ...more } })
    const assumed = await call([
      'assume-role',
      '--role-arn',
      env['ROLE_ARN']!,
      '--role-session-name',
      'cli',
      '--tags',
      'Key=sub,Value=alice',
    ])
    expect(assumed).toMatchObject({ code: 0 })
    const { Credentials } = JSON.parse(assumed.stdout) as { Credentials: Record<string, string> }
    const identity = await call(['get-caller-identity'], {
      AWS_ACCESS_KEY_ID: Credentials['AccessKeyId']!,
      AWS_SECRET_ACCESS_KEY: Credentials['SecretAccessKey']!,
      AWS_SESSION_TOKEN: Credentials['SessionToken']!,
    })
    expect(JSON.parse(identity.stdout)).toMatchObject({
      Account: '000000000000',
      Arn: 'arn:aws:sts::000000000000:assumed-role/chat/cli',
    })
  })
})
