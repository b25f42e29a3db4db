import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Nobody listens on this port, and no server of a test gets it. */
export const nobodysPort = 2

/** Those that this process has tried: their servers may not listen yet, or may be stopped for a while. */
const given = new Set<number>()

/** Each worker of the test run has ports of its own, and one part is for processes that are no workers. */
const parts = 6
const part = Math.floor((32_768 - 20_000) / parts)
const first = 20_000 + part * (Number(process.env['VITEST_POOL_ID'] ?? 0) % parts)

/** A port below those that the system gives to servers on port 0 and to clients, so that none of other tests takes it meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, first + part)
    if (given.has(port)) continue
    given.add(port)
    const server = createServer()
    const isFree = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise(resolve => server.close(resolve))
    return port
  }
}
