import type { Socket } from 'node:net'

/** Counts the open connections of each address and limits them. */
export class Connections {
  readonly #most: number
  readonly #isExempt: (address: string) => boolean
  readonly #open = new Map<string, number>()

  /** An exempt address, such as that of a proxy, may have any number, since many clients may be behind it. */
  constructor(most: number, isExempt: (address: string) => boolean) {
    this.#most = most
    this.#isExempt = isExempt
  }

  /** False if the address has too many. A proxy may report the address. */
  enter(socket: Socket, address = socket.remoteAddress): boolean {
    if (address === undefined || this.#isExempt(address)) return true
    const open = this.#open.get(address) ?? 0
    if (open >= this.#most) return false
    this.#open.set(address, open + 1)
    socket.once('close', () => this.#leave(address))
    return true
  }

  #leave(address: string) {
    const open = this.#open.get(address)! - 1
    if (open === 0) this.#open.delete(address)
    else this.#open.set(address, open)
  }
}
