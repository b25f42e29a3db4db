import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasBrowser, newPage } from '../support/browser.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { freePort } from '../support/ports.ts'
import { servePage } from '../support/web-page.ts'
import { keyVariables, main, Program, root, rootKey, run, serveTls, temporaryFolder } from '../support/process.ts'

const identityPool = 'us-east-1:0b7c9d3e-0000-4000-8000-000000000001'

/** The one call of a user pool that the page makes; its tokens are those of an issuer. */
async function userPool(issuer: OidcIssuer, password: string): Promise<string> {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('access-control-allow-origin', '*').setHeader('access-control-allow-headers', 'content-type, x-amz-target')
    if (request.method === 'OPTIONS') return response.end()
    const { AuthParameters } = (await json(request)) as { AuthParameters: Record<string, string> }
    if (AuthParameters['PASSWORD'] !== password) return response.writeHead(400).end('{"message":"Incorrect username or password."}')
    const claims = { name: AuthParameters['USERNAME'] }
    const IdToken = await issuer.token('bob', { issuer: `${address()}/local_pool`, claims })
    return response.end(JSON.stringify({ AuthenticationResult: { IdToken } }))
  }
  const pool = createServer((request, response) => void answer(request, response).catch(() => response.destroy())).listen(0, 'localhost')
  const address = () => `http://localhost:${(pool.address() as AddressInfo).port}`
  onTestFinished(() => void pool.close())
  await once(pool, 'listening')
  return `${address()}/local_pool`
}

describe.skipIf(!hasBrowser)('the page of docs/credentials-for-a-browser.md, in Chromium', () => {
  test('logs in by a back end, by POST /creds and by an identity pool, and chats as that user', async () => {
    const issuer = await OidcIssuer.start()
    onTestFinished(() => issuer.close())
    const data = await temporaryFolder()
    const [port, tlsPort, backendPort] = [await freePort(), await freePort(), await freePort()]
    const VITE_ISSUER = await userPool(issuer, 'wonderland')
    const start = async (...flags: string[]) => {
      const server = serveTls(['--port', String(port), '--tls-port', String(tlsPort), '--data', data, ...flags], { env: keyVariables })
      return { server, url: await server.url() }
    }
    const { server, url } = await start()
    const env = {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: rootKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
      AWS_CONFIG_FILE: '/dev/null',
    }
    const made = async (user: string) => {
      const { stdout } = await run(process.execPath, [join(root, 'examples/login/user.mjs'), user], { env })
      return /^export VITE_APP_INSTANCE=(\S+)\n$/.exec(stdout)![1]!
    }
    const VITE_APP_INSTANCE = await made('alice')
    const role = async (name: string, variable: string, ...flags: string[]) => {
      const args = ['roles', 'create', name, '--user', `${VITE_APP_INSTANCE}/user/\${${variable}}`, '--data', data, ...flags]
      return (await run(process.execPath, [main, ...args])).stdout.trim()
    }
    const ROLE_ARN = await role('chat', 'aws:PrincipalTag/UserUUID', '--tags', 'UserUUID')
    await role('login', 'cognito-identity.amazonaws.com:sub', '--issuer', VITE_ISSUER, '--audience', 'web')
    server.kill('SIGTERM')
    await server.exit()
    const ofLogins = ['--oidc-issuer', VITE_ISSUER, '--oidc-audience', 'web', '--oidc-jwks', `${issuer.url}/keys`]
    const ofExchange = ['--exchange-role', 'login', '--exchange-app-instance', VITE_APP_INSTANCE]
    await start(...ofLogins, ...ofExchange, '--identity-pool', identityPool, '--identity-pool-role', 'login')

    const places = { VITE_APP_INSTANCE, VITE_ISSUER, VITE_CLIENT_ID: 'web', VITE_ENDPOINT: url, VITE_IDENTITY_POOL: identityPool }
    Object.assign(process.env, places, { VITE_BACKEND: `http://localhost:${backendPort}` })
    const web = await servePage(join(root, 'examples/login'))
    onTestFinished(() => web.close())
    const PAGE_ORIGIN = web.url.replace(/\/$/, '')
    const backend = new Program(process.execPath, [join(root, 'examples/login/backend.mjs')], {
      env: { ...env, ROLE_ARN, PAGE_ORIGIN, PORT: String(backendPort) },
    })
    await backend.printed(/^http:/m)

    const page = await newPage(join(data, 'ca.pem'))
    const lines = async () => page.getByRole('listitem').allTextContents()
    /** What the page shows, until the end that is expected. */
    const loggedIn = async (way: string, name: string, password: string, end: RegExp) => {
      await page.goto(PAGE_ORIGIN)
      await page.getByLabel('Name').fill(name)
      await page.getByLabel('Password').fill(password)
      await page.getByRole('button', { name: way }).click()
      await page.getByRole('listitem').getByText(end).waitFor()
      return lines()
    }
    const chatting = (user: string) => [`Logged in as ${VITE_APP_INSTANCE}/user/${user}`, 'Connected', 'Heard: Hello!']
    expect(await loggedIn('By a back end', 'alice', 'guessed', /Wrong/)).toEqual(['Wrong name or password'])
    expect(await loggedIn('By a back end', 'alice', 'wonderland', /^Heard/)).toEqual(chatting('alice'))
    expect(await loggedIn('By POST /creds', 'Bob', 'guessed', /Incorrect/)).toEqual(['Incorrect username or password.'])
    expect(await loggedIn('By POST /creds', 'Bob', 'wonderland', /^Heard/)).toEqual(chatting('bob'))
    const [first = ''] = await loggedIn('By an identity pool', 'Bob', 'wonderland', /^Closed/)
    const identity = /^Logged in as \S+\/user\/(us-east-1:[0-9a-f-]{36})$/.exec(first)?.[1]
    expect(identity).toBeDefined()
    expect(await made(`${VITE_APP_INSTANCE}/user/${identity}`)).toBe(VITE_APP_INSTANCE)
    expect(await loggedIn('By an identity pool', 'Bob', 'wonderland', /^Heard/)).toEqual(chatting(identity!))
  })
})
