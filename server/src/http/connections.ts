import type { Socket } from 'node:net'

/** How many connections each address has open, so that one cannot take them all. */
export class Connections {
  readonly #most: number
  readonly #isExempt: (address: string) => boolean
  readonly #open = new Map<string, number>()

  /** Of an exempt address, such as that of a proxy, nobody knows how many are behind it. */
  constructor(most: number, isExempt: (address: string) => boolean) {
    this.#most = most
    this.#isExempt = isExempt
  }

  /** False where it is one too many. The address may be one that a proxy tells. */
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
