import { request } from 'node:http'
import { expect, test } from 'vitest'
import { consoleUrl } from '../../src/console/link.ts'
import { issueCode } from '../../src/console/codes.ts'
import { clientsOf, isSpread, onBothDatabases, startWorld } from '../support/world.ts'

interface Given {
  readonly Credentials?: { readonly AccessKeyId: string; readonly SecretAccessKey: string; readonly SessionToken: string }
  readonly Message?: string
  readonly Reason?: string
}

async function exchange(url: string, Code: string) {
  const response = await fetch(`${url}/console/session`, { method: 'POST', body: JSON.stringify({ Code }) })
  return { status: response.status, headers: response.headers, content: (await response.json()) as Given }
}

/** GET of a path under another Host. */
async function underHost(url: string, host: string, path = '/console'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { headers: { host } }, response => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString())).on('end', () => resolve({ status: response.statusCode!, body }))
    })
      .on('error', reject)
      .end()
  })
}

onBothDatabases('The sign-in to the console', world => {
  test('exchanges a code once for temporary credentials, which may do everything under a name of their own', async () => {
    const { app, now } = world()
    const code = await issueCode(app.db, now())
    const { status, content, headers } = await exchange(app.url, code)
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = content.Credentials!
    const { identity, carillon } = clientsOf(app, { accessKeyId, secretAccessKey, sessionToken })
    await identity.listAppInstances({})
    const { RecentCalls } = await carillon.call('ListRecentCalls', { MaxResults: 100 })
    const principals = RecentCalls!.map(({ PrincipalArn }) => PrincipalArn)
    expect(isSpread || principals.includes('arn:aws:sts::000000000000:federated-user/console')).toBe(true)
    const again = await exchange(app.url, code)
    expect([again.status, again.content.Message, again.content.Credentials]).toEqual([401, 'The code is not valid', undefined])
  })

  test('accepts a code once, however many requests use it at the same time', async () => {
    const { app, now } = world()
    const code = await issueCode(app.db, now())
    const answers = await Promise.all(Array.from({ length: 5 }, async () => exchange(app.url, code)))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401, 401, 401, 401])
  })

  test('refuses a code that is older than ten minutes, and a body without a code', async () => {
    const { app, now } = world()
    const old = await issueCode(app.db, now() - 601_000)
    expect((await exchange(app.url, old)).status).toBe(401)
    const response = await fetch(`${app.url}/console/session`, { method: 'POST', body: '{}' })
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('Send JSON with the member Code')])
  })
})

test('lets an address try ten codes at once, and refuses more of them untried', async () => {
  // A clock that does not move fills no bucket.
  const start = Date.now()
  const world = await startWorld('sqlite', {}, { now: () => start })
  const { url } = world.app
  const statuses = (await Promise.all(Array.from({ length: 40 }, async () => exchange(url, 'wrong')))).map(({ status }) => status)
  expect([401, 429].map(each => statuses.filter(status => status === each).length)).toEqual([10, 30])
  await world.close()
})

test('the console is served on this machine over plain HTTP, elsewhere over TLS only, and its page loads scripts and styles from its own host only', async () => {
  const world = await startWorld('sqlite')
  const { url } = world.app
  for (const path of ['/console', '/console/apps/any/users']) {
    const page = await fetch(`${url}${path}`)
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      expect.stringContaining('<div id="app">'),
    ])
    expect(page.headers.get('content-security-policy')).toContain(
      `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws://${new URL(url).host}`,
    )
  }
  const elsewhere = await underHost(url, 'chat.example.com')
  expect(elsewhere).toEqual({ status: 403, body: expect.stringContaining('over TLS only') as string })
  for (const path of ['/console/assets/none.js', '/consoles']) expect((await fetch(`${url}${path}`)).status).toBe(404)
  await world.close()
})

test('a trusted proxy that ends TLS may serve the console', async () => {
  const world = await startWorld('sqlite', { trustProxy: '127.0.0.1' })
  const headers = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'chat.example.com' }
  const page = await fetch(`${world.app.url}/console`, { headers })
  expect(page.headers.get('content-security-policy')).toContain('wss://chat.example.com')
  expect(page.status).toBe(200)
  const plain = await fetch(`${world.app.url}/console`, { headers: { ...headers, 'x-forwarded-proto': 'http' } })
  expect(plain.status).toBe(403)
  await world.close()
})

test('with --console off no console is served', async () => {
  const world = await startWorld('sqlite', { console: 'off' })
  const code = await issueCode(world.app.db, Date.now())
  expect((await fetch(`${world.app.url}/console`)).status).toBe(404)
  expect((await fetch(`${world.app.url}/console/session`, { method: 'POST', body: JSON.stringify({ Code: code }) })).status).toBe(404)
  await world.close()
})

test('the link to the console names a host that a browser reaches', () => {
  const where = { host: '127.0.0.1', port: 8080, tls: true, tlsPort: 8443, publicWsHost: undefined }
  expect(consoleUrl(where)).toBe('http://127.0.0.1:8080/console')
  expect(consoleUrl({ ...where, host: '0.0.0.0' })).toBe('http://localhost:8080/console')
  expect(consoleUrl({ ...where, host: '::1' })).toBe('http://[::1]:8080/console')
  expect(consoleUrl({ ...where, host: '192.0.2.7' })).toBe('https://192.0.2.7:8443/console')
  expect(consoleUrl({ ...where, host: '0.0.0.0', publicWsHost: 'chat.example.com' })).toBe('https://chat.example.com/console')
})
