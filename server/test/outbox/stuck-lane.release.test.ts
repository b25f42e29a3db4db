import { expect, test } from 'vitest'
import { besideStuckLane } from '../../../bench/streaming/stuck.ts'

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

// The machine does other things too: `npm run bench -- stuck-lane` has the precise figures.
test('beside a lane that has been stuck for an hour with 100,000 entries, sends, other lanes and memory are as before', async () => {
  const figures = await besideStuckLane({ entries: 100_000, seconds: 1, rounds: 5 })
  const [empty, stuck] = [...figures.values()]
  const ratios = stuck!.map((one, round) => one.microseconds / empty![round]!.microseconds)
  expect(median(ratios)).toBeLessThan(1.4)
  const other = [empty, stuck].map(all => median(all!.map(one => one.other)))
  expect(other[1]).toBeLessThan(3 * other[0]! + 100)
  const memory = [empty, stuck].map(all => median(all!.map(one => one.mebibytes)))
  expect(memory[1]! - memory[0]!).toBeLessThan(60)
})
