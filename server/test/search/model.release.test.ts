import { expect, test } from 'vitest'
import { onBothDatabases } from '../support/world.ts'
import { compareWithLists, searches } from './model.ts'

onBothDatabases(
  'SearchMessages',
  world => {
    test.each([2, 3, 4])('finds what the lists of messages show, in a long run with seed %i', async seed => {
      expect(await compareWithLists(world(), { rounds: 100, seed })).toBe(3 * searches.length)
    })
  },
  { search: 'on' },
)
