import { BlockList, isIP } from 'node:net'

const named: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** The same ranges, with those in the place of `loopback`, `linklocal` and `uniquelocal` that these names stand for. */
export const withoutNames = (texts: readonly string[]) => texts.flatMap(text => named[text] ?? [text])

const family = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

/** `::ffff:192.0.2.1` is how a socket for both families shows an IPv4 address; a zone (`%eth0`) says nothing of whose it is. */
export const plainAddress = (address: string) => address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')

/**
 * Whether an address is in one of these ranges: addresses (`203.0.113.7`) and CIDR blocks (`203.0.113.0/24`). What is no address is
 * in none. Throws an Error that names a text which is no range.
 */
export function rangesOf(texts: readonly string[]): (address: string) => boolean {
  // One for each family: in a common one every IPv4 address is in ::/0.
  const ranges = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of texts) {
    const [, address = '', prefix] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
    const version = isIP(address)
    const bits = version === 4 ? 32 : 128
    const length = prefix === undefined ? bits : Number(prefix)
    if (!version || length > bits) throw new Error(`'${text}' is neither an IP address nor a CIDR block like 203.0.113.0/24.`)
    if (/^[0:]*:ffff:/i.test(address)) throw new Error(`'${text}': write an IPv4 address as such.`)
    ranges[family(address)].addSubnet(address, length, family(address))
  }
  return text => {
    const address = plainAddress(text)
    return isIP(address) !== 0 && ranges[family(address)].check(address, family(address))
  }
}
