import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Route } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { hasBrowser } from '../support/browser.ts'
import { decoded } from './repeated.ts'
import { startConsole, startWithChannels } from './scene.ts'

const isAway = 'The server does not answer. The page asks again'

test.skipIf(!hasBrowser)(
  'a list that is read to its end for an order is read on when the server is back, and when it is tried again after a refusal',
  async () => {
    const { page, signIn, open, nav } = await startWithChannels(120)
    await signIn()
    await page.route(/next-token=/, route => route.abort())
    await open()
    await page.getByText(isAway).waitFor()
    await page.unrouteAll()
    await page.getByText('120 entries', { exact: true }).waitFor()
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0)

    // After a refusal, of a later page or of the first one, the operator tries again.
    for (const pages of [/next-token=/, /\/channels\?/]) {
      await nav('Overview')
      await page.route(pages, route => route.fulfill({ status: 403, headers: { 'x-amzn-errortype': 'ForbiddenException' } }))
      await open()
      await page.getByText('The server answers with status 403.').waitFor()
      await page.unrouteAll()
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByText('120 entries', { exact: true }).waitFor()
    }
  },
)

/** The address of a server that treats each request like this. */
async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test.skipIf(!hasBrowser)('an answer that is cut in its body counts as no answer: the page asks again, and shows the list', async () => {
  const { world, page, signIn, nav } = await startConsole()
  await world.appInstance()
  const url = await listening((_, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('{"AppInstances":[', () => response.destroy())
  })
  await signIn(world.app.url)
  await page.getByText('Ready.').waitFor()
  await page.route(/app-instances/, route => route.continue({ url }))
  await nav('App instances')
  await page.getByText(isAway).waitFor()
  expect(await page.getByRole('alert').allTextContents()).toEqual([expect.stringContaining('The server does not answer.')])
  await page.unrouteAll()
  await page.getByRole('table', { name: 'App instances' }).getByRole('link', { name: 'test' }).waitFor()
})

test.skipIf(!hasBrowser)('while the server is away, one request at a time asks whether it is back', async () => {
  const { world, page, signIn, nav } = await startConsole()
  await signIn(world.app.url)
  await page.getByText('Ready.').waitFor()
  let [asked, pending, most] = [0, 0, 0]
  const url = await listening((_, response) => {
    asked++
    most = Math.max(most, ++pending)
    response.on('close', () => pending--)
  })
  // The browser itself asks for the icon too.
  await page.route(/icon\.svg/, route => route.continue(route.request().resourceType() === 'fetch' ? { url } : {}))
  await page.route(/app-instances/, route => route.abort())
  await nav('App instances')
  await page.getByText(isAway).waitFor()
  await expect.poll(() => asked).toBe(2)
  expect(most).toBe(1)
  await page.unrouteAll()
  await page.getByText('No app instances').waitFor()
})

test.skipIf(!hasBrowser)('a page that was tried again while the server was away loads each of its parts once when it is back', async () => {
  const { page, signIn, open, nav } = await startWithChannels(1)
  await signIn()
  await nav('App instances')
  await page.getByRole('table', { name: 'App instances' }).getByRole('link', { name: 'test' }).waitFor()
  const sent: string[] = []
  page.on('request', request => sent.push(...(decoded(request) ? [decoded(request)!.name] : [])))
  await page.context().setOffline(true)
  await open()
  const again = page.getByRole('button', { name: 'Try again' })
  for (const part of [0, 1]) {
    for (let times = 1; times <= 3; times++) {
      const before = sent.length
      await again.nth(part).click()
      await expect.poll(() => sent.length).toBeGreaterThan(before)
      await again.nth(1).waitFor()
    }
  }
  sent.length = 0
  await page.context().setOffline(false)
  await page.getByRole('link', { name: 'Channel 1' }).waitFor()
  expect(sent.toSorted()).toEqual(['DescribeAppInstance', 'ListAppInstanceAdmins', 'ListChannels'])
})

test.skipIf(!hasBrowser)('a channel whose messages cannot be loaded is not shown as empty, and shows them when they can be', async () => {
  const { page, signIn, open } = await startWithChannels(1)
  await signIn()
  await open()
  await page.route(/\/messages\?/, route => route.fulfill({ status: 429, headers: { 'x-amzn-errortype': 'ThrottledClientException' } }))
  await page.getByRole('link', { name: 'Channel 1' }).click()
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByRole('alert').waitFor()
  expect(await page.getByText('No messages yet').count()).toBe(0)
  await page.unrouteAll()
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click()
  await page.getByText('No messages yet').waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)

  // Without an answer the page tries again by itself, although the socket is there.
  await page.goBack()
  await page.route(/\/messages\?/, route => route.abort())
  await page.getByRole('link', { name: 'Channel 1' }).click()
  await page.getByText(isAway).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  await page.unrouteAll()
  await page.getByText('No messages yet').waitFor()
})

test.skipIf(!hasBrowser)('the list of requests asks for new ones when the last answer is there, not before', async () => {
  const { page, signIn, nav } = await startConsole()
  await page.clock.install()
  await signIn()
  await page.getByText('Ready.').waitFor()
  const held: Route[] = []
  await page.route(/recent-calls/, route => void held.push(route))
  await nav('Requests')
  await expect.poll(() => held.length).toBe(1)
  await page.clock.runFor(5000)
  expect(held.length).toBe(1)
  await held[0]!.continue()
  await page.getByRole('button', { name: 'ListAppInstances' }).first().waitFor()
  await page.clock.runFor(1000)
  await expect.poll(() => held.length).toBe(2)
})

test.skipIf(!hasBrowser)('why the example could not be created stays on the overview', async () => {
  const { page, signIn } = await startConsole()
  await signIn()
  await page.route(/\/app-instances$/, route => route.fulfill({ status: 403, headers: { 'x-amzn-errortype': 'ForbiddenException' } }))
  await page.getByRole('button', { name: 'Create an example' }).click()
  const alert = page.getByRole('alert').getByText('The server answers with status 403.')
  await alert.waitFor()
  for (let polls = 1; polls <= 2; polls++) await page.waitForResponse(/\/server(?:\?|$)/)
  expect(await alert.count()).toBe(1)
})
