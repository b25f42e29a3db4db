import { expect, test } from 'vitest'
import { keyVariables, rootKey, serve } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { raw } from '../support/raw.ts'
import { call } from '../support/signed.ts'
import { Listening, presignedUrl } from '../support/sockets.ts'
import { clientsOf, refusal } from '../support/world.ts'

const started = async (...flags: string[]) => {
  const server = serve(['--port', '0', '--data', ':memory:', ...flags], { env: keyVariables })
  const url = await server.url()
  const entries = () =>
    server.stderr
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as Record<string, unknown>)
  return { url, entries }
}

test('an error has its Reason in a header too: printable ASCII, the rest escaped, and cut if it is long', async () => {
  const { url } = await started()
  const { identity } = clientsOf({ url, rootKey })
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'x' })
  const { AppInstanceUserArn } = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'u', Name: 'u' })
  const searched = async (value: string) => {
    const body = JSON.stringify({ Fields: [{ Key: 'MEMBERS', Operator: 'INCLUDES', Values: [value] }] })
    const headers = { 'x-amz-chime-bearer': AppInstanceUserArn! }
    const answered = await call(url, rootKey, { method: 'POST', path: '/channels', query: 'operation=search', body, headers })
    expect(answered.status).toBe(400)
    return { header: answered.headers.get('x-carillon-reason')!, reason: String(answered.json()['Reason']) }
  }
  for (const value of ['plain', '100 %, 50 %25', 'Zoë 🚪', 'a\r\nx-forged: 1\r\n\r\n<b>', '\ud800 alone']) {
    const { header, reason } = await searched(value)
    expect(reason.toWellFormed()).toContain(value.toWellFormed())
    expect(header).toMatch(/^[\x20-\x7e]+$/)
    expect(decodeURIComponent(header)).toBe(reason.toWellFormed())
  }
  expect((await searched('.../…')).header).toMatch(/^\.\.\.\/\.\.\. in Values/)
  expect((await searched('plain')).header).toBe('plain in Values is not the ARN of a user or bot.')
  const { header, reason } = await searched('é'.repeat(500))
  expect(header.length).toBeLessThanOrEqual(1024)
  expect(header).toMatch(/%C3%A9\.\.\.$/)
  expect(reason.startsWith(decodeURIComponent(header.slice(0, -3)))).toBe(true)
  const unsigned = await raw(url, 'GET /channels HTTP/1.1\r\nhost: x\r\norigin: https://app.example\r\n\r\n')
  expect(unsigned.headers.get('x-carillon-reason')).toMatch(/sign it with Signature Version 4/)
  expect(unsigned.headers.get('access-control-expose-headers')).toContain('x-carillon-reason')
  const sts = await raw(url, 'GET /?Action=Nonsense HTTP/1.1\r\nhost: x\r\n\r\n')
  expect(sts.headers.get('x-carillon-reason')).toMatch(/^There are AssumeRole, /)
  const succeeded = await call(url, rootKey, { path: '/app-instances' })
  expect([succeeded.status, succeeded.headers.get('x-carillon-reason')]).toEqual([200, null])
})

test('with --reason-in-message the Message ends with the Reason, whatever answers', async () => {
  const { url } = await started('--reason-in-message', 'on')
  const { identity } = clientsOf({ url, rootKey })
  const found = await refusal(identity.describeAppInstance({ AppInstanceArn: 'arn:aws:chime:us-east-1:000000000000:app-instance/x' }))
  expect(found.message).toMatch(/^The app instance does not exist\. Reason: There is no app instance arn:/)
  expect(found.message.endsWith(found.reason!)).toBe(true)
  const sts = await raw(url, 'GET /?Action=Nonsense HTTP/1.1\r\nhost: x\r\n\r\n')
  expect(sts.body).toContain('for version 2011-06-15. Reason: There are AssumeRole')
  const malformed = await raw(url, `GET /channels HTTP/1.1\r\nhost: x\r\nbig: ${'x'.repeat(20_000)}\r\n\r\n`)
  expect(JSON.parse(malformed.body)).toMatchObject({
    Message: 'The request line and headers are too large. Reason: At most 16384 bytes are allowed.',
  })
})

test('a refusal is one line of the log at its usual level, and many are a bounded number of lines that say how many more there were', async () => {
  const start = performance.now()
  const { url, entries } = await started()
  const { messaging } = clientsOf({ url, rootKey })
  const ChannelArn = 'arn:aws:chime:us-east-1:000000000000:app-instance/x/channel/y'
  const ChimeBearer = 'arn:aws:chime:us-east-1:000000000000:app-instance/x/user/z'
  const { reason } = await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer }))
  const refused = await until(() => entries().find(({ type }) => type === 'UnauthorizedClientException'))
  expect(refused).toMatchObject({ level: 30, operation: 'DescribeChannel', method: 'GET', status: 401, reason })
  await new Listening(await presignedUrl({ url, rootKey }, ChimeBearer)).closed
  await until(() => entries().find(({ code, reason }) => code === 4401 && String(reason).includes('is not the ARN of an existing user')))

  // Long names are cut.
  const long = `/${'x'.repeat(10_000)}`
  for (let count = 0; count < 200; count++) await raw(url, `GET ${long} HTTP/1.1\r\nhost: x\r\n\r\n`)
  const lines = () => entries().filter(({ status }) => status === 404)
  await until(() => lines().length >= 15)
  expect(Math.max(...lines().map(entry => JSON.stringify(entry).length))).toBeLessThan(5000)
  // Two lines a second from here on: the next one says how many refusals had no line.
  await until(async () => {
    await raw(url, 'GET /one-more HTTP/1.1\r\nhost: x\r\n\r\n')
    return lines().reduce((sum, { leftOut }) => sum + 1 + Number(leftOut ?? 0), 0) > 200
  })
  expect(lines().length).toBeLessThan(20 + (2 * (performance.now() - start)) / 1000 + 2)
})

test('at the level debug the log has every refusal', async () => {
  const { url, entries } = await started('--log-level', 'debug')
  for (let count = 0; count < 100; count++) await raw(url, `GET /nowhere/${count} HTTP/1.1\r\nhost: x\r\n\r\n`)
  await expect.poll(() => entries().filter(({ status }) => status === 404).length).toBe(100)
})
