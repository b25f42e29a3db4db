import { parseArgs } from 'node:util'
import { besideStuckLane } from './streaming/stuck.ts'
import { medianOf, ratioOf, spreadOf } from './support/measured.ts'
import { Report } from './support/report.ts'

/** Sends, another lane and memory beside a lane that has been stuck for an hour, and beside an empty outbox. */
export async function stuckLane(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      entries: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '9' },
    },
  })
  const report = new Report('stuck-lane', values)
  const figures = await besideStuckLane({
    entries: Number(values.entries),
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
  })
  const [alone] = [...figures.values()]
  report.table(
    'a message that nobody hears, of an app instance without a stream',
    [...figures].map(([kind, all]) => ({
      kind,
      'CPU µs': medianOf(all, one => one.microseconds, 1),
      spread: spreadOf(all, one => one.microseconds),
      ratio: ratioOf(all, alone!, 2),
      'p50 ms': medianOf(all, one => one.p50, 2),
      'p99 ms': medianOf(all, one => one.p99, 2),
      'ms to another stream': medianOf(all, one => one.other, 1),
      '/metrics ms': medianOf(all, one => one.metrics, 1),
      'resident MiB': medianOf(all, one => one.mebibytes),
    })),
  )
  await report.keep()
}
