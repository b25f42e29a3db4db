import { setTimeout } from 'node:timers/promises'
import { Crowd, milliseconds } from '../support/crowd.ts'
import { membersByChannel, userArn, type Shape } from '../support/fill.ts'
import { Connections } from '../support/load.ts'
import { messagesOf } from '../support/messages.ts'
import { filledFolder, removeFolder, serve } from '../support/server.ts'
import { presignedTarget } from '../support/signed.ts'
import { numbers, type Chat } from './chat.ts'
import { pace, type Paced } from './pace.ts'
import type { Served } from './served.ts'
import type { Rooms } from './xmpp.ts'

export interface Carillon extends Served {
  readonly url: string
  stop(): Promise<void>
}

/** Carillon with a store of that shape, in SQLite. */
export async function startCarillon(shape: Shape): Promise<Carillon> {
  const folder = await filledFolder(shape)
  const server = await serve(folder)
  return {
    name: 'Carillon, SQLite',
    pid: server.pid,
    storePid: undefined,
    url: server.url,
    async stop() {
      await server.stop()
      await removeFolder(folder)
    },
  }
}

/** Channels of Carillon: a message is done when it has been answered. */
export class CarillonChat implements Chat {
  readonly served: Carillon
  readonly rooms: Rooms
  readonly listeners = new Crowd(numbers)
  readonly #message: (number: number) => Buffer
  #connections: Connections | undefined
  next = 1

  private constructor(served: Carillon, people: readonly (readonly number[])[], rooms: Rooms) {
    this.served = served
    this.rooms = rooms
    this.#message = messagesOf(served.url, people)
  }

  /** A server with those rooms, and everybody connected. */
  static async open(served: Carillon, shape: Shape, rooms: Rooms): Promise<CarillonChat> {
    const people = membersByChannel(shape)
    const chat = new CarillonChat(served, people, rooms)
    const targets = people.flat().map(user => presignedTarget(served.url, userArn(user)))
    await chat.listeners.open(served.url, targets)
    return chat
  }

  async keep(inFlight: number, seconds: number): Promise<readonly number[]> {
    const times: number[] = []
    await this.#connected(inFlight, async () => {
      const end = milliseconds() + seconds * 1000
      const one = async () => {
        for (let now = milliseconds(); now < end;) {
          await this.#send()
          const before = now
          now = milliseconds()
          times.push(now - before)
        }
      }
      await Promise.all(Array.from({ length: inFlight }, one))
    })
    return times
  }

  async burst({ together, behind, seconds }: { together: number; behind: number; seconds: number }) {
    await this.#connected(together, async () => {
      const end = milliseconds() + seconds * 1000
      while (milliseconds() < end) {
        await Promise.all(Array.from({ length: together }, () => this.#send()))
        if (!(await this.listeners.until((this.next - 1 - behind) * this.rooms.members))) throw new Error('deliveries are missing')
      }
    })
  }

  async pace(rate: number, seconds: number): Promise<Paced> {
    return this.#connected(64, async () => {
      // Until they are connected, which does not count as a wait of the first messages.
      await setTimeout(200)
      const asked: Promise<unknown>[] = []
      // An error is reported at the end.
      const paced = await pace(rate, seconds, () => asked.push(this.#send().catch((error: Error) => error)))
      const failed = (await Promise.all(asked)).find(answer => answer instanceof Error)
      if (failed) throw failed
      return paced
    })
  }

  /** With that many connections: new ones, since the server closes connections that were idle while others were measured. */
  async #connected<Result>(count: number, work: () => Promise<Result>): Promise<Result> {
    this.#connections = new Connections(this.served.url, count)
    try {
      return await work()
    } finally {
      this.#connections.close()
    }
  }

  #send(): Promise<void> {
    return this.#connections!.ask(this.#message(this.next++))
  }
}
