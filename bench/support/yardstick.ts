import { fileURLToPath } from 'node:url'
import { load } from './load.ts'
import type { Measured } from './measured.ts'
import { cpuSeconds, start, type Started } from './process.ts'

export const greeting = Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')

/** A bare `node:http` server that says hello, with which everything is compared. */
export class Yardstick {
  readonly #server: Started

  private constructor(server: Started) {
    this.#server = server
  }

  static async start(): Promise<Yardstick> {
    return new Yardstick(await start([fileURLToPath(new URL('./hello.ts', import.meta.url))], {}, /ready on (http:\S+)/))
  }

  get url(): string {
    return this.#server.url
  }

  /** Greetings, 32 in flight. */
  async measure(seconds: number): Promise<Measured> {
    const before = cpuSeconds(this.#server.pid)
    const result = await load(this.#server.url, () => greeting, { seconds, connections: 32 })
    return { ...result, microseconds: ((cpuSeconds(this.#server.pid) - before) * 1e6) / result.requests, database: 0 }
  }

  async stop() {
    await this.#server.stop()
  }
}
