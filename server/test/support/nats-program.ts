import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { freePort } from './ports.ts'

const program = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'].find(path => existsSync(path))

/** Whether there is a nats-server. */
export const hasNats = program !== undefined

export interface OwnNats {
  readonly port: number
  readonly url: string
  /** While it runs. */
  pid(): number
  start(): Promise<void>
  /** Ends it at once, as a crash does. */
  stop(): Promise<void>
}

const answers = async (port: number) =>
  new Promise<boolean>(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).once('close', () => resolve(false))
    socket.once('data', () => {
      resolve(true)
      socket.destroy()
    })
  })

/** A real nats-server, which may be stopped and started. It ends with this process. */
export async function runNats(args: readonly string[] = []): Promise<OwnNats> {
  const port = await freePort()
  let child: ChildProcess | undefined
  const hasEnded = () => !child || child.exitCode !== null || child.signalCode !== null
  const stop = async () => {
    if (hasEnded()) return
    child!.kill('SIGKILL')
    await once(child!, 'exit')
  }
  process.once('exit', () => void child?.kill('SIGKILL'))
  const start = async () => {
    child = spawn(program!, ['-a', '127.0.0.1', '-p', String(port), ...args], { stdio: 'ignore' })
    while (!(await answers(port))) {
      if (hasEnded()) throw new Error(`nats-server has ended with ${child.exitCode}`)
      await setTimeout(20)
    }
  }
  await start()
  return { port, url: `nats://127.0.0.1:${port}`, pid: () => child!.pid!, start, stop }
}
