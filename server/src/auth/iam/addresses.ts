import { BlockList, isIP } from 'node:net'
import { PolicyError } from './policy-error.ts'

const family = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

/** `::ffff:192.0.2.1` is how a socket for both families shows an IPv4 address; a zone (`%eth0`) says nothing about the sender. */
const plain = (address: string) => address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')

/** Whether an address is in one of these ranges: addresses, or CIDR blocks. What is no address is in none. */
export function rangesOf(texts: readonly string[]): (address: string) => boolean {
  // One for each family: in a common one every IPv4 address is in ::/0.
  const ranges = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of texts) {
    const [, address = '', prefix] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
    const version = isIP(address)
    const bits = version === 4 ? 32 : 128
    const length = prefix === undefined ? bits : Number(prefix)
    if (!version || length > bits) throw new PolicyError(`'${text}' is neither an IP address nor a CIDR block like 203.0.113.0/24.`)
    if (/^[0:]*:ffff:/i.test(address)) throw new PolicyError(`'${text}': write an IPv4 address as such.`)
    ranges[family(address)].addSubnet(address, length, family(address))
  }
  return text => {
    const address = plain(text)
    return isIP(address) !== 0 && ranges[family(address)].check(address, family(address))
  }
}
