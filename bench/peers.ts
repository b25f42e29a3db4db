import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fanout } from './peers/fanout.ts'
import { list } from './peers/list.ts'
import { memory } from './peers/memory.ts'
import { isPeerName, missingPackages } from './peers/programs.ts'
import { send } from './peers/send.ts'
import { Report } from './support/report.ts'
import { Yardstick } from './support/yardstick.ts'

/** All servers store their files in one folder, which is removed however this process ends. */
function keepTogether() {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-peers-'))
  // PostgreSQL runs as another user.
  chmodSync(folder, 0o755)
  process.env['TMPDIR'] = folder
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
}

/** ejabberd and prosody, as Debian packages them, do the same work beside Carillon, in the same run. */
export async function peers(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      parts: { type: 'string', default: 'list,send,fanout,memory' },
      peers: { type: 'string', default: 'ejabberd,prosody' },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '3' },
      users: { type: 'string', default: '20000' },
      channels: { type: 'string', default: '50000' },
      'rooms-of-ejabberd': { type: 'string', default: '10000' },
      subscribers: { type: 'string', default: '200' },
      'without-postgres': { type: 'boolean', default: false },
      rooms: { type: 'string', default: '100' },
      'members-of-room': { type: 'string', default: '20' },
      rates: { type: 'string', default: '200,1000' },
      members: { type: 'string', default: '1000' },
      clients: { type: 'string', default: '2000' },
    },
  })
  const peers = values.peers.split(',').filter(isPeerName)
  const absent = missingPackages(peers)
  if (absent.length > 0) {
    process.stderr.write(`This bench needs Debian's packages: apt-get install --no-install-recommends ${absent.join(' ')}\n`)
    process.exit(1)
  }
  const parts = new Set(values.parts.split(','))
  const times = { seconds: Number(values.seconds), rounds: Number(values.rounds) }
  keepTogether()
  const report = new Report('peers', values)
  const start = performance.now()
  const yardstick = await Yardstick.start()
  try {
    if (parts.has('list')) {
      await list(report, {
        peers,
        yardstick,
        users: Number(values.users),
        channels: Number(values.channels),
        rooms: Number(values['rooms-of-ejabberd']),
        subscribers: Number(values.subscribers),
        onPostgres: !values['without-postgres'],
        times,
      })
    }
    if (parts.has('send')) {
      const rooms = { rooms: Number(values.rooms), members: Number(values['members-of-room']) }
      await send(report, { peers, yardstick, rooms, rates: values.rates.split(',').map(Number), times })
    }
    if (parts.has('fanout')) await fanout(report, { peers, yardstick, members: Number(values.members), times })
    if (parts.has('memory')) await memory(report, { peers, clients: Number(values.clients) })
  } finally {
    await yardstick.stop()
  }
  report.tell({ 'seconds in all': Math.round((performance.now() - start) / 1000) })
  await report.keep()
}
