import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { awsCommands, pythons } from '../compat/clients.ts'
import { freePort } from '../support/ports.ts'
import { block, certificatesFor, flagsOf, haproxy, nginx } from '../support/proxies.ts'
import { keyVariables, Program, root, rootKey, run, serve, temporaryFolder } from '../support/process.ts'

interface Front {
  readonly section: string
  readonly language: string
  readonly command: string
  readonly change?: (configuration: string) => string
}

const withoutConfiguration = { AWS_CONFIG_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'us-east-1' }

/** A server as a section of the page starts it, behind the proxy that the section configures; only ports and paths differ. */
async function startBehind({ section, language, command, change = text => text }: Front) {
  const folder = await temporaryFolder()
  const [port, auditLog] = [await freePort(), join(folder, 'audit.log')]
  const pem = (name: string) => join(folder, name)
  const places = await certificatesFor(folder)
  const flags = flagsOf(section).map(flag => places(flag).replace('chat.example.com', `localhost:${port}`).replace('8443', '0'))
  const env = { ...keyVariables, CARILLON_TLS: flags.includes('--no-tls') ? 'off' : 'on' }
  const server = serve(['--port', '0', '--data', folder, '--audit-log', auditLog, ...flags], { env })
  const own = new URL(env.CARILLON_TLS === 'off' ? await server.url() : await server.tlsUrl())

  const file = join(folder, 'proxy.conf')
  const configuration = places(block(section, language))
    .replaceAll('chat.example.com', 'localhost')
    .replace(/(listen |bind :)443/, (_, start: string) => `${start.replace(':', '')}127.0.0.1:${port}`)
    .replace(/127\.0\.0\.1:8\d43|127\.0\.0\.1:8080/, `127.0.0.1:${own.port}`)
  await writeFile(file, (language === 'nginx' ? inHttp(folder) : (text: string) => text)(change(configuration)))
  const proxy = new Program(command, language === 'nginx' ? ['-p', folder, '-c', file] : ['-f', file, '-db'])
  const url = `https://localhost:${port}`
  const ca = pem('ca.pem')
  const clientEnv = {
    ...withoutConfiguration,
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: rootKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    NODE_EXTRA_CA_CERTS: ca,
    AWS_CA_BUNDLE: ca,
  }
  const curl = (...args: string[]) => run('curl', ['--silent', '--cacert', ca, ...args])
  while ((await curl('--fail', `${url}/health`)).code !== 0) {
    if (proxy.child.exitCode !== null) throw new Error(`The proxy has ended: ${proxy.stdout}${proxy.stderr}`)
    await setTimeout(50)
  }
  return { url, env: clientEnv, curl, auditLog }
}

/** nginx with nothing but this file, in the foreground and with its files in this folder. */
const inHttp = (folder: string) => (site: string) => `
  daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; events {}
  http {
    access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
    ${site}
  }`

const list = 'general: DEFAULT member, unread\nsupport: DEFAULT member, unread\nrandom: DEFAULT member, read\n'
const example = (name: string) => join(root, 'examples', name)
const fronts: readonly Front[] = [
  { section: 'nginx', language: 'nginx', command: nginx },
  { section: 'HAProxy', language: 'haproxy', command: haproxy },
  { section: 'A load balancer that forwards connections', language: 'haproxy', command: haproxy },
]

/** A call without an ARN in its path, and one with an ARN; prints their outcomes. */
const twoCalls = `
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
const messaging = new ChimeSDKMessaging({ maxAttempts: 1 })
const app = 'arn:aws:chime:us-east-1:000000000000:app-instance/x'
const ChimeBearer = app + '/user/bob'
const outcome = call => call.catch(error => console.log(error.$metadata.httpStatusCode, error.name))
await outcome(messaging.listChannels({ AppInstanceArn: app, ChimeBearer }))
await outcome(messaging.describeChannel({ ChannelArn: app + '/channel/y', ChimeBearer }))
`

describe.skipIf(!existsSync(nginx))('docs/behind-a-proxy.md, what goes wrong with nginx', () => {
  const [good, badSignature] = ['401 UnauthorizedClientException', '403 InvalidSignatureException']
  test.each([
    ['the configuration of the page', (text: string) => text, good, good],
    [
      'a slash after the name, which decodes the path',
      (text: string) => text.replace('http://carillon;', 'http://carillon/;'),
      good,
      '404 UnknownOperationException',
    ],
    ['a Host of its own', (text: string) => text.replaceAll(/.*\$http_host;/g, ''), badSignature, badSignature],
    ['a Host without its port', (text: string) => text.replaceAll('$http_host', '$host'), badSignature, badSignature],
    ['a Host of its own and X-Forwarded-Host', (text: string) => text.replace('Host $http_host', 'Host carillon.internal'), good, good],
  ])('%s', async (_, change, ...outcomes) => {
    const { env } = await startBehind({ ...fronts[0]!, change })
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', twoCalls], { env, cwd: root })
    expect(stdout.trim().split('\n')).toEqual(outcomes)
  })
})

describe.each(fronts)('docs/behind-a-proxy.md, $section', front => {
  test.skipIf(!existsSync(front.command))('calls of each client and sockets pass, and no client chooses its address', async () => {
    const { env, url, curl, auditLog } = await startBehind(front)
    expect(await run(process.execPath, [example('javascript_main_job.mjs')], { env })).toMatchObject({ code: 0, stdout: list })
    for (const python of pythons)
      expect(await run(python, [example('boto3_main_job.py')], { env })).toMatchObject({ code: 0, stdout: list })

    const seed = await run(process.execPath, [example('browser/seed.mjs')], { env: { ...env, AWS_SHARED_CREDENTIALS_FILE: 'none' } })
    const userArn = /^Bob +(\S+)$/m.exec(seed.stdout)![1]!
    for (const aws of awsCommands) {
      const args = ['chime-sdk-identity', 'describe-app-instance-user', '--app-instance-user-arn', userArn, '--endpoint-url', url]
      expect(await run(aws, args, { env })).toMatchObject({ code: 0, stdout: expect.stringContaining('"Bob"') })
    }
    const asked = [{ name: 'bob', endpoint: url, userArn, credentials: rootKey }]
    const session = new Program(process.execPath, [join(root, 'server/test/clients/session-client.ts'), JSON.stringify(asked)], { env })
    await session.printed(/^bob SESSION_ESTABLISHED/m)

    await curl('-H', 'X-Forwarded-For: 203.0.113.7', '-H', 'Forwarded: for=203.0.113.7', `${url}/app-instances`)
    await expect.poll(() => readFile(auditLog, 'utf8')).toMatch(/"operation":"Connect"/)
    expect(await readFile(auditLog, 'utf8')).not.toContain('203.0.113.7')
  })
})
