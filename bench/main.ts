import { growLimitOfExternalMemory } from '../server/src/tools/external-memory.ts'
import { ab } from './ab.ts'
import { authorize } from './authorize.ts'
import { boot } from './boot.ts'
import { chaos } from './chaos.ts'
import { elastic } from './elastic.ts'
import { fanout } from './fanout.ts'
import { fuzz } from './fuzz.ts'
import { latency } from './latency.ts'
import { consoleOpen } from './console.ts'
import { list } from './list.ts'
import { moving } from './moving.ts'
import { movingBeside } from './moving-beside.ts'
import { nodes } from './nodes.ts'
import { peers } from './peers.ts'
import { presence } from './presence.ts'
import { search } from './search.ts'
import { send } from './send.ts'
import { sigv4 } from './sigv4.ts'
import { sockets } from './sockets.ts'
import { streaming } from './streaming.ts'
import { streamingKills } from './streaming-kills.ts'
import { stuckLane } from './stuck-lane.ts'
import { trivial } from './trivial.ts'
import { unread } from './unread.ts'

/** `npm run bench -- NAME [options]`: each measurement is one file. */
const benches: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  list,
  unread,
  send,
  search,
  streaming,
  'streaming-kills': streamingKills,
  'stuck-lane': stuckLane,
  elastic,
  fanout,
  sockets,
  latency,
  nodes,
  authorize,
  trivial,
  ab,
  peers,
  presence,
  sigv4,
  boot,
  chaos,
  fuzz,
  moving,
  'moving-beside': movingBeside,
  console: consoleOpen,
}

const [name = '', ...args] = process.argv.slice(2)
const bench = benches[name]
if (!bench) {
  process.stderr.write(`Usage: npm run bench -- NAME [options], where NAME is one of: ${Object.keys(benches).join(', ')}\n`)
  process.exit(1)
}
// The clients of a server over TLS share its machine, and would collect their garbage with half of their CPU.
growLimitOfExternalMemory()
await bench(args)
