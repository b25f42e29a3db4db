import type { IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ProxyHeaders } from '../settings/settings.ts'
import { plainAddress, rangesOf, withoutNames } from '../tools/addresses.ts'

/** The client of a request, as the outermost trusted proxy sees it. */
export interface Sender {
  /** An IP address. */
  readonly sourceAddress: string
  /** Whether the client used TLS. */
  readonly isSecure: boolean
  /** The host that the client called, if a trusted proxy reports it. */
  readonly forwardedHost: string | undefined
}

export type ReadSender = (request: IncomingMessage) => Sender

/** The client that a proxy reports before the first byte of the client. */
export interface PassedOn {
  /** An IP address. */
  readonly address: string
  /** Whether the client uses TLS to the proxy. */
  readonly isSecure: boolean
}

/** What a proxy reports about the peer before it. */
interface Hop {
  readonly address?: string | undefined
  readonly protocol?: string | undefined
  readonly host?: string | undefined
}

/** Returns a function that finds the client of a request. Headers from a peer that is not trusted are ignored. */
export function senderReader(
  trusted: readonly string[],
  kind: ProxyHeaders,
  proxyProtocol: { clientOf(socket: Socket): PassedOn | undefined } | undefined,
): ReadSender {
  const isTrusted = rangesOf(withoutNames(trusted))
  const hopsOf = readers[kind]
  return request => {
    const { socket } = request
    const client = proxyProtocol?.clientOf(socket)
    const peer = plainAddress(client?.address ?? socket.remoteAddress ?? '')
    const isEncrypted = client?.isSecure || socket instanceof TLSSocket
    if (trusted.length === 0 || !isTrusted(peer)) return { sourceAddress: peer, isSecure: isEncrypted, forwardedHost: undefined }
    const hops = hopsOf(request.headers)
    let sourceAddress = peer
    let outermost: Hop = {}
    for (let index = hops.length - 1; index >= 0 && isTrusted(sourceAddress); index--) {
      outermost = hops[index]!
      // If the outermost proxy hides the address of the client, the address of that proxy counts.
      if (outermost.address === undefined) break
      sourceAddress = outermost.address
    }
    const { protocol, host } = outermost
    return {
      sourceAddress,
      isSecure: protocol === undefined ? isEncrypted : protocol === 'https' || protocol === 'wss',
      forwardedHost: host !== undefined && /^[\w.:[\]-]+$/.test(host) ? host : undefined,
    }
  }
}

/** The address in `192.0.2.1`, `192.0.2.1:4711` or `[2001:db8::1]:4711`; undefined for a name and for `unknown`. */
function addressIn(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  return isIP(bare) ? plainAddress(bare) : undefined
}

type HeaderValues = IncomingMessage['headers']

const listOf = (value: string | string[] | undefined) => {
  const text = Array.isArray(value) ? value.join(',') : value
  return text ? text.split(',').map(each => each.trim()) : []
}

/**
 * Pairs a list of values with the addresses. A shorter list belongs to the last addresses, since each proxy appends; a single value belongs
 * to all.
 */
function xForwardedHops(headers: HeaderValues): Hop[] {
  const addresses = listOf(headers['x-forwarded-for'])
  const protocols = listOf(headers['x-forwarded-proto'])
  const hosts = listOf(headers['x-forwarded-host'])
  const length = Math.max(addresses.length, protocols.length, hosts.length)
  const at = (list: readonly string[], index: number) => (list.length === 1 ? list[0] : list[index - length + list.length])
  return Array.from({ length }, (_, index) => ({
    address: addressIn(addresses[index - length + addresses.length]),
    protocol: at(protocols, index)?.toLowerCase(),
    host: at(hosts, index),
  }))
}

/** RFC 7239: `for=192.0.2.1;proto=https;host=example.com, for="[2001:db8::1]:4711"`. Empty if it is not well-formed. */
function forwardedHops({ forwarded }: HeaderValues): Hop[] {
  if (!forwarded) return []
  const hops: Record<string, string>[] = [{}]
  const part = /\s*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?\s*([;,]|$)/y
  while (part.lastIndex < forwarded.length) {
    const match = part.exec(forwarded)
    if (!match) return []
    const [, name, quoted, token, end] = match
    if (name !== undefined) hops.at(-1)![name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? ''
    if (end === ',') hops.push({})
  }
  return hops.map(hop => ({ address: addressIn(hop['for']), protocol: hop['proto']?.toLowerCase(), host: hop['host'] }))
}

const readers: Record<ProxyHeaders, (headers: HeaderValues) => Hop[]> = {
  'x-forwarded': xForwardedHops,
  forwarded: forwardedHops,
  'proxy-protocol': () => [],
}
