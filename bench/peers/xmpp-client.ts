import { connect, type Socket } from 'node:net'
import { host, password, userName } from './xmpp.ts'

/** All sockets read into the same bytes, so that clients need little memory. */
const buffer = Buffer.allocUnsafeSlow(256 * 1024)

/** The received bytes in which the end of an answer may lie that arrived in pieces. */
const remembered = 200

const header = `<?xml version='1.0'?><stream:stream to='${host}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`

/** One XMPP client. It does not parse XML: it waits for the words that it expects, and then passes its bytes to the measurement. */
export class Client {
  readonly user: number
  readonly #socket: Socket
  /** Bytes that are valid only during the call. */
  onBytes: (bytes: Buffer) => void = () => {}
  #failed: ((error: Error) => void) | undefined

  constructor(port: number, user: number) {
    this.user = user
    const callback = (length: number) => {
      this.onBytes(buffer.subarray(0, length))
      return true
    }
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer, callback } })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.#failed?.(new Error(`${userName(user)} has been disconnected`))
    })
  }

  write(text: string) {
    this.#socket.write(text)
  }

  /** Writes and waits for an answer that ends like this; resolves to the received bytes. */
  exchange(text: string, end: RegExp): Promise<number> {
    return new Promise((resolve, reject) => {
      let seen = ''
      let length = 0
      const settle = (error?: Error) => {
        clearTimeout(impatience)
        this.#failed = undefined
        this.onBytes = () => {}
        if (error) reject(error)
        else resolve(length)
      }
      const impatience = setTimeout(() => settle(new Error(`${userName(this.user)} waits for ${end} after: ${seen}`)), 60_000)
      this.#failed = settle
      this.onBytes = bytes => {
        length += bytes.length
        seen = seen.slice(-remembered) + bytes.toString('latin1')
        if (/<failure|type=['"]error['"]/.test(seen)) settle(new Error(seen))
        else if (end.test(seen)) settle()
      }
      this.write(text)
    })
  }

  /** Binds a session; a client that is present gets its own presence back. */
  async login() {
    await this.exchange(header, /<\/stream:features>/)
    const secret = Buffer.from(`\0${userName(this.user)}\0${password}`).toString('base64')
    await this.exchange(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`, /<success/)
    await this.exchange(header, /<\/stream:features>/)
    await this.exchange(
      `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench</resource></bind></iq>`,
      /<\/iq>/,
    )
    await this.exchange('<presence/>', /<presence/)
  }

  destroy() {
    this.#socket.destroy()
  }
}
