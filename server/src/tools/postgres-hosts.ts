/** The parts of a URL of PostgreSQL: before its hosts, the hosts, and the rest. */
const parts = /^(postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)([^/?#]*)(.*)$/s

/** The URL of each host of a URL such as `postgresql://user@first:5432,second:5432/database`; one where it has a single host. */
export function urlsOfHosts(url: string): readonly string[] {
  const [, before = '', hosts = '', after = ''] = parts.exec(url) ?? []
  return hosts.includes(',') ? hosts.split(',').map(host => `${before}${host}${after}`) : [url]
}
