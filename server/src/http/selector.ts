/**
 * A route constraint on one query parameter: the selectors ?operation= and ?scope= tell apart the operations of one path.
 * A value that no route asks for matches no route, so it is an unknown operation rather than another one; so is one given
 * twice, since proxies differ in which one they mean.
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
    /** Undefined where the parameter is absent, which find-my-way takes for no constraint though its type does not say so. */
    deriveConstraint({ url = '' }: { url?: string | undefined }): string {
      const start = url.indexOf('?')
      return (start === -1 ? undefined : parameterIn(url.slice(start + 1), name)) as string
    },
  }
}

/** The value of a query parameter without its escapes: undefined where it is absent, empty where it is given more than once. */
export function parameterIn(query: string, name: string): string | undefined {
  // Only what is escaped needs to be taken apart to be found.
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

/** As it stands where it cannot be decoded: then it is neither a name nor a value that is known. */
function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
