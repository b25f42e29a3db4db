import packageFile from '../../package.json' with { type: 'json' }
import { carillonOperations, operations, services } from '../contract/index.ts'
import type { Operation } from '../contract/operation.ts'
import type { Shape } from '../contract/shapes.ts'
import { statusOf } from '../errors.ts'
import { kindOf, type Json } from './shapes.ts'

/** A pattern with its characters written out: not every language that reads JSON Schema knows the escapes of JavaScript. */
const portable = (pattern: string) =>
  pattern.replaceAll(/\\u(?:\{(?<braced>\w+)\}|(?<four>\w{4}))/g, (...match) => {
    const { braced, four } = match.at(-1) as { braced?: string; four?: string }
    return String.fromCodePoint(Number.parseInt(braced ?? four!, 16))
  })

/** A shape as JSON Schema. Times are epoch seconds with a fraction, and in a query ISO 8601. */
function schemaOf(shape: Shape, isInQuery = false): { [name: string]: Json } {
  const { properties = {}, required, items, propertyNames, additionalProperties, minLength, maxLength, minItems, maxItems } = shape
  if (shape.timestamp) return isInQuery ? { type: 'string', format: 'date-time' } : { type: 'number', description: 'Epoch seconds' }
  if (shape.enum) return { type: 'string', enum: [...shape.enum] }
  if (items) return { type: 'array', items: schemaOf(items), minItems, maxItems }
  if (additionalProperties)
    return { type: 'object', propertyNames: propertyNames && schemaOf(propertyNames), additionalProperties: schemaOf(additionalProperties) }
  if (kindOf(shape) !== 'structure') {
    const pattern = shape.pattern === undefined ? undefined : portable(shape.pattern)
    return { type: shape.type, minLength, maxLength, pattern, minimum: shape.minimum, maximum: shape.maximum }
  }
  const members = Object.entries(properties).map(([name, inner]) => [name, schemaOf(inner)])
  return { type: 'object', required: required?.length ? [...required] : undefined, properties: Object.fromEntries(members) as Json }
}

function described(name: string, { status, input, output, bindings, errors }: Operation, tag: string): { [name: string]: Json } {
  const members = Object.entries(input.properties as Record<string, Shape>)
  const isRequired = (member: string) => input.required?.includes(member) === true
  const outsideBody = members.filter(([member]) => bindings[member]!.in !== 'body')
  const body = members.filter(([member]) => bindings[member]!.in === 'body')
  const parameters = outsideBody.map(([member, shape]) => {
    const { in: where, name: called } = bindings[member]!
    return { name: called, in: where, required: where === 'path' || isRequired(member), schema: schemaOf(shape, where === 'query') }
  })
  const requiredInBody = body.map(([member]) => member).filter(isRequired)
  const requestBody = body.length > 0 && {
    requestBody: {
      required: requiredInBody.length > 0,
      content: {
        'application/json': {
          schema: schemaOf({ type: 'object', properties: Object.fromEntries(body), required: requiredInBody }),
        },
      },
    },
  }
  const hasAnswer = Object.keys(output.properties).length > 0
  const content = hasAnswer && { content: { 'application/json': { schema: schemaOf(output) } } }
  const refusals = Map.groupBy(errors, error => String(statusOf(error)))
  const refused = [...refusals].map(([code, names]) => [
    code,
    { description: names.join(', '), content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
  ])
  return {
    operationId: name,
    tags: [tag],
    parameters,
    ...requestBody,
    responses: { [String(status)]: { description: 'Success', ...content }, ...(Object.fromEntries(refused) as { [name: string]: Json }) },
  }
}

/** OpenAPI has one operation for each path and method, so operations that differ by a selector have the selector in their path. */
const pathOf = ({ path, selector }: Operation) => (selector ? `${path}?${selector.name}=${selector.value}` : path)

/** An OpenAPI 3.1 document of all three services. */
export function openApi(): Json {
  const paths: Record<string, { [name: string]: Json }> = {}
  const amazons = (['messaging', 'identity'] as const).flatMap(tag => services[tag].map(name => [tag, name, operations[name]] as const))
  const ours = Object.entries(carillonOperations).map(([name, operation]) => ['carillon', name, operation] as const)
  for (const [tag, name, operation] of [...amazons, ...ours]) {
    const path = (paths[pathOf(operation)] ??= {})
    path[operation.method.toLowerCase()] ??= described(name, operation, tag)
  }
  const text: Json = { type: 'string' }
  return {
    openapi: '3.1.0',
    info: { title: 'Carillon', version: packageFile.version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ signature: [] }],
    paths,
    components: {
      securitySchemes: {
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'AWS Signature Version 4, for the service chime',
        },
      },
      schemas: { Error: { type: 'object', properties: { Code: text, Message: text, Reason: text } } },
    },
  }
}
