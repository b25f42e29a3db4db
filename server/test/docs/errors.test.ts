import { expect, test } from 'vitest'
import { errorsPage } from './errors-page.ts'

test('docs/errors.md lists every error of the sources with its reasons', async () => {
  await expect(await errorsPage()).toMatchFileSnapshot('../../../docs/errors.md')
})

test('every error says why, but that of a fault of the server, and those of the validation where the sentence says it all', async () => {
  const lines = (await errorsPage()).split('\n')
  const silent = lines.filter(line => /\| –\s+\|$/.test(line) && !line.includes('validation error') && !line.includes('unexpected error'))
  expect(lines.length).toBeGreaterThan(200)
  expect(silent).toEqual([])
})
