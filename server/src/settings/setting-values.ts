import { rangesOf, withoutNames } from '../tools/addresses.ts'
import { urlsOfHosts } from '../tools/postgres-hosts.ts'

/* The parsers of settings' values. Each throws an Error that says what the value must be; the message follows the name of the setting. */

export function port(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 65535) throw new Error('must be a whole number from 0 to 65535; 0 picks a free port')
  return value
}

export function onOrOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new Error('must be on or off')
  return text === 'on'
}

/** One of these words. */
export function oneOf<Word extends string>(...words: readonly Word[]) {
  return (text: string): Word => {
    const word = words.find(known => known === text)
    if (word === undefined) throw new Error(`must be one of ${words.join(', ')}`)
    return word
  }
}

export function matching(pattern: RegExp, meaning: string) {
  return (text: string) => {
    if (!pattern.test(text)) throw new Error(`must be ${meaning}`)
    return text
  }
}

export function hostAndPort(text: string): string {
  const isOne = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/.test(text) && URL.canParse(`wss://${text}`)
  if (!isOne) throw new Error('must be a host, or host:port')
  return text
}

/** An address to listen on: `127.0.0.1:9090`, `[::1]:9090`, `localhost:0`. */
export function listenAddress(text: string): string {
  const digits = /^(?:\[[\da-fA-F:.]+\]|[\w.-]+):(\d{1,5})$/.exec(text)?.[1]
  if (digits === undefined || Number(digits) > 65535) throw new Error('must be host:port, such as 127.0.0.1:9090')
  return text
}

export function count(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new Error('must be a whole number of at least 1')
  return Number(text)
}

export const countUpTo = (most: number) => (text: string) => {
  const value = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : Infinity
  if (value > most) throw new Error(`must be a whole number from 1 to ${most}`)
  return value
}

/** Addresses, networks, and names of networks. */
export function addressList(text: string): readonly string[] {
  const list = text.split(',').map(each => each.trim())
  const wrong = list.find(each => !isAddressRange(each))
  if (wrong !== undefined) throw new Error('must be addresses and networks, such as 10.0.0.0/8,::1, or loopback, linklocal, uniquelocal')
  return list
}

function isAddressRange(text: string): boolean {
  try {
    rangesOf(withoutNames([text]))
    return text !== ''
  } catch {
    return false
  }
}

export function webUrl(text: string): string {
  if (!/^https?:\/\/[^\s?#]+$/.test(text) || !URL.canParse(text)) throw new Error('must be a URL such as https://login.example.com')
  const { username, password } = new URL(text)
  if (username !== '' || password !== '') throw new Error('must be a URL without a user and a password')
  return text
}

/** Throws for a URL whose user or password has a `%` that does not begin an encoded character. */
function requireDecodable(url: string) {
  const { username, password } = new URL(url)
  try {
    decodeURIComponent(username + password)
  } catch {
    throw new Error('must have special characters of the user and the password percent-encoded, such as %25 for %')
  }
}

const sslModes = ['disable', 'require', 'verify-ca', 'verify-full']

export function postgresUrl(text: string): string {
  const urls = urlsOfHosts(text)
  if (
    !/^postgres(?:ql)?:\/\//.test(text) ||
    !urls.every(url => URL.canParse(url)) ||
    (urls.length > 1 && urls.some(url => new URL(url).hostname === ''))
  )
    throw new Error('must be a URL such as postgresql://user:password@host:5432/database')
  requireDecodable(urls[0]!)
  const { searchParams } = new URL(urls[0]!)
  const target = searchParams.get('target_session_attrs') ?? 'read-write'
  if (target !== 'read-write' && target !== 'primary')
    throw new Error('must have read-write or primary as its target_session_attrs, since every node writes')
  const mode = searchParams.get('sslmode')
  if (mode !== null && !sslModes.includes(mode)) throw new Error(`must have one of ${sslModes.join(', ')} as its sslmode`)
  if (mode === 'verify-ca' && !searchParams.has('sslrootcert'))
    throw new Error('must have sslrootcert, the file of a CA, beside sslmode=verify-ca')
  return text
}

export function severalNames(text: string): readonly string[] {
  const names = text.split(',').map(name => name.trim())
  if (names.some(name => name === '')) throw new Error('must be names, separated by commas')
  return names
}

/** URLs of the servers of one NATS, with at most one login. */
export function natsUrls(text: string): readonly string[] {
  const urls = text.split(',').map(url => url.trim())
  const logins = new Set(urls.filter(isNatsUrl).map(url => `${new URL(url).username}:${new URL(url).password}`))
  if (!urls.every(isNatsUrl)) throw new Error('must be URLs such as nats://nats.example.com:4222 or tls://…, separated by commas')
  if (logins.size > 1) throw new Error('must have the same user and password in each URL')
  requireDecodable(urls[0]!)
  return urls
}

const isNatsUrl = (url: string) => /^(?:nats|tls):\/\/[^\s/?#]+\/?$/.test(url) && URL.canParse(url)
