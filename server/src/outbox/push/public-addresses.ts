import { Resolver } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { plainAddress, rangesOf } from '../../tools/addresses.ts'
import { DeadDevice } from './service.ts'

/** Addresses that are not of the public internet: private networks, this machine, link-local, shared, documentation, multicast. */
const special = rangesOf([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  // Teredo, other special uses, documentation, and 6to4, which holds an IPv4 address.
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
])
/** All public addresses of IPv6 are among these. */
const global = rangesOf(['2000::/3'])

/** Whether an address is one of the public internet. */
export function isPublic(address: string): boolean {
  const plain = plainAddress(address)
  if (isIP(plain) === 0 || special(plain)) return false
  return isIP(plain) === 4 || global(plain)
}

/** Resolves a name to all its addresses; rejects if there are none. */
type Resolve = (hostname: string) => Promise<readonly string[]>

/** By DNS: the system's look-up would use threads that the whole process shares, and a slow name would hold them. */
export function resolveByDns(): Resolve {
  const resolver = new Resolver({ timeout: 1500, tries: 1 })
  return async hostname => {
    const found = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const addresses = found.flatMap(each => (each.status === 'fulfilled' ? each.value : []))
    const failed = found.find(each => each.status === 'rejected')
    if (addresses.length === 0) throw failed?.reason ?? new Error(`${hostname} has no address`)
    return addresses
  }
}

/**
 * A look-up that answers public addresses only, so that a connection is dialled to the very address that was checked. For a name with
 * no public address it fails with DeadDevice. An address in place of a name is never looked up: check it by `isPublic`.
 */
export const publicLookup =
  (resolve: Resolve): LookupFunction =>
  (hostname, options, callback) => {
    void (async () => {
      try {
        const family = options.family === 4 || options.family === 6 ? options.family : undefined
        const found = (await resolve(hostname)).filter(isPublic).map(address => ({ address, family: isIP(address) }))
        const fitting = found.filter(each => family === undefined || each.family === family)
        if (fitting.length === 0) throw new DeadDevice(`${hostname} has no address of the public internet`)
        if (options.all) callback(null, fitting)
        else callback(null, fitting[0]!.address, fitting[0]!.family)
      } catch (error) {
        callback(error as NodeJS.ErrnoException, '', 0)
      }
    })()
  }
