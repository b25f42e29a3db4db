import { expect, test } from 'vitest'
import type { ChannelEvent } from '../../src/events/events.ts'
import { CommitOrder } from '../../src/store/commit-order.ts'

const event = (channelId: number, text: string): ChannelEvent => ({ type: 'UPDATE_CHANNEL', channelId, subChannelId: 0, payload: { text } })

function told() {
  const texts: string[] = []
  const order = new CommitOrder(heard => texts.push('payload' in heard ? String(heard.payload['text']) : heard.type))
  return { texts, order }
}

test('the events of a channel are told in the order in which its transactions have spoken, whoever is answered first', () => {
  const { texts, order } = told()
  const [first, second, third] = [order.begin(), order.begin(), order.begin()]
  first.add(event(1, 'first'))
  first.add(event(1, 'and more'))
  second.add(event(1, 'second'))
  third.add(event(1, 'third'))
  third.end('committed')
  second.end('committed')
  expect(texts).toEqual([])
  first.end('committed')
  expect(texts).toEqual(['first', 'and more', 'second', 'third'])
})

test('a transaction that is undone tells nothing and holds nobody up', () => {
  const { texts, order } = told()
  const [first, second] = [order.begin(), order.begin()]
  first.add(event(1, 'undone'))
  first.add({ type: 'user-deleted', userId: 1 })
  second.add(event(1, 'second'))
  second.end('committed')
  first.end('undone')
  expect(texts).toEqual(['second'])
})

test('channels wait for themselves only, and who is gone is told with the commit', () => {
  const { texts, order } = told()
  const [first, second] = [order.begin(), order.begin()]
  first.add(event(1, 'of channel 1'))
  second.add(event(2, 'of channel 2'))
  second.add(event(1, 'later of channel 1'))
  second.add({ type: 'user-deleted', userId: 1 })
  second.end('committed')
  expect(texts).toEqual(['of channel 2', 'user-deleted'])
  first.end('committed')
  expect(texts).toEqual(['of channel 2', 'user-deleted', 'of channel 1', 'later of channel 1'])
})
