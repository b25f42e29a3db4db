import { BlockList, isIP } from 'node:net'

const named: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** Replaces the names `loopback`, `linklocal` and `uniquelocal` by their ranges. */
export const withoutNames = (texts: readonly string[]) => texts.flatMap(text => named[text] ?? [text])

const family = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

/**
 * An address in its usual spelling: a dual-stack socket shows IPv4 as `::ffff:192.0.2.1`, and a zone (`%eth0`) does not identify a
 * client.
 */
export const plainAddress = (address: string) => address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')

/** A host as it is written in a URL. */
export const inUrl = (host: string) => (host.includes(':') ? `[${host}]` : host)

/**
 * Returns a function that tests whether an address is in one of these ranges: addresses (`203.0.113.7`) and CIDR blocks (`203.0.113.0/24`).
 * A text that is not an address is in none. Throws an Error that names an invalid range.
 */
export function rangesOf(texts: readonly string[]): (address: string) => boolean {
  // One list for each family: in a common one ::/0 would contain every IPv4 address.
  const ranges = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of texts) {
    const [, address = '', prefix] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
    const version = isIP(address)
    const bits = version === 4 ? 32 : 128
    const length = prefix === undefined ? bits : Number(prefix)
    if (!version || length > bits) throw new Error(`'${text}' is neither an IP address nor a CIDR block like 203.0.113.0/24.`)
    if (/^[0:]*:ffff:/i.test(address)) throw new Error(`'${text}': write the IPv4 address without the prefix ::ffff:.`)
    ranges[family(address)].addSubnet(address, length, family(address))
  }
  return text => {
    const address = plainAddress(text)
    return isIP(address) !== 0 && ranges[family(address)].check(address, family(address))
  }
}

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
