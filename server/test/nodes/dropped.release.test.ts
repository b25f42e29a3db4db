import { expect, test } from 'vitest'
import { statement } from '../../src/database/database.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { Seam } from '../support/seam.ts'
import { listen } from '../support/sockets.ts'
import { comparison, contentsOf, dropping, figure, makeChannel, startNodes, until } from './two-nodes.ts'

test.skipIf(!hasNats)(
  'a message that NATS drops is delivered before its successor, and the last one with the next comparison',
  async () => {
    const nats = await startNats()
    const nodes = await startNodes([nats.url, await dropping(nats.port, () => 'dropped')])
    const { heard, say } = await makeChannel(nodes)
    await until(() => heard.events.length > 1)
    await say('first')
    await until(() => contentsOf(heard).length === 1)
    await say('dropped one')
    await say('second')
    await until(() => contentsOf(heard).includes('second'))
    expect(contentsOf(heard)).toEqual(['first', 'dropped one', 'second'])
    expect(await figure(nodes[1]!, 'carillon_bus_gaps_total')).toBeGreaterThan(0)
    await say('dropped, the last')
    await until(() => contentsOf(heard).length === 4)
    expect(contentsOf(heard).at(-1)).toBe('dropped, the last')
  },
)

test.skipIf(!hasNats)('a node that has missed more than 1,000 events of a channel closes its sockets, and hears what follows', async () => {
  const [nats, seam] = [await startNats(), new Seam()]
  const nodes = await startNodes([nats.url, await dropping(nats.port, () => 'dropped')], {}, { through: seam.through })
  // The channel is new to the node, which compares it with the database.
  const first = seam.hold(comparison)
  const { user, heard, say } = await makeChannel(nodes)
  await first.reached
  first.release()
  await say('first')
  await until(() => contentsOf(heard).length === 1)
  // A comparison meanwhile would find some of them.
  const held = seam.hold({ ...comparison, at: 'question' })
  for (let count = 0; count < 1020; count += 30)
    await Promise.all(Array.from({ length: 30 }, async (_, index) => say(`dropped ${count + index}`)))
  held.release()
  expect(await heard.closed).toEqual({ code: 1012, reason: 'Too much was missed' })
  expect(await figure(nodes[1]!, 'carillon_bus_lost_total')).toBe(1)
  const back = await listen(nodes[1]!.app, user('bob'))
  await say('after')
  await until(() => contentsOf(back).length === 1)
  expect(contentsOf(back)).toEqual(['after'])
})

test.skipIf(!hasNats)(
  'a client hears what is sent after PostgreSQL has lost the last messages of a channel, whose numbers it knows',
  async () => {
    const nats = await startNats()
    const nodes = await startNodes([nats.url, nats.url])
    const { user, ChannelArn, say } = await makeChannel(nodes)
    const heard = await listen(nodes[1]!.app, user('bob'), { sessionId: 'same' })
    for (const content of ['one', 'two', 'three']) await say(content)
    await until(() => contentsOf(heard).length === 3)
    // As on a standby that lacks them.
    const db = nodes[0]!.app.db
    const id = ChannelArn.split('/').at(-1)!
    await db.run(statement(`delete from messages where content in ('"two"', '"three"')`))
    await db.run(statement(`update channels set sequence = sequence - 2, counted = counted - 2 where external_id = $1`), id)
    await say('four')
    expect(await heard.closed).toEqual({ code: 1012, reason: 'Too much was missed' })
    const back = await listen(nodes[1]!.app, user('bob'), { sessionId: 'same' })
    await until(() => contentsOf(back).includes('four'))
    await say('five')
    await until(() => contentsOf(back).includes('five'))
  },
)
