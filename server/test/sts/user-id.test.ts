import { assert, constantFrom, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { userIdOf } from '../../src/sts/user-id.ts'

const pattern = /^[A-Za-z0-9](?:[A-Za-z0-9:_.@-]{0,62}[A-Za-z0-9])?$/

/** The text of an id that has been escaped, or that is its own text. */
const textOf = (id: string) =>
  id.startsWith('x:')
    ? decodeURIComponent(
        id
          .slice(2)
          .replaceAll('%', '%25')
          .replaceAll(/:([0-9A-F]{2})/g, '%$1'),
      )
    : id

const near = string({ unit: constantFrom('x', ':', '7', 'C', '|', '_', '-', '.', '@', 'ä', '%', 's'), minLength: 1, maxLength: 30 })

test('every text has a valid user id, and an escaped one can be read back, so two texts never share one', () => {
  assert(
    property(oneof(near, string({ unit: 'binary', minLength: 1, maxLength: 100 })), text => {
      const id = userIdOf(text)
      const isItsOwn = pattern.test(text) && !/^(?:x|sha256):/.test(text)
      const isHashed = /^sha256:[a-z2-7]{52}$/.test(id)
      expect(id).toMatch(pattern)
      expect({ isItsOwn: id === text, text: isHashed ? text : textOf(id) }).toEqual({ isItsOwn, text })
    }),
    { numRuns: 2000 },
  )
})
