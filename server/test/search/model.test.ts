import { expect, test } from 'vitest'
import { onBothDatabases } from '../support/world.ts'
import { compareWithLists, searches } from './model.ts'

onBothDatabases(
  'SearchMessages',
  world => {
    test('finds what the lists of messages show, whatever happens to messages at the same time', async () => {
      expect(await compareWithLists(world(), { rounds: 10, seed: 1 })).toBe(3 * searches.length)
    })
  },
  { search: 'on' },
)
