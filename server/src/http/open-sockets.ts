import type { Socket } from 'node:net'

/** Open sockets; a socket is removed when it closes. */
export class OpenSockets {
  readonly #open = new Set<Socket>()
  #emptied = () => {}

  add(socket: Socket) {
    this.#open.add(socket)
    socket.once('close', () => this.remove(socket))
  }

  remove(socket: Socket) {
    this.#open.delete(socket)
    if (this.#open.size === 0) this.#emptied()
  }

  all(): readonly Socket[] {
    return [...this.#open]
  }

  /** Resolves when none is left, or after that time. */
  async empty(patienceMilliseconds: number): Promise<void> {
    if (this.#open.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#emptied = resolve
    const impatience = setTimeout(resolve, patienceMilliseconds)
    await promise
    clearTimeout(impatience)
  }
}
