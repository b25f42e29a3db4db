import { expect, onTestFinished, test } from 'vitest'
import { allowing, makeRole } from '../support/access.ts'
import { hasBrowser, axeFaults } from '../support/browser.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { startConsole } from './scene.ts'

test.skipIf(!hasBrowser)('an operator logs in to the console at an issuer in a browser, and no token remains there', async () => {
  const issuer = await OidcIssuer.start()
  onTestFinished(() => issuer.close())
  issuer.login = { sub: 'olga', claims: { groups: 'ops' } }
  const settings = { oidcIssuer: issuer.url, oidcAudience: 'web', consoleClient: 'console', consoleRole: 'operators' }
  const { world, page, origin, faults, nav } = await startConsole(settings)
  const condition = { StringEquals: { [`${new URL(issuer.url).host}:groups`]: 'ops' } }
  await makeRole(world, 'operators', {
    policy: allowing(['*', '*']),
    trust: { oidc: { issuer: issuer.url, audiences: ['console'], condition } },
  })
  const asked: string[] = []
  page.on('console', message => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('request', request => asked.push(`${request.resourceType()} ${new URL(request.url()).origin}`))
  await page.goto(`${origin}/console`)
  const logIn = page.getByRole('button', { name: `Log in at ${new URL(issuer.url).host}` })
  await logIn.waitFor()
  expect(await axeFaults(page)).toEqual([])
  await logIn.click()
  await page.getByText('Ready.').waitFor()
  expect(page.url()).toBe(`${origin}/console`)
  const left = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state])'
  expect(await page.evaluate<string>(left)).toBe('[{},{},"",null]')
  // The browser itself went to the issuer; the page has called its own host only.
  expect([...new Set(asked)].filter(each => each.endsWith(issuer.url))).toEqual([`document ${issuer.url}`])
  await nav('App instances')
  await page.getByText('No app instances').waitFor()
  expect(faults).toEqual([])

  // A proxy answers in place of the server, and the page goes on when the server is back.
  await page.route('**', async route => route.fulfill({ status: 502, body: 'Bad Gateway' }))
  await nav('Outbox')
  await page.getByText('The server does not answer. The page asks again').waitFor()
  await page.waitForResponse(/icon\.svg/)
  await page.unrouteAll()
  await page.getByText('No dead entries').waitFor()
  await page.getByText('The server does not answer').first().waitFor({ state: 'detached' })

  // The connection breaks while the browser logs in.
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.route('**/console/login', async route => (route.request().method() === 'POST' ? route.abort() : route.continue()))
  await logIn.click()
  await page.getByText('The server does not answer. Try again.').waitFor()
  await page.unrouteAll()
  await logIn.click()
  await page.getByText('Ready.').waitFor()

  // A login that the role does not trust, and a login that another window has begun.
  issuer.login = { sub: 'eve', claims: { groups: 'guests' } }
  await page.getByRole('button', { name: 'Sign out' }).click()
  await logIn.click()
  await page.getByText('it does not accept tokens of this issuer').waitFor()
  await page.goto(`${origin}/console/signed-in?code=stolen&state=guessed`)
  await page.getByText('This login was not started in this window').waitFor()
  expect(page.url()).toBe(`${origin}/console`)
  await page.goto(`${origin}/console/signed-in?error=access_denied&error_description=You+said+no`)
  await page.getByText('You said no').waitFor()
})
