import { expect, test } from 'vitest'
import { hasNats, startNats } from '../support/nats.ts'
import { contentsOf, dropping, figure, makeChannel, startNodes, until } from './two-nodes.ts'

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
    await until(() => contentsOf(heard).length === 4, 60)
    expect(contentsOf(heard).at(-1)).toBe('dropped, the last')
  },
)
