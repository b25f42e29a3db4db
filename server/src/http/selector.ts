/**
 * A route constraint on one query parameter: the selectors ?operation= and ?scope= distinguish the operations of one path. An
 * unknown value matches no route, so it is an unknown operation and never another one. So is a parameter that occurs twice, since
 * proxies differ in which one counts.
 */
export function selector(name: 'operation' | 'scope') {
  return {
    name,
    mustMatchWhenDerived: true,
    storage() {
      const routes = new Map<unknown, unknown>()
      return {
        get: (value: unknown) => (routes.get(value) ?? null) as never,
        set: (value: unknown, route: unknown) => void routes.set(value, route),
      }
    },
    /** Undefined if the parameter is absent; find-my-way treats that as no constraint, although its type does not say so. */
    deriveConstraint({ url = '' }: { url?: string | undefined }): string {
      const start = url.indexOf('?')
      return (start === -1 ? undefined : parameterIn(url.slice(start + 1), name)) as string
    },
  }
}

/** The decoded value of a query parameter; undefined if it is absent, empty if it occurs more than once. */
export function parameterIn(query: string, name: string): string | undefined {
  // Only a query with escapes has to be decoded for the search.
  if (!query.includes('%') && !query.includes(name)) return undefined
  let found: string | undefined
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    if (decoded(equals === -1 ? pair : pair.slice(0, equals)) !== name) continue
    if (found !== undefined) return ''
    found = equals === -1 ? '' : decoded(pair.slice(equals + 1))
  }
  return found
}

/** Decodes a name or value. Returns the text itself if it cannot be decoded, since it is then not a known name or value. */
function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
