import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

const ticksPerSecond = 100

/** CPU seconds that a process has used so far, user and system, all threads (from /proc/PID/stat). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
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

/** Starts a program of this checkout and waits for the address that it prints. */
export async function start(args: readonly string[], environment: NodeJS.ProcessEnv, ready: RegExp): Promise<Started> {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] })
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
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGibibytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
})
