import { carillonOperations } from '../contract/index.ts'
import type { Shape } from '../contract/shapes.ts'
import { kindOf, type Json } from './shapes.ts'

/** Where botocore and the AWS CLI look for the model of the service: FOLDER/carillon/VERSION/. */
export const modelVersion = '2026-11-29'

const locations = { path: 'uri', query: 'querystring', header: 'header' } as const

/** The shapes of a service, each under a name of its own. Equal shapes have one name. */
class Shapes {
  readonly all: Record<string, Json> = {}

  /** Returns the name of a shape: that of an equal one, or else `name`. */
  add(name: string, shape: Shape, members: (member: string) => { [name: string]: Json } = () => ({})): string {
    const content = this.#contentOf(name, shape, members)
    const text = JSON.stringify(content)
    for (let index = 1; ; index++) {
      const candidate = index === 1 ? name : `${name}${index}`
      this.all[candidate] ??= content
      if (JSON.stringify(this.all[candidate]) === text) return candidate
    }
  }

  #contentOf(name: string, shape: Shape, members: (member: string) => { [name: string]: Json }): { [name: string]: Json } {
    const { properties = {}, required, items, propertyNames, additionalProperties } = shape
    const own: { [name: string]: Json } = {
      type: kindOf(shape),
      ...(shape.enum && { enum: [...shape.enum] }),
      ...limited('min', shape.minLength ?? shape.minimum ?? shape.minItems),
      ...limited('max', shape.maxLength ?? shape.maximum ?? shape.maxItems),
      ...(shape.writtenPattern !== undefined && { pattern: shape.writtenPattern }),
      ...(shape.sensitive && { sensitive: true }),
    }
    if (items) return { ...own, member: { shape: this.add(name.replace(/s$|List$/, ''), items) } }
    if (propertyNames && additionalProperties)
      return {
        ...own,
        key: { shape: this.add(`${name}Key`, propertyNames) },
        value: { shape: this.add(`${name}Value`, additionalProperties) },
      }
    if (own['type'] !== 'structure') return own
    const described = Object.entries(properties).map(([member, inner]) => [member, { shape: this.add(member, inner), ...members(member) }])
    return { ...own, ...(required?.length && { required: [...required] }), members: Object.fromEntries(described) as Json }
  }
}

const limited = (name: string, value: number | undefined) => (value === undefined ? {} : { [name]: value })

const exceptions = (names: readonly string[]) => names.map(shape => ({ shape }))

/** The model of the service `carillon` for botocore (boto3, the AWS CLI), as the content of service-2.json. */
export function botocoreModel(): Json {
  const shapes = new Shapes()
  const described = Object.entries(carillonOperations).map(([name, operation]) => {
    const { method, path, selector, status, input, output, errors, bindings, idempotencyToken } = operation
    for (const error of errors) {
      const members = {
        Code: { shape: shapes.add('String', { type: 'string' }) },
        Message: { shape: 'String' },
        Reason: { shape: 'String' },
      }
      shapes.all[error] ??= { type: 'structure', members, exception: true }
    }
    const inputShape = shapes.add(`${name}Request`, input, member => {
      const binding = bindings[member]!
      return {
        ...(binding.in !== 'body' && { location: locations[binding.in], locationName: binding.name }),
        ...(member === idempotencyToken && { idempotencyToken: true }),
      }
    })
    const requestUri = selector ? `${path}?${selector.name}=${selector.value}` : path
    const answered = Object.keys(output.properties).length > 0 && { output: { shape: shapes.add(`${name}Response`, output) } }
    return [
      name,
      { name, http: { method, requestUri, responseCode: status }, input: { shape: inputShape }, ...answered, errors: exceptions(errors) },
    ]
  })
  return {
    version: '2.0',
    metadata: {
      apiVersion: modelVersion,
      endpointPrefix: 'carillon',
      protocol: 'rest-json',
      serviceFullName: 'Carillon',
      serviceId: 'Carillon',
      // The same signature as for Amazon's two services.
      signatureVersion: 'v4',
      signingName: 'chime',
      uid: `carillon-${modelVersion}`,
    },
    operations: Object.fromEntries(described) as Json,
    shapes: shapes.all,
  }
}

/** Which operations have pages, as the content of paginators-1.json. */
export function botocorePaginators(): Json {
  const paged = Object.entries(carillonOperations).filter(([, { output }]) => 'NextToken' in output.properties)
  const described = paged.map(([name, { output }]) => {
    const members = Object.entries(output.properties as Record<string, Shape>)
    const result = members.find(([, shape]) => kindOf(shape) === 'list')?.[0]
    // Without them the AWS CLI, which reads all pages by itself, prints the list only.
    const others = members.map(([member]) => member).filter(member => member !== result && member !== 'NextToken')
    const paginator = { input_token: 'NextToken', output_token: 'NextToken', limit_key: 'MaxResults', result_key: result }
    return [name, others.length === 0 ? paginator : { ...paginator, non_aggregate_keys: others }]
  })
  return { pagination: Object.fromEntries(described) as Json }
}
