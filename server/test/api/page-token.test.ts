import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { PageTokens } from '../../src/api/page-token.ts'

test('a NextToken begins with a letter, because command lines read a text that begins with - as an option', () => {
  const tokens = new PageTokens(randomBytes(32))
  for (let cursor = 0; cursor < 300; cursor++) {
    const token = tokens.seal(['list'], [cursor])
    expect(token).toMatch(/^[a-z][\w-]+$/)
    expect(tokens.open(['list'], token)).toEqual([cursor])
  }
})
