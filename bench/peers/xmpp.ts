import { Listeners } from '../support/crowd.ts'
import type { Paced } from './pace.ts'
import type { Served } from './served.ts'

export const host = 'localhost'
export const conference = `conference.${host}`
export const password = 'secret'
export const userName = (number: number | '') => `user${number}`

export interface XmppServer extends Served {
  readonly port: number
  stop(): Promise<void>
}

/** Rooms with as many members each: the clients in the order in which they have logged in. */
export interface Rooms {
  readonly rooms: number
  readonly members: number
}

export type Command =
  /** Logs in clients as the users from `first`. */
  | { readonly name: 'login'; readonly port: number; readonly first: number; readonly count: number }
  /** All enter their rooms. */
  | ({ readonly name: 'join' } & Rooms)
  /** The first clients send requests, each at least once, and again when it has its answer. */
  | { readonly name: 'ask'; readonly stanza: string; readonly clients: number; readonly seconds: number }
  /** Keeps that many messages in flight, numbered from `first`: one is done when it has come back to its sender. */
  | { readonly name: 'keep'; readonly first: number; readonly inFlight: number; readonly seconds: number }
  /** Sends that many at once, and again when all have come back to their senders and no more than `behind` are on their way to others. */
  | { readonly name: 'burst'; readonly first: number; readonly together: number; readonly behind: number; readonly seconds: number }
  | { readonly name: 'pace'; readonly first: number; readonly rate: number; readonly seconds: number }
  | { readonly name: 'close' }

/** How long each finished one took, in milliseconds, and the bytes of an answer. */
export interface Done {
  readonly times: readonly number[]
  readonly bytes: number
}

/** Many XMPP clients over plain TCP, in a thread of their own, which send too: an XMPP message comes from one of them. */
export class XmppCrowd extends Listeners {
  constructor(numbers: number) {
    super(numbers, new URL('./xmpp-worker.ts', import.meta.url))
  }

  /** Clients that have bound a session and are present. */
  async login(port: number, { first, count }: { first: number; count: number }): Promise<void> {
    await this.#order({ name: 'login', port, first, count })
  }

  async join(rooms: Rooms): Promise<void> {
    await this.#order({ name: 'join', ...rooms })
  }

  async askFor(stanza: string, { clients, seconds }: { clients: number; seconds: number }): Promise<Done> {
    return this.#order<Done>({ name: 'ask', stanza, clients, seconds })
  }

  async keep(first: number, { inFlight, seconds }: { inFlight: number; seconds: number }): Promise<Done> {
    return this.#order<Done>({ name: 'keep', first, inFlight, seconds })
  }

  /** Resolves to how many messages have been sent. */
  async burst(first: number, options: { together: number; behind: number; seconds: number }): Promise<number> {
    return this.#order<number>({ name: 'burst', first, ...options })
  }

  async pace(first: number, { rate, seconds }: { rate: number; seconds: number }): Promise<Paced> {
    return this.#order<Paced>({ name: 'pace', first, rate, seconds })
  }

  async #order<Answer>(command: Command): Promise<Answer> {
    return this.ask<Answer>(command)
  }
}
