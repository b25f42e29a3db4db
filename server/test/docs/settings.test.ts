import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { variableOf } from '../../src/settings/config.ts'
import { settings } from '../../src/settings/settings.ts'
import { root } from '../support/process.ts'

const page = readFileSync(join(root, 'docs/operating.md'), 'utf8')
const rows = page.split('\n').filter(line => line.startsWith('| '))

/** Whether a row of the table has that flag, or the flag that turns a switch off, and that variable. */
const hasRow = (flag: string) => rows.some(row => new RegExp(`\`--(?:no-)?${flag}\``).test(row) && row.includes(variableOf(flag)))

test('docs/operating.md has a row for every setting of the server, with its flag and its variable', () => {
  // The limits and the rates are listed by `serve --help`.
  const flags = Object.values(settings).map(({ flag }) => flag)
  const missing = flags.filter(flag => !/^(?:limit|rate)-/.test(flag) || flag === 'rate-limits').filter(flag => !hasRow(flag))
  expect(missing).toEqual([])
})
