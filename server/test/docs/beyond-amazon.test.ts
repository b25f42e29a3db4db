import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { carillon } from '../../src/contract/carillon/index.ts'
import { root } from '../support/process.ts'

const page = readFileSync(join(root, 'docs/beyond-amazon.md'), 'utf8')

test('docs/beyond-amazon.md has a row for every operation that Amazon does not have, with its route', () => {
  const routes = Object.entries(carillon).map(([name, { method, path }]) => `| \`${name}\` <br> \`${method} ${path}`)
  expect(routes.filter(route => !page.includes(route))).toEqual([])
})
