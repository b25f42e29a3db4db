import { Client, type ClientConfig } from 'pg'
import { urlsOfHosts } from '../tools/postgres-hosts.ts'
import { NotConnected } from './outage.ts'

/** The hosts of a URL. Connections go to one of them, and to the next one once it cannot be used. */
export class PostgresHosts {
  /** A URL each. */
  readonly urls: readonly string[]
  #current = 0

  constructor(url: string) {
    this.urls = urlsOfHosts(url)
  }

  get current(): string {
    return this.urls[this.#current]!
  }

  /** Several connections may fail at once: only the first one moves on. */
  failed(url: string) {
    if (url === this.current) this.#current = (this.#current + 1) % this.urls.length
  }
}

/** A class of clients for a pool: each connects to the host that is current when the client is made. */
export function clientOfHosts(hosts: PostgresHosts, configOf: (url: string) => ClientConfig) {
  return class HostClient extends Client {
    readonly url: string

    constructor(config?: ClientConfig) {
      const url = hosts.current
      super({ ...config, ...configOf(url) })
      this.url = url
      // A connection may break when the pool does not listen: its next query rejects.
      this.on('error', () => {})
    }

    override connect(): Promise<Client>
    override connect(callback: (error: Error) => void): void
    override connect(callback?: (error: Error) => void): Promise<Client> | void {
      const connecting = super.connect().catch((error: Error) => {
        hosts.failed(this.url)
        throw new NotConnected(error)
      })
      if (!callback) return connecting
      // oxlint-disable-next-line promise/no-callback-in-promise -- pg-pool calls it so.
      connecting.then(() => (callback as () => void)(), callback)
    }
  }
}
