import { expect, test } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { until } from '../support/processor.ts'
import { isSpread, onBothDatabases } from '../support/world.ts'

onBothDatabases('The state of the server', (world, kind) => {
  test('has the version, the database and the nodes', async () => {
    const described = await world().carillon.call('DescribeServer', {})
    expect(described).toMatchObject({
      Version: packageFile.version,
      Region: 'us-east-1',
      Account: '000000000000',
      Database: kind === 'sqlite' ? 'SQLITE' : 'POSTGRESQL',
    })
    const names = described.Nodes!.map(({ NodeName }) => NodeName)
    expect(names).toContain(described.NodeName)
    expect(names).toHaveLength(world().nodes.length)
  })

  test.skipIf(isSpread)('has figures of the last seconds, or only those after a given time', async () => {
    const { carillon, identity } = world()
    const figures = async (FiguresAfterTimestamp?: Date) =>
      (await carillon.call('DescribeServer', { ...(FiguresAfterTimestamp && { FiguresAfterTimestamp }) })).Figures!
    await until(async () => {
      await identity.listAppInstances({})
      return (await figures()).some(({ CallCount = 0, MedianMicroseconds = 0 }) => CallCount > 0 && MedianMicroseconds > 0)
    })
    const last = (await figures()).at(-1)!
    expect((await figures(last.Timestamp)).every(({ Timestamp }) => Timestamp! > last.Timestamp!)).toBe(true)
  })
})
