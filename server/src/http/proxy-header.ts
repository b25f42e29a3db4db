import { isIP, SocketAddress } from 'node:net'
import { badRequest } from '../errors.ts'
import type { PassedOn } from './sender.ts'

export interface ProxyHeader {
  /** In bytes; the client's data follows. */
  readonly length: number
  /** Undefined for a connection of the proxy itself, such as a health check, and for a client without an IP address. */
  readonly client: PassedOn | undefined
}

const longestLine = 107
const longestBlock = 4096
const lineStart = Buffer.from('PROXY ', 'latin1')
const blockStart = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

const noHeader = (reason: string) => badRequest('The connection does not begin with the header that --proxy-headers requires', reason)

/**
 * Parses the header of the PROXY protocol, version 1 (a line) or 2 (a block), at the beginning of the received bytes. Undefined if
 * more bytes are needed. Throws an ApiError that says what is wrong with it.
 *
 * Source: HAProxy's proxy-protocol.txt, §2.
 */
export function proxyHeaderOf(bytes: Buffer): ProxyHeader | undefined {
  if (beginsWith(bytes, lineStart)) return lineIn(bytes)
  if (beginsWith(bytes, blockStart)) return blockIn(bytes)
  throw noHeader('A trusted proxy must begin each connection with a PROXY header.')
}

/** Compares as many bytes as have arrived. */
function beginsWith(bytes: Buffer, start: Buffer) {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function lineIn(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, longestLine).indexOf('\r\n')
  if (end === -1) {
    if (bytes.length < longestLine) return undefined
    throw noHeader(`A PROXY line has at most ${longestLine} bytes.`)
  }
  const length = end + 2
  const line = bytes.toString('latin1', 0, end)
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { length, client: undefined }
  const [, version, address, destination, ...ports] = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line) ?? []
  const isGood =
    address && [address, destination!].every(each => isIP(each) === Number(version)) && ports.every(port => Number(port) < 65_536)
  if (!isGood) throw noHeader('The PROXY line is not one of TCP4, TCP6 and UNKNOWN with two addresses and two ports.')
  return { length, client: { address, isSecure: false } }
}

const proxied = { local: 0x20, passedOn: 0x21 }
const overTcp4 = 0x11
const overTcp6 = 0x21
/** Address families other than TCP over IP: none, datagrams, and Unix sockets. */
const others = new Set([0x00, 0x12, 0x22, 0x31, 0x32])

function blockIn(bytes: Buffer): ProxyHeader | undefined {
  const start = blockStart.length + 4
  if (bytes.length < start) return undefined
  const [command, protocol] = bytes.subarray(blockStart.length)
  const length = start + bytes.readUInt16BE(start - 2)
  if (command !== proxied.local && command !== proxied.passedOn)
    throw noHeader('The version or the command of the PROXY header is unknown.')
  if (length > longestBlock) throw noHeader(`A PROXY header may have ${longestBlock} bytes.`)
  if (bytes.length < length) return undefined
  if (command === proxied.local || others.has(protocol!)) return { length, client: undefined }
  const addresses = bytes.subarray(start, length)
  if (protocol === overTcp4 && addresses.length >= 12) {
    return { length, client: { address: addresses.subarray(0, 4).join('.'), isSecure: saysTls(addresses.subarray(12)) } }
  }
  if (protocol === overTcp6 && addresses.length >= 36) {
    const groups = Array.from({ length: 8 }, (_, index) => addresses.readUInt16BE(2 * index).toString(16))
    const { address } = new SocketAddress({ address: groups.join(':'), family: 'ipv6' })
    return { length, client: { address, isSecure: saysTls(addresses.subarray(36)) } }
  }
  throw noHeader('The PROXY header has an unknown protocol, or is too short for its addresses.')
}

const tlsType = 0x20
const spokeTls = 0x01

/** The values after the addresses, as type, length and value. */
function saysTls(values: Buffer): boolean {
  let isSecure = false
  let at = 0
  while (at < values.length) {
    const end = at + 3 <= values.length ? at + 3 + values.readUInt16BE(at + 1) : Infinity
    if (end > values.length) throw noHeader('The PROXY header ends within a value.')
    if (values[at] === tlsType && end > at + 3) isSecure = (values[at + 3]! & spokeTls) !== 0
    at = end
  }
  return isSecure
}
