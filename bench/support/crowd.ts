import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

/** The position of each figure. */
export const figure = { established: 0, refused: 1, closed: 2, events: 3, bytes: 4 } as const

/** Seen by both threads; the listening one writes. */
export interface Shared {
  readonly figures: Float64Array
  /** By the number in the Content `~#NUMBER;`: how many sockets have heard it, and when the last of them did. */
  readonly timesHeard: Int32Array
  readonly lastHeard: Float64Array
}

export type Command =
  | {
      readonly name: 'open'
      readonly url: string
      readonly targets: readonly string[]
      readonly atOnce: number
      readonly perSecond: number | undefined
      readonly isStuck: boolean
      readonly staySeconds: number | undefined
    }
  | { readonly name: 'tell' | 'close' | 'forget' }

/** What one socket has heard: how many events, the least milliseconds between two, a hash of their numbers in order, and its close code. */
export interface Heard {
  readonly events: number
  readonly leastGap: number
  readonly hash: number
  readonly closeCode: number
}

/** The clock of all threads and processes of a machine. */
export function milliseconds(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

const shared = <Items>(Kind: new (buffer: SharedArrayBuffer) => Items, bytes: number) => new Kind(new SharedArrayBuffer(bytes))

/** Many sockets that listen, in a thread of their own that runs the file `worker`. */
export class Listeners {
  readonly timesHeard: Int32Array
  readonly lastHeard: Float64Array
  readonly #figures: Float64Array
  readonly #worker: Worker

  /** `numbers` is more than the largest number of a message; 0 where they have none. */
  constructor(numbers: number, worker: URL) {
    this.#figures = shared(Float64Array, Object.keys(figure).length * 8)
    this.timesHeard = shared(Int32Array, numbers * 4)
    this.lastHeard = shared(Float64Array, numbers * 8)
    const workerData: Shared = { figures: this.#figures, timesHeard: this.timesHeard, lastHeard: this.lastHeard }
    this.#worker = new Worker(worker, { workerData })
  }

  figure(name: keyof typeof figure): number {
    return this.#figures[figure[name]]!
  }

  /** Waits until that many events have been heard in total; false if none arrive any more. */
  async until(events: number, patience = 5000): Promise<boolean> {
    let last = this.figure('events')
    for (let since = milliseconds(); this.figure('events') < events; await setTimeout(1)) {
      if (this.figure('events') > last) {
        last = this.figure('events')
        since = milliseconds()
      } else if (milliseconds() - since > patience) return false
    }
    return true
  }

  /** Cuts all of them off. */
  async closeAll() {
    await this.ask({ name: 'close' })
  }

  async stop() {
    await this.#worker.terminate()
  }

  protected async ask<Answer>(command: object): Promise<Answer> {
    const answered = once(this.#worker, 'message')
    this.#worker.postMessage(command, [])
    return (await answered)[0] as Answer
  }
}

/** Listeners over WebSockets. */
export class Crowd extends Listeners {
  constructor(numbers: number) {
    super(numbers, new URL('./crowd-worker.ts', import.meta.url))
  }

  /**
   * Opens sockets until all have been established or refused; resolves to the seconds that it took. With `staySeconds` each is cut off that
   * long after it was established.
   */
  async open(
    url: string,
    targets: readonly string[],
    {
      atOnce = 64,
      perSecond,
      isStuck = false,
      staySeconds,
    }: { atOnce?: number; perSecond?: number; isStuck?: boolean; staySeconds?: number } = {},
  ): Promise<number> {
    return this.ask<number>({ name: 'open', url, targets, atOnce, perSecond, isStuck, staySeconds } satisfies Command)
  }

  /** Resets what they have heard so far. */
  async forget() {
    await this.ask({ name: 'forget' } satisfies Command)
  }

  /**
   * Throws unless each socket has heard each of the messages up to that number once, in the order of its channel. `channels` has the
   * channel of each socket, in the order of their opening; without it `members` of a channel follow each other.
   */
  async requireComplete({ members, last, channels }: { members: number; last: number; channels?: readonly number[] }) {
    for (let number = 1; number <= last; number++) {
      if (this.timesHeard[number] !== members) throw new Error(`message ${number} was heard by ${this.timesHeard[number]} of ${members}`)
    }
    const firsts = new Map<number, Heard>()
    for (const [index, one] of (await this.heard()).entries()) {
      const channel = channels?.[index] ?? Math.floor(index / members)
      const first = firsts.get(channel) ?? one
      firsts.set(channel, first)
      if (one.events !== first.events || one.hash !== first.hash) throw new Error('two members have heard different things')
    }
  }

  /** In the order of their opening. */
  async heard(): Promise<Heard[]> {
    return this.ask<Heard[]>({ name: 'tell' } satisfies Command)
  }
}
