import { onTestFinished } from 'vitest'
import { hasNats, runNats, type OwnNats } from './nats-program.ts'

export { hasNats }

if (!hasNats) process.stderr.write('There is no nats-server: the tests of nodes are skipped. On Debian: apt-get install nats-server\n')

/** A real nats-server, which a test may stop and start. It ends with the test. */
export async function startNats(args: readonly string[] = []): Promise<OwnNats> {
  const nats = await runNats(args)
  onTestFinished(() => nats.stop())
  return nats
}
