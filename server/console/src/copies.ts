import { routes } from 'carillon:routes'
import { requestOf } from '../../src/client/request.ts'

const services = { messaging: 'chime-sdk-messaging', identity: 'chime-sdk-identity', carillon: 'carillon' }

/** For a POSIX shell. */
const quoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`)
const kebab = (name: string) =>
  name
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-')
    .replaceAll(/(?<=[A-Z])(?=[A-Z][a-z])/g, '-')
    .toLowerCase()

/** A JSON value in Python's syntax. */
const python = (value: unknown): string => {
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (value === null || value === undefined) return 'None'
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, each]) => `${JSON.stringify(key)}: ${python(each)}`)
      .join(', ')}}`
  return JSON.stringify(value)
}

/** The call for the AWS CLI, for boto3 and for curl. */
export function copies(operation: string, input: Readonly<Record<string, unknown>>): readonly (readonly [name: string, text: string])[] {
  const [service, route] = routes[operation]!
  const members = Object.entries(input)
  const cli = [
    `aws ${services[service]} ${kebab(operation)} --endpoint-url ${quoted(location.origin)}`,
    ...members.map(([name, value]) => `--${kebab(name)} ${quoted(typeof value === 'string' ? value : JSON.stringify(value))}`),
  ].join(' \\\n  ')
  const boto3 = [
    'import boto3',
    `client = boto3.client('${services[service]}', endpoint_url=${JSON.stringify(location.origin)})`,
    `client.${kebab(operation).replaceAll('-', '_')}(`,
    ...members.map(([name, value]) => `    ${name}=${python(value)},`),
    ')',
  ].join('\n')
  const { method, path, query, headers, body } = requestOf(route, input)
  const search = new URLSearchParams(query).toString()
  const curl = [
    `curl --aws-sigv4 aws:amz:us-east-1:chime --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -X ${method}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-H 'content-type: application/json' --data ${quoted(body)}`]),
    quoted(`${location.origin}${path}${search === '' ? '' : `?${search}`}`),
  ].join(' \\\n  ')
  return [
    ['AWS CLI', cli],
    ['boto3', boto3],
    ['curl', curl],
  ]
}
