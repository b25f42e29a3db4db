import { expect, test } from 'vitest'
import { errorsPage } from './errors-page.ts'

test('docs/errors.md lists every error of the sources with its reasons', async () => {
  await expect(await errorsPage()).toMatchFileSnapshot('../../../docs/errors.md')
})

test('every error of the API says why, but a fault of the server, and the validation where its sentence says it all', async () => {
  // Those of STS have a Message only, as on Amazon.
  const sections = (await errorsPage()).split('\n## ').filter(section => /^\d{3} \w+Exception\n/.test(section))
  const silent = sections
    .flatMap(section => section.split('\n'))
    .filter(line => /\| –\s+\|$/.test(line) && !line.includes('validation error') && !line.includes('unexpected error'))
  expect(sections.length).toBeGreaterThan(15)
  expect(silent).toEqual([])
})
