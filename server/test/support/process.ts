import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inject, onTestFinished } from 'vitest'

/** The root of the checkout. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')
/** The server that tests start, for Node: built once for the run (`built-server.ts`). */
export const main = inject('main')

export const rootKey = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'test-secret-that-nobody-prints' }
export const keyVariables = { CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId, CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey }

/** A root key that the doctor finds safe. */
export const safeKeyVariables = { ...keyVariables, CARILLON_SECRET_ACCESS_KEY: 'kPq7vX2mZ9wLr4tB8nYc' }

/** Whether a test may mount a small disk. */
export const canMount = () =>
  process.getuid?.() === 0 && spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs none "$d" && umount "$d"; rmdir "$d"']).status === 0

/** A folder that is deleted after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'carillon-test-'))
  // A process that has just been killed may have children that still write.
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}

interface Place {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** Node's compile cache: with it a server starts with a quarter less CPU time. It is deleted with the build. */
const compiled = join(dirname(main), 'compiled')

/** The environment of a newcomer's shell: this Node first on the PATH, and nothing of npm, Amazon or Carillon. */
export function shell(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { HOME, LANG } = process.env
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)
  return { PATH, HOME: HOME ?? tmpdir(), NODE_COMPILE_CACHE: compiled, ...(LANG && { LANG }), ...env }
}

/** A running program, with what it has printed so far. It ends with the test. */
export class Program {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  #hasEnded = false
  readonly #exit: Promise<number | string>

  constructor(command: string, args: readonly string[], { env = {}, cwd = tmpdir() }: Place = {}) {
    this.child = spawn(command, args, { env: shell(env), cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    const { promise, resolve, reject } = Promise.withResolvers<number | string>()
    this.child.once('error', reject)
    this.child.once('close', () => (this.#hasEnded = true))
    this.child.once('close', (code: number | null, signal: string | null) => resolve(code ?? signal ?? 'nothing'))
    this.#exit = promise
    // Reported to the test that waits for it, and not as an error of another one.
    promise.catch(() => {})
    onTestFinished(async () => {
      this.killAll('SIGKILL')
      await promise.catch(() => {})
    })
  }

  get pid(): number {
    return this.child.pid!
  }

  kill(signal: NodeJS.Signals): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
  }

  /** Sent to the program and all that it has started, as a terminal does. */
  killAll(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal)
    } catch {
      // All of them have ended.
    }
  }

  /** The exit code, or the name of the signal that has ended it. */
  async exit(): Promise<number | string> {
    return this.#exit
  }

  /** Resolves to the first group of the pattern, once standard output holds it. */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      // What it prints last has arrived when it has ended.
      const hasEnded = this.#hasEnded
      const found = pattern.exec(this.stdout)
      if (found) return found[1] ?? found[0]
      if (hasEnded) throw new Error(`ended before it printed ${pattern}\n${this.stdout}\n${this.stderr}`)
      await setTimeout(10)
    }
  }

  /** The address of a server that has printed that it is ready. */
  async url(): Promise<string> {
    return this.printed(/^Carillon is ready on (http:\S+)(?: and https:\S+)?$/m)
  }

  /** The same over TLS. */
  async tlsUrl(): Promise<string> {
    return this.printed(/^Carillon is ready on http:\S+ and (https:\S+)$/m)
  }
}

/** Without TLS, unless the test says otherwise: a certificate takes time, and one listener is enough for most tests. */
const withoutTls = (place?: Place) => ({ ...place, env: { CARILLON_TLS: 'off', ...place?.env } })

/** `carillon serve` from the sources, as a process of its own. */
export const serve = (args: readonly string[], place?: Place) => new Program(process.execPath, [main, 'serve', ...args], withoutTls(place))

/** The same with TLS, on a free port. */
export const serveTls = (args: readonly string[], { env, ...place }: Place = {}) =>
  serve(['--port', '0', '--tls-port', '0', ...args], { ...place, env: { CARILLON_TLS: 'on', ...env } })

/** Runs a program until it ends. */
export async function run(
  command: string,
  args: readonly string[],
  place?: Place,
): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const program = new Program(command, args, place)
  const code = await program.exit()
  return { code, stdout: program.stdout, stderr: program.stderr }
}

/** Runs `carillon serve`, which must end by itself. */
export const serveFails = (args: readonly string[], place?: Place) => run(process.execPath, [main, 'serve', ...args], withoutTls(place))
