import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { issueCode } from '../../src/console/codes.ts'
import { newPage } from '../support/browser.ts'
import { startWorld } from '../support/world.ts'

/** The links with which a test moves about in the console. */
export const linksOf = (page: Page) => ({
  nav: async (name: string) => page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name }).click(),
  tab: async (name: string) => page.getByRole('navigation', { name: 'Parts of this page' }).getByRole('link', { name }).click(),
})

/** A server and a browser; `signIn` opens the console in it. Both are closed with the test. */
export async function startConsole(settings: Record<string, string> = {}) {
  const world = await startWorld('sqlite', { tls: 'on', ...settings })
  onTestFinished(() => world.close())
  const page = await newPage(join(world.folder, 'ca.pem'))
  const origin = world.app.tlsUrl!
  const code = async () => issueCode(world.app.db, world.now())
  /** The errors that the code of the page has not caught. */
  const faults: string[] = []
  page.on('pageerror', ({ message }) => faults.push(message))
  const signIn = async (at = origin) => page.goto(`${at}/console#code=${await code()}`)
  return { world, page, origin, code, faults, signIn, ...linksOf(page) }
}

/** The console with an app instance named test, its AppInstanceAdmin ann and that many channels; `open` leads from the overview to them. */
export async function startWithChannels(count: number) {
  const started = await startConsole()
  const { messaging, appInstance } = started.world
  const { arn: AppInstanceArn, user } = await appInstance([], { admins: ['ann'] })
  for (let number = 1; number <= count; number++)
    await messaging.createChannel({ AppInstanceArn, Name: `Channel ${number}`, ChimeBearer: user('ann') })
  const open = async () => started.page.getByRole('main').getByRole('link', { name: 'test' }).click()
  return { ...started, table: started.page.getByRole('table', { name: 'Channels' }), open }
}
