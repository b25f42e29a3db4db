import { bindingOf, type Method } from '../contract/binding.ts'

type Input = Readonly<Record<string, unknown>>

export const escaped = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

/** In a path, in a query or in a header. */
const written = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value))

/** In a body times are epoch seconds. An invalid Date would become null, which a server reads as no bound at all. */
function inBody(this: Input, key: string, value: unknown): unknown {
  const given = this[key]
  if (!(given instanceof Date)) return value
  if (Number.isNaN(given.getTime())) throw new TypeError(`${key} is not a valid Date.`)
  return given.getTime() / 1000
}

/**
 * The request of an operation: where each member of the input travels. The route is `METHOD /path?selector=value`. Throws a TypeError if a
 * member of the path is missing, or is one that `fetch` would take away: it resolves `.` and `..`, however they are escaped.
 */
export function requestOf(route: string, input: Input) {
  const [method, target] = route.split(' ') as [Method, string]
  const [template = '', selector] = target.split('?')
  let path = template
  const query: Record<string, string> = Object.fromEntries(new URLSearchParams(selector))
  const headers: Record<string, string> = {}
  const body: Record<string, unknown> = {}
  for (const [member, value] of Object.entries(input)) {
    const { in: where, name } = bindingOf(member, method, template)
    if (value === undefined || (where === 'path' && value === '')) continue
    if (where === 'path' && /^\.{1,2}$/.test(written(value))) throw new TypeError(`${member} cannot be '${written(value)}'.`)
    if (where === 'path') path = path.replace(`{${name}}`, escaped(written(value)))
    else if (where === 'query') query[name] = written(value)
    else if (where === 'header') headers[name] = written(value)
    else body[member] = value
  }
  const missing = /\{(\w+)\}/.exec(path)?.[1]
  if (missing !== undefined) throw new TypeError(`${missing[0]!.toUpperCase()}${missing.slice(1)} is required.`)
  return { method, path, query, headers, body: method === 'GET' || method === 'DELETE' ? undefined : JSON.stringify(body, inBody) }
}
