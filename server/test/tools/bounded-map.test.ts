import { expect, test } from 'vitest'
import { BoundedMap } from '../../src/tools/bounded-map.ts'

test('a full map removes the least recently read or set entry', () => {
  const map = new BoundedMap<string, number>(3)
  map.set('a', 1).set('b', 2).set('c', 3)
  expect(map.get('a')).toBe(1)
  map.set('b', 4)
  map.set('d', 5)
  expect([...map]).toEqual([
    ['a', 1],
    ['b', 4],
    ['d', 5],
  ])
  expect(map.get('nothing')).toBeUndefined()
  expect(map.size).toBe(3)
})
