import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasBrowser, newPage } from '../support/browser.ts'
import { Program, root, run, temporaryFolder } from '../support/process.ts'

test.skipIf(!hasBrowser)('npm start prints a link, and one click behind it creates a channel with a message', async () => {
  const { code, stdout, stderr } = await run(process.execPath, [join(root, 'scripts/first-minute.ts'), '--here'], { cwd: root })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout.match(/ s {2}.+/g)).toEqual([
    ' s  npm start, until it prints the link',
    ' s  the console in the browser, signed in',
    ' s  a channel with a message in it, after one click',
    ' s  in all',
  ])
})

test.skipIf(!hasBrowser)('npm run demo prints a link to the console, where its channels and messages are three clicks away', async () => {
  const data = join(await temporaryFolder(), 'demo')
  const demo = new Program('npm', ['run', 'demo', '--', '--data', data, '--port', '0', '--tls-port', '0'], { cwd: root })
  const link = await demo.printed(/^# The console in the browser: (\S+)/m)
  const page = await newPage(join(data, 'ca.pem'))
  await page.goto(link)
  await page.getByRole('main').getByRole('link', { name: 'demo' }).click()
  await page.getByRole('link', { name: 'support' }).waitFor()
  await page.getByRole('link', { name: 'general' }).click()
  await page.getByRole('log').getByText('Welcome to general!').waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)
})
