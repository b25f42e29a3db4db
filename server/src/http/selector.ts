/**
 * A route constraint on one query parameter: the selectors ?operation= and ?scope= tell apart the operations of one path.
 * A value that no route asks for matches no route, so it is an unknown operation rather than another one; so is one given
 * twice, since proxies differ in which one they mean.
 */
export function selector(name: 'operation' | 'scope') {
  const parameter = new RegExp(`[?&]${name}=([^&]*)`)
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
    deriveConstraint(request: { url?: string | undefined }): string {
      const { url = '' } = request
      const found = url.includes('?') ? parameter.exec(url) : null
      const isRepeated = found !== null && parameter.test(url.slice(found.index + 1))
      return (isRepeated ? '' : found?.[1]) as string
    },
  }
}
