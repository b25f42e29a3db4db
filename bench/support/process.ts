import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'

const ticksPerSecond = 100

/** From /proc/PID/stat, after the name. */
function statOf(pid: number | string): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** CPU seconds that a process has used so far, user and system, all threads. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** What /proc says of a process and all its descendants, by their ids. */
function treeOf(root: number): Map<number, string[]> {
  const stats = new Map<number, string[]>()
  for (const name of readdirSync('/proc')) {
    try {
      if (/^\d+$/.test(name)) stats.set(Number(name), statOf(name))
    } catch {
      // The process has ended meanwhile.
    }
  }
  const isOfTree = (pid: number): boolean => pid === root || (stats.has(pid) && isOfTree(Number(stats.get(pid)![1])))
  return new Map([...stats].filter(([pid]) => isOfTree(pid)))
}

/** Of a process and all its descendants, including those that have ended and been waited for. */
export function treeCpuSeconds(root: number): number {
  let ticks = 0
  for (const fields of treeOf(root).values()) ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return ticks / ticksPerSecond
}

/** Sends a signal to a process first, which starts no others then if it is stopped, and to those of its descendants that have not ended. */
export function signalTree(root: number, signal: NodeJS.Signals) {
  process.kill(root, signal)
  for (const pid of treeOf(root).keys()) {
    try {
      if (pid !== root) process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Resident memory. */
export function residentKibibytes(pid: number): number {
  const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes)
}

export const residentMebibytes = (pid: number) => Math.round(residentKibibytes(pid) / 1024)

export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  readonly url: string
  stop(): Promise<void>
}

/** However this process ends, that one ends too. */
export function endWithUs(child: ChildProcess) {
  const kill = () => child.kill('SIGKILL')
  process.prependOnceListener('exit', kill)
  child.once('exit', () => process.off('exit', kill))
}

/** Starts a program of this checkout and waits for the address that it prints. */
export async function start(args: readonly string[], environment: NodeJS.ProcessEnv, ready: RegExp): Promise<Started> {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] })
  endWithUs(child)
  let printed = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (bytes: Buffer) => {
      printed += bytes.toString()
      const [, found] = ready.exec(printed) ?? []
      if (found) resolve(found)
    })
    child.on('exit', code => reject(new Error(`ended with ${code} before it was ready: ${printed}`)))
  })
  return {
    child,
    pid: child.pid!,
    url,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGibibytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
  load: loadavg()[0]!,
})
