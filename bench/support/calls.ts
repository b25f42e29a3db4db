import { setTimeout } from 'node:timers/promises'
import { milliseconds } from './crowd.ts'
import { userArn } from './fill.ts'
import { Connection } from './load.ts'
import { signedGet } from './signed.ts'

/** A client that lists channels, ten times a second at most. */
export class Calls {
  readonly #url: string
  readonly #connection: Connection
  readonly #times: number[] = []
  readonly #running: Promise<void>
  #isEnding = false

  constructor(url: string) {
    this.#url = url
    this.#connection = new Connection(url)
    this.#running = this.#run()
  }

  /** How long each took, sorted. */
  async end(): Promise<number[]> {
    this.#isEnding = true
    await this.#running
    this.#connection.close()
    return this.#times.toSorted((a, b) => a - b)
  }

  async #run() {
    while (!this.#isEnding) {
      const request = await signedGet(this.#url, '/channels', { scope: 'app-instance-user-memberships' }, userArn(2))
      const start = milliseconds()
      await this.#connection.ask(request)
      this.#times.push(milliseconds() - start)
      await setTimeout(100)
    }
  }
}
