import { parseArgs } from 'node:util'
import { startPostgres } from '../server/test/support/postgres.ts'
import { streamThroughKills } from './streaming/kills.ts'
import { Report } from './support/report.ts'
import { rounded } from './support/rounds.ts'

/**
 * Checks that a stream gets every message, in the order of each channel, although it fails and the server is killed; measures what that
 * took.
 */
export async function streamingKills(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '100000' },
      channels: { type: 'string', default: '100' },
      kills: { type: 'string', default: '10' },
      away: { type: 'string', default: '60' },
      postgres: { type: 'boolean', default: false },
    },
  })
  const report = new Report(values.postgres ? 'streaming-kills-postgres' : 'streaming-kills', values)
  const postgres = values.postgres ? await startPostgres() : undefined
  try {
    const { wrong, seconds, secondsAfterSending, ...figures } = await streamThroughKills({
      messages: Number(values.messages),
      channels: Number(values.channels),
      kills: Number(values.kills),
      awayMilliseconds: Number(values.away) * 1000,
      databaseUrl: postgres?.url,
      say: line => void process.stdout.write(`${line}\n`),
    })
    if (wrong.length > 0) throw new Error(`Records are missing or out of order in ${wrong.length} channels, such as ${wrong[0]}`)
    report.tell({ ...figures, seconds: rounded(seconds), 'seconds after the last send': rounded(secondsAfterSending) })
    await report.keep()
  } finally {
    await postgres?.remove()
  }
}
