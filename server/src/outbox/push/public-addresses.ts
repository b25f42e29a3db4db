import { Resolver } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { isPublic } from '../../tools/addresses.ts'
import { DeadDevice } from './service.ts'

/** Resolves a name to all its addresses; rejects if there are none. */
type Resolve = (hostname: string) => Promise<readonly string[]>

/** By DNS, since the system's look-up uses threads that the whole process shares, and slow names would block them. */
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
