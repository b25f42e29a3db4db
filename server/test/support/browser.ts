import axe from 'axe-core'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { patience } from './patience.ts'
import { shell, temporaryFolder } from './process.ts'

/** Debian's packages chromium and libnss3-tools. */
const [browser, certutil] = ['/usr/bin/chromium', '/usr/bin/certutil']
export const hasBrowser = [browser, certutil].every(existsSync)

/** In a container no sandbox is available; the other flags stop the browser from connecting to its maker. */
const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

/**
 * A page of a new Chromium that trusts this CA as its user would make it: by the certificate database of a home of its own. It is closed
 * with the test; when the test has failed, `carillon-browser.png` in the folder for temporary files shows the end.
 */
export async function newPage(ca: string): Promise<Page> {
  const home = await temporaryFolder()
  const folder = join(home, '.pki/nssdb')
  await mkdir(folder, { recursive: true })
  execFileSync(certutil, ['-d', `sql:${folder}`, '-N', '--empty-password'])
  execFileSync(certutil, ['-d', `sql:${folder}`, '-A', '-t', 'C,,', '-n', 'carillon', '-i', ca])
  const launched = await chromium.launch({ executablePath: browser, args: args.split(' '), env: shell({ HOME: home }), timeout: patience })
  const page = await launched.newPage()
  page.setDefaultTimeout(patience)
  onTestFinished(async ({ task }) => {
    const picture = { path: join(tmpdir(), 'carillon-browser.png'), timeout: 10_000 }
    if (task.result?.state === 'fail') await page.screenshot(picture).catch(() => {})
    // A request that is held or changed at this moment would fail, as an error of another test.
    const pages = launched.contexts().flatMap(context => context.pages())
    await Promise.all(pages.map(each => each.unrouteAll({ behavior: 'ignoreErrors' })))
    await launched.close()
  })
  return page
}

/** Another page of that browser, as another user of the machine has it. */
export async function pageBeside(page: Page): Promise<Page> {
  const other = await page.context().browser()!.newPage()
  other.setDefaultTimeout(patience)
  return other
}

/** What axe finds on the page in its current state, except what it calls minor. One rule that it leaves out by itself is asked for. */
export async function axeFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> }
    }
    const { violations } = await axe.run({ resultTypes: ['violations'], rules: { 'label-content-name-mismatch': { enabled: true } } })
    return violations
      .filter(({ impact }) => impact !== 'minor')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' ')}`)
  })
}
