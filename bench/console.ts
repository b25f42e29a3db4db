import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { chromium, type Page } from 'playwright-core'
import { appInstanceArn, channelArn, membersByChannel, userArn } from './support/fill.ts'
import { load } from './support/load.ts'
import { counting, loading, medianOf, ratioOf, type Measured } from './support/measured.ts'
import { messagesOf } from './support/messages.ts'
import { Report } from './support/report.ts'
import { inRounds, rounded, spread } from './support/rounds.ts'
import { openSite, type Site } from './support/server.ts'
import { rootKey, signedGet, signedPost } from './support/signed.ts'

const { pathname: app } = new URL(`x:/console/apps/${encodeURIComponent(appInstanceArn).replaceAll('%3A', ':')}`)

/** The pages of the console that send requests all the time, and one that does not. */
const pages = {
  'no page is live': '/console/access/try',
  overview: '/console',
  requests: '/console/requests',
  'a channel': `${app}/channels/${channelArn(1).split('/').at(-1)}`,
}

/** Signs in with the root key, as an operator may. */
async function signIn(page: Page, { server }: Site) {
  await page.goto(`${server.url}/console`)
  await page.getByText('Sign in with an access key').click()
  await page.getByLabel('Access key ID').fill(rootKey.accessKeyId)
  await page.getByLabel('Secret access key').fill(rootKey.secretAccessKey)
  await page.locator('details').getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Console' }).waitFor()
}

/** Opens a page of the console without reloading it, and waits until it has shown its content. */
async function show(page: Page, path: string) {
  await page.evaluate(`history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`)
  await setTimeout(1500)
}

/** Messages to channels in which nobody is connected, with each page of the console open in turn: what the console costs the server. */
export async function consoleOpen(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rooms: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '5' },
    },
  })
  const rooms = Number(values.rooms)
  const shape = { users: rooms * 20, channels: rooms, each: 1, large: 1 }
  const report = new Report('console', values)
  const site = await openSite(shape)
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
  try {
    // The console acts as an AppInstanceAdmin.
    const path = `/app-instances/${encodeURIComponent(appInstanceArn)}/admins`
    const admin = signedPost(site.server.url, path, JSON.stringify({ AppInstanceAdminArn: userArn(1) }), userArn(1))
    await load(site.server.url, () => admin, { seconds: 0.1, connections: 1 })
    const page = await browser.newPage()
    await signIn(page, site)
    const messageOf = messagesOf(site.server.url, membersByChannel(shape))
    let number = 1
    const measured = async (path: string): Promise<Measured> => {
      await show(page, path)
      const costOf = counting(site)
      const result = await load(site.server.url, () => messageOf(number++), { seconds: Number(values.seconds), connections: 32 })
      return { ...result, ...costOf(result.requests) }
    }
    const kinds = Object.fromEntries(Object.entries(pages).map(([name, path]) => [name, async () => measured(path)]))
    const figures = await inRounds(kinds, Number(values.rounds))
    const without = figures.get('no page is live')!
    const rows = [...figures].map(([name, all]) => ({
      'what is open': name,
      'CPU µs a message': medianOf(all, one => one.microseconds, 1),
      'against none': rounded(ratioOf(all, without, 3), 3),
      spread: spread(
        all.map((one, round) => one.microseconds / without[round]!.microseconds),
        2,
      ),
      'messages/s': medianOf(all, one => one.requests / one.seconds),
    }))
    report.table('CPU of the server for a message, with a page of the console open', rows)
    // The requests of the pages alone, once a second and once in two, without the noise of a loaded machine.
    const asked = {
      ListRecentCalls: ['/carillon/recent-calls', { 'max-results': '100' }],
      DescribeServer: ['/carillon/server', {}],
    } as const
    const calls = Object.fromEntries(
      Object.entries(asked).map(([name, [path, query]]) => [
        name,
        async () => {
          await load(site.server.url, () => messageOf(number++), { seconds: 0.5, connections: 32 })
          return loading(site, [await signedGet(site.server.url, path, query, userArn(1))], 0.5)()
        },
      ]),
    )
    const costs = await inRounds<Measured>(calls, Number(values.rounds))
    const called = [...costs].map(([name, all]) => ({
      call: name,
      'CPU µs': medianOf(all, one => one.microseconds),
      'body bytes': all[0]!.bodyBytes,
    }))
    report.table('what the pages ask for', called)
    await report.keep()
  } finally {
    await browser.close()
    await site.close()
  }
}
