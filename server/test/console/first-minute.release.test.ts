import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasBrowser } from '../support/browser.ts'
import { root, run } from '../support/process.ts'

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
