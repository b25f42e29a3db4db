import { livingNodes } from '../store/nodes.ts'
import type { Handlers } from './call.ts'

export const server = {
  async DescribeServer({ FiguresAfterTimestamp }, { db, region, account, node, figures }) {
    const { name, version, bus, startedAt } = node
    const nodes = db.kind === 'postgres' ? await livingNodes(db) : [{ name, bus }]
    return {
      Version: version,
      NodeName: name,
      StartedTimestamp: new Date(startedAt),
      Region: region,
      Account: account,
      Database: db.kind === 'postgres' ? ('POSTGRESQL' as const) : ('SQLITE' as const),
      Nodes: nodes.map(each => ({ NodeName: each.name, Bus: each.bus === null ? ('NONE' as const) : ('NATS' as const) })),
      Figures: figures.after(FiguresAfterTimestamp?.getTime() ?? 0).map(each => ({
        Timestamp: new Date(each.at),
        Seconds: each.seconds,
        CallCount: each.calls,
        RefusedCallCount: each.refused,
        FailedCallCount: each.failed,
        MessageCount: each.messages,
        SessionCount: each.sessions,
        MedianMicroseconds: Math.round(each.median * 1e6),
        Percentile99Microseconds: Math.round(each.percentile99 * 1e6),
      })),
    }
  },
} satisfies Partial<Handlers>
