import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/**
 * The requests that are being answered. One whose head has come before the close is admitted, however long its body takes; the
 * server waits for those and admits no more.
 */
export class Admission {
  readonly #admitted = new Set<IncomingMessage>()
  readonly #emptied = Promise.withResolvers<void>()
  #isOpen = true

  get isOpen(): boolean {
    return this.#isOpen
  }

  admits(request: IncomingMessage): boolean {
    return this.#admitted.has(request)
  }

  watch(server: Server) {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      if (!this.#isOpen) return
      this.#admitted.add(request)
      response.once('close', () => {
        this.#admitted.delete(request)
        if (!this.#isOpen && this.#admitted.size === 0) this.#emptied.resolve()
      })
    })
  }

  /** Resolves when the last admitted request has been answered, or when the patience has run out. */
  async close(patienceMilliseconds: number): Promise<void> {
    this.#isOpen = false
    if (this.#admitted.size === 0) return
    const impatience = setTimeout(this.#emptied.resolve, patienceMilliseconds)
    await this.#emptied.promise
    clearTimeout(impatience)
  }
}
