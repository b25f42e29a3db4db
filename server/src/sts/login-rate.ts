import { isIPv6 } from 'node:net'
import { takeFrom, type RateLimiting } from '../rates/operation-rates.ts'

/**
 * Takes a token from the bucket of logins of an address, or throws 429. Logins are limited because the server has to verify each, and they
 * are not signed.
 */
export type TakeLogin = (sourceAddress: string) => void

/** The /64 network of an IPv6 address, which one sender usually owns; an IPv4 address unchanged. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const first = [...groups, ...Array.from({ length: missing }, () => '0')].slice(0, 4)
  return first.map(group => Number.parseInt(group, 16).toString(16)).join(':')
}

export const loginRate = (rateLimiting: RateLimiting | undefined): TakeLogin =>
  rateLimiting ? address => takeFrom(rateLimiting, 'loginRate', networkOf(address)) : () => {}
