import { setTimeout } from 'node:timers/promises'
import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { Carillon } from '../../server/src/client/carillon.ts'
import { rootKey } from '../support/signed.ts'
import type { History } from './history.ts'

const pauseMilliseconds = 250

/** Stock clients of one node. */
export interface Clients {
  readonly messaging: ChimeSDKMessaging
  readonly identity: ChimeSDKIdentity
  readonly carillon: Carillon
}

export function clientsOf(endpoint: string): Clients {
  const options = {
    endpoint,
    region: 'us-east-1',
    credentials: rootKey,
    maxAttempts: 1,
    // A call that is given up could still be carried out after its repetition, so each waits for its answer.
    requestHandler: { connectionTimeout: 2000 },
  }
  return { messaging: new ChimeSDKMessaging(options), identity: new ChimeSDKIdentity(options), carillon: new Carillon(options) }
}

/** The errors that a server may answer with during a fault; any other contradicts. */
function isTrouble(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  return status === undefined || status >= 500 || status === 429
}

/** Calls any node until one has answered, or until the call is given up: then it resolves to undefined. */
export class Caller {
  readonly #history: History
  readonly #next: () => { readonly clients: Clients }
  #isStopped = false

  constructor(history: History, next: () => { readonly clients: Clients }) {
    this.#history = history
    this.#next = next
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  stop() {
    this.#isStopped = true
  }

  async call<Answer>(what: string, ask: (clients: Clients) => Promise<Answer>): Promise<Answer | undefined> {
    while (!this.#isStopped) {
      try {
        return await ask(this.#next().clients)
      } catch (error) {
        if (!isTrouble(error)) {
          this.#history.refusals.push(`${what}: ${String(error)}`)
          return undefined
        }
        await setTimeout(pauseMilliseconds)
      }
    }
    return undefined
  }
}
