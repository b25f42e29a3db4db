import { expect, test } from 'vitest'
import { CommitOrder } from '../../src/database/commit-order.ts'

function followed() {
  const texts: unknown[] = []
  const order = new CommitOrder(what => texts.push(what))
  return { texts, order }
}

test('what follows from the transactions of a channel keeps their order, whichever commits first', () => {
  const { texts, order } = followed()
  const [first, second, third] = [order.begin(), order.begin(), order.begin()]
  first.add('first', 1)
  first.add('and more', 1)
  second.add('second', 1)
  third.add('third', 1)
  third.end('committed')
  second.end('committed')
  expect(texts).toEqual([])
  first.end('committed')
  expect(texts).toEqual(['first', 'and more', 'second', 'third'])
})

test('nothing follows from a transaction that is rolled back, and it delays no other', () => {
  const { texts, order } = followed()
  const [first, second] = [order.begin(), order.begin()]
  first.add('undone', 1)
  first.add('elsewhere', undefined)
  second.add('second', 1)
  second.end('committed')
  first.end('undone')
  expect(texts).toEqual(['second'])
})

test('channels do not wait for each other, and what belongs to no channel follows with its commit', () => {
  const { texts, order } = followed()
  const [first, second] = [order.begin(), order.begin()]
  first.add('of channel 1', 1)
  second.add('of channel 2', 2)
  second.add('later of channel 1', 1)
  second.add('elsewhere', undefined)
  second.end('committed')
  expect(texts).toEqual(['of channel 2', 'elsewhere'])
  first.end('committed')
  expect(texts).toEqual(['of channel 2', 'elsewhere', 'of channel 1', 'later of channel 1'])
})
