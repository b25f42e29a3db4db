import type { Socket } from 'node:net'

/** Counts the open connections of each address and limits them. */
export class Connections {
  readonly #most: number
  readonly #isExempt: (address: string) => boolean
  readonly #open = new Map<string, number>()

  /** `isExempt` says which addresses may have any number, such as that of a proxy, behind which many clients may be. */
  constructor(most: number, isExempt: (address: string) => boolean) {
    this.#most = most
    this.#isExempt = isExempt
  }

  /** Counts a connection, also one whose address a proxy reports. False if the address has too many. */
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
