import type { Route } from 'playwright-core'
import { expect, test } from 'vitest'
import { hasBrowser } from '../support/browser.ts'
import { decoded } from './repeated.ts'
import { startConsole, startWithChannels } from './scene.ts'

test.skipIf(!hasBrowser)(
  'Back shows the beginning of a long list at once, and does not move an operator who scrolls before the rest is there',
  async () => {
    const { page, table, signIn, open } = await startWithChannels(120)
    await signIn()
    await open()
    await page.getByText('120 entries', { exact: true }).waitFor()
    await table.evaluate(rows => rows.scrollTo(0, 3000))
    await table.getByRole('link', { name: 'Channel 70', exact: true }).click()
    await page.getByText('Write the first one below.').waitFor()
    const held: Route[] = []
    await page.route(/next-token=/, route => void held.push(route))
    await page.goBack()
    await expect.poll(() => held.length).toBe(1)
    await table.getByRole('link').first().waitFor()
    await table.evaluate(rows => rows.scrollTo(0, 1000))
    await expect.poll(() => table.getByRole('row').nth(1).getAttribute('aria-rowindex')).toBe('16')
    await page.unrouteAll()
    await page.getByText('120 entries', { exact: true }).waitFor()
    expect(await table.evaluate(rows => rows.scrollTop)).toBe(1000)

    // After a search without a result the list begins at its top, with rows there.
    await table.evaluate(rows => rows.scrollTo(0, 3000))
    await table.getByRole('link', { name: 'Channel 70', exact: true }).waitFor()
    await page.getByRole('searchbox').fill('nowhere')
    await page.getByText('Nothing matches the search').waitFor()
    await page.getByRole('searchbox').fill('')
    await table.getByRole('link').first().waitFor()
    expect(await table.getByRole('row').nth(1).getAttribute('aria-rowindex')).toBe('2')

    // Where nothing else reads the list on, Back loads it as far as it was scrolled.
    await page.getByRole('button', { name: 'Last activity first' }).click()
    await table.evaluate(rows => rows.scrollTo(0, 3000))
    await table.getByRole('link', { name: 'Channel 70', exact: true }).click()
    await page.getByText('Write the first one below.').waitFor()
    await page.goBack()
    await table.getByRole('link', { name: 'Channel 70', exact: true }).waitFor()
    expect(await table.evaluate(rows => rows.scrollTop)).toBe(3000)
  },
)

test.skipIf(!hasBrowser)('Back leads to a list as it was, although many other pages were opened before and after it', async () => {
  const { page, table, nav, signIn } = await startWithChannels(3)
  await signIn()
  /** Opens lists of users, each on a page of its own. */
  const visit = async (from: number, to: number) =>
    page.evaluate(`(async () => {
        for (let number = ${from}; number <= ${to}; number++) {
          const link = document.createElement('a')
          link.href = '/console/apps/other-' + number + '/users'
          document.body.append(link)
          link.click()
          link.remove()
          await new Promise(resolve => setTimeout(resolve, 20))
        }
      })()`)
  await visit(1, 220)
  await nav('App instances')
  await page.getByRole('link', { name: 'test' }).click()
  await page.getByRole('searchbox').fill('Channel 2')
  await page.getByText('1 of 3 entries').waitFor()
  await visit(221, 260)
  await page.evaluate('history.go(-40)')
  await table.getByRole('link', { name: 'Channel 2' }).waitFor()
  expect(await page.getByRole('searchbox').inputValue()).toBe('Channel 2')
})

test.skipIf(!hasBrowser)(
  'after signing out nothing of the session is left in the page, which says why the operator was signed out',
  async () => {
    const { page, code, table, signIn, open } = await startWithChannels(1)
    await signIn()
    await open()
    await table.getByRole('link', { name: 'Channel 1' }).click()
    const field = page.getByPlaceholder('Message as ann')
    await field.fill('not for the next operator')
    const signInAgain = async () => {
      await page.getByLabel('Link or code').fill(await code())
      await page.getByRole('button', { name: 'Sign in', exact: true }).first().click()
      await field.waitFor()
    }
    await page.getByRole('button', { name: 'Sign out' }).click()
    await signInAgain()
    expect(await field.inputValue()).toBe('')

    await field.fill('not for the next operator')
    await page.route(/\/messages$/, route => route.fulfill({ status: 403, headers: { 'x-amzn-errortype': 'ExpiredTokenException' } }))
    await field.press('Enter')
    await page.getByText('Your credentials have ended.').waitFor()
    await signInAgain()
    expect(await field.inputValue()).toBe('')
    await page.reload()
    await page.getByLabel('Link or code').waitFor()
    expect(await page.getByText('Your credentials have ended.').count()).toBe(0)
  },
)

test.skipIf(!hasBrowser)('a list that is loaded again while a page of it is on the way loads each page once', async () => {
  const { world, page, signIn, tab } = await startConsole()
  await world.appInstance(
    Array.from({ length: 120 }, (_, index) => `user-${index}`),
    { admins: ['ann'] },
  )
  await signIn()
  await page.getByRole('main').getByRole('link', { name: 'test' }).click()
  await tab('Users')
  await page.getByRole('table', { name: 'Users' }).getByRole('link').first().waitFor()
  let first = 0
  page.on('request', request => {
    if (decoded(request)?.name === 'ListAppInstanceUsers' && !request.url().includes('next-token=')) first++
  })
  const held: Route[] = []
  await page.route(/app-instance-users\?/, async route => {
    if (route.request().method() === 'GET') held.push(route)
    else await route.continue()
  })
  await page.getByRole('searchbox').fill('user')
  await expect.poll(() => held.length).toBe(1)
  await page.getByRole('button', { name: 'Create a user' }).click()
  await page.getByRole('dialog').getByLabel('User id').fill('new')
  await page.getByRole('dialog').getByLabel('Name').fill('A new user')
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await expect.poll(() => held.length).toBe(2)
  const answered = page.waitForEvent('requestfinished', request => request.url().includes('next-token='))
  await held[0]!.continue()
  await answered
  await page.unroute(/app-instance-users\?/)
  expect(await page.getByText(/^\d+ of \d+ entries$/).textContent()).toBe('122 of 122 entries')
  expect(first).toBe(1)
})
