import { bindingOf, type Method } from '../contract/binding.ts'

type Input = Readonly<Record<string, unknown>>

export const escaped = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

/** In a path, in a query or in a header. */
const written = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value))

/** In a body times are epoch seconds. */
function inBody(this: Input, key: string, value: unknown): unknown {
  const given = this[key]
  return given instanceof Date ? given.getTime() / 1000 : value
}

/**
 * The request of an operation: where each member of the input travels. The route is `METHOD /path?selector=value`. Throws a TypeError if a
 * member of the path is missing.
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
    if (where === 'path') path = path.replace(`{${name}}`, escaped(written(value)))
    else if (where === 'query') query[name] = written(value)
    else if (where === 'header') headers[name] = written(value)
    else body[member] = value
  }
  const missing = /\{(\w+)\}/.exec(path)?.[1]
  if (missing !== undefined) throw new TypeError(`${missing[0]!.toUpperCase()}${missing.slice(1)} is required.`)
  return { method, path, query, headers, body: method === 'GET' || method === 'DELETE' ? undefined : JSON.stringify(body, inBody) }
}
