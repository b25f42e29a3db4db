import { existsSync } from 'node:fs'
import { readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keyVariables, rootKey, serve, serveFails, temporaryFolder } from '../support/process.ts'
import { call } from '../support/signed.ts'
import { clientsOf, refusal } from '../support/world.ts'

async function linesOf(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

async function serving() {
  const folder = await temporaryFolder()
  const file = join(folder, 'audit.log')
  const server = serve(['--port', '0', '--data', folder, '--audit-log', file], { env: keyVariables })
  const url = await server.url()
  return { server, url, file, ...clientsOf({ url, rootKey: { ...rootKey } }) }
}

test('each call is a line that says who did what to which resource, from where and with which outcome, without any content', async () => {
  const { server, url, file, identity, messaging } = await serving()
  const { AppInstanceArn, $metadata } = await identity.createAppInstance({ Name: 'secret-name', Metadata: 'secret-metadata' })
  const { AppInstanceUserArn: alice } = await identity.createAppInstanceUser({
    AppInstanceArn,
    AppInstanceUserId: 'alice',
    Name: 'secret-name',
  })
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'secret-name', ChimeBearer: alice })
  await refusal(messaging.deleteChannel({ ChannelArn: `${AppInstanceArn}/channel/none`, ChimeBearer: alice }))
  await call(url, { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' }, { path: '/app-instances' })
  await fetch(`${url}/app-instances`)
  const who = { accessKeyId: rootKey.accessKeyId, principal: 'arn:aws:iam::000000000000:root', sourceAddress: '127.0.0.1' }
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  const requestId = expect.stringMatching(/^[\da-f-]{36}$/)
  // Lines are written in the background.
  await expect.poll(async () => (await linesOf(file)).length).toBe(6)
  expect(await linesOf(file)).toEqual([
    {
      time,
      requestId: $metadata.requestId,
      operation: 'CreateAppInstance',
      ...who,
      resources: [AppInstanceArn],
      status: 201,
      outcome: 'Success',
    },
    { time, requestId, operation: 'CreateAppInstanceUser', ...who, resources: [AppInstanceArn, alice], status: 201, outcome: 'Success' },
    {
      time,
      requestId,
      operation: 'CreateChannel',
      ...who,
      bearer: alice,
      resources: [AppInstanceArn, ChannelArn],
      status: 201,
      outcome: 'Success',
    },
    {
      time,
      requestId,
      operation: 'DeleteChannel',
      ...who,
      bearer: alice,
      resources: [`${AppInstanceArn}/channel/none`],
      status: 403,
      outcome: 'ForbiddenException',
    },
    {
      time,
      requestId,
      operation: 'ListAppInstances',
      accessKeyId: 'AKIANOBODY',
      resources: [],
      sourceAddress: '127.0.0.1',
      status: 403,
      outcome: 'UnrecognizedClientException',
    },
    {
      time,
      requestId,
      operation: 'ListAppInstances',
      resources: [],
      sourceAddress: '127.0.0.1',
      status: 403,
      outcome: 'MissingAuthenticationTokenException',
    },
  ])
  expect(await readFile(file, 'utf8')).not.toContain('secret')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  server.kill('SIGTERM')
  expect(await server.exit()).toBe(0)
})

test('after a rename SIGHUP opens a new file, and no line is lost', async () => {
  const { server, file, identity } = await serving()
  for (let index = 0; index < 5; index++) await identity.listAppInstances({})
  await rename(file, `${file}.1`)
  await identity.listAppInstances({})
  server.kill('SIGHUP')
  await expect.poll(() => existsSync(file)).toBe(true)
  for (let index = 0; index < 3; index++) await identity.listAppInstances({})
  await expect.poll(async () => [(await linesOf(`${file}.1`)).length, (await linesOf(file)).length]).toEqual([6, 3])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('SIGHUP does not end a server that has no audit log', async () => {
  const server = serve(['--port', '0', '--data', ':memory:'], { env: keyVariables })
  const url = await server.url()
  server.kill('SIGHUP')
  expect((await fetch(`${url}/health`)).status).toBe(200)
})

test('an audit log that cannot be written is refused at start, and - is standard output', async () => {
  const folder = await temporaryFolder()
  expect(await serveFails(['--port', '0', '--data', folder, '--audit-log', join(folder, 'no/such/folder')])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^carillon: The audit log .*\/no\/such\/folder cannot be written: .*ENOENT.*\n$/),
  })
  const server = serve(['--port', '0', '--data', folder, '--audit-log', '-'], { env: keyVariables })
  const { identity } = clientsOf({ url: await server.url(), rootKey: { ...rootKey } })
  await identity.listAppInstances({})
  expect(await server.printed(/"operation":"(\w+)"/)).toBe('ListAppInstances')
})
