import { setTimeout } from 'node:timers/promises'

const lookMilliseconds = 500
/** npx that is still there so long after a SIGHUP does not end because of it: the SIGHUP came to reopen the audit log. */
const hangUpMilliseconds = 2000

const isStartedByNpx = ({ npm_lifecycle_event: event, npm_lifecycle_script: script = '' }: NodeJS.ProcessEnv) =>
  event === 'npx' && /^(['"]?)carillon\1$/.test(script)

/**
 * Resolves when the shell in which npx has started this server has ended: npx passes SIGTERM to that shell only, which ends without passing
 * it on. Never resolves for a server that was started otherwise, nor if a SIGHUP came with the end: then the terminal was closed, and the
 * server goes on.
 */
export async function endOfNpx(): Promise<void> {
  const never = new Promise<void>(() => {})
  if (!isStartedByNpx(process.env)) return never
  const shell = process.ppid
  let hungUpAt = -Infinity
  let seenAt: number
  process.on('SIGHUP', () => (hungUpAt = performance.now()))
  do {
    seenAt = performance.now()
    await setTimeout(lookMilliseconds, undefined, { ref: false })
  } while (process.ppid === shell)
  // A server that was busy may hear of the SIGHUP only now.
  await setTimeout(lookMilliseconds, undefined, { ref: false })
  if (hungUpAt > seenAt - hangUpMilliseconds) return never
}
