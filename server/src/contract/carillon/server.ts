import { Text, Timestamp } from '../common.ts'
import { operation } from '../operation.ts'
import { integer, list, oneOf, structure } from '../shapes.ts'

/** What a node has done in a few seconds. */
const ServerFigures = structure({
  Timestamp,
  Seconds: integer(),
  CallCount: integer(),
  RefusedCallCount: integer(),
  FailedCallCount: integer(),
  MessageCount: integer(),
  SessionCount: integer(),
  MedianMicroseconds: integer(),
  Percentile99Microseconds: integer(),
})

export const server = {
  DescribeServer: operation(
    'GET /carillon/server',
    200,
    { FiguresAfterTimestamp: Timestamp },
    {
      Version: Text,
      NodeName: Text,
      StartedTimestamp: Timestamp,
      Region: Text,
      Account: Text,
      Database: oneOf('SQLITE', 'POSTGRESQL'),
      Nodes: list(structure({ NodeName: Text, Bus: oneOf('NATS', 'NONE') })),
      Figures: list(ServerFigures),
    },
  ),
}
