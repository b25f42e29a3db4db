import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, globSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { endWithUs } from '../support/process.ts'

export interface Program {
  readonly pid: number
  stop(): Promise<void>
}

/** Long enough for either of them to start, or to end, on a busy machine. */
const patience = 60_000

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function ended(child: ChildProcess) {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

async function stop(child: ChildProcess) {
  child.kill('SIGTERM')
  const impatience = global.setTimeout(() => child.kill('SIGKILL'), patience)
  await ended(child)
  clearTimeout(impatience)
}

/** Starts a program of this machine in the foreground and waits until it listens on that port; what it prints goes to `log`. */
export async function run(
  command: readonly [string, ...string[]],
  { port, log, environment }: { port: number; log: string; environment: NodeJS.ProcessEnv },
): Promise<Program> {
  const output = openSync(log, 'a')
  const child = spawn(command[0], command.slice(1), { env: { ...process.env, ...environment }, stdio: ['ignore', output, output] })
  closeSync(output)
  endWithUs(child)
  const since = performance.now()
  while (!(await isOpen(port))) {
    if (child.exitCode !== null || performance.now() - since > patience) {
      await stop(child)
      throw new Error(`${command[0]} does not listen on port ${port}: ${readFileSync(log, 'utf8')}`)
    }
    await setTimeout(50)
  }
  return { pid: child.pid!, stop: () => stop(child) }
}

/** Of each peer the Debian packages that it needs, and a file of each, as a pattern. */
const packages = {
  ejabberd: { ejabberd: '/usr/share/ejabberd/sql/pg.sql', 'erlang-p1-pgsql': '/usr/lib/erlang/lib/p1_pgsql-*' },
  prosody: { prosody: '/usr/bin/prosody' },
} as const

export type PeerName = keyof typeof packages

export const isPeerName = (name: string): name is PeerName => Object.hasOwn(packages, name)

/** The packages that this machine lacks for those peers. */
export function missingPackages(peers: readonly PeerName[]): string[] {
  const needed = peers.flatMap(peer => Object.entries<string>(packages[peer]))
  return needed.filter(([, file]) => globSync(file).length === 0).map(([name]) => name)
}
