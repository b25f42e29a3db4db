import type { Operation } from '../../src/contract/operation.ts'
import type { Shape } from '../../src/contract/shapes.ts'

/** One of Amazon's service models, as far as the contract is compared with it. */
export interface Model {
  operations: Record<string, ModelOperation>
  shapes: Record<string, ModelShape>
}

export interface ModelOperation {
  http: { method: string; requestUri: string; responseCode?: number }
  input?: { shape: string }
  output?: { shape: string }
  errors: { shape: string }[]
}

export interface ModelMember {
  shape: string
  location?: string
  locationName?: string
  idempotencyToken?: boolean
}

export interface ModelShape {
  type: string
  min?: number
  max?: number
  pattern?: string
  enum?: string[]
  sensitive?: boolean
  member?: { shape: string }
  key?: { shape: string }
  value?: { shape: string }
  members?: Record<string, ModelMember>
  required?: string[]
}

/** The facts of a shape, from either side; nested, so that two of them can be compared in depth. */
type Fact = string | number | boolean | undefined | readonly Fact[] | { readonly [name: string]: Fact }

/** All facts that a model states of an operation. */
export function modelFacts(model: Model, name: string): Fact {
  const operation = model.operations[name]
  if (operation === undefined) return undefined
  const [path, selector] = operation.http.requestUri.split('?')
  const input = shapeNamed(model, operation.input?.shape)
  const output = shapeNamed(model, operation.output?.shape)
  const places = Object.entries(input.members ?? {}).map(([member, facts]) => [member, modelPlace(member, facts)])
  return {
    method: operation.http.method,
    path,
    selector,
    status: operation.http.responseCode ?? 200,
    errors: operation.errors.map(error => error.shape).toSorted(),
    input: modelShapeFacts(model, input),
    places: Object.fromEntries(places),
    idempotencyTokens: Object.keys(input.members ?? {}).filter(member => input.members?.[member]?.idempotencyToken),
    output: modelShapeFacts(model, output),
    outputOrder: Object.keys(output.members ?? {}),
  }
}

const modelPlaces: Readonly<Record<string, string>> = { uri: 'path', querystring: 'query', header: 'header' }

const modelPlace = (member: string, { location, locationName }: ModelMember): Fact =>
  location === undefined ? { in: 'body', name: locationName ?? member } : { in: modelPlaces[location] ?? location, name: locationName }

const shapeNamed = (model: Model, name: string | undefined): ModelShape =>
  (name === undefined ? undefined : model.shapes[name]) ?? { type: 'structure' }

function modelShapeFacts(model: Model, shape: ModelShape): Fact {
  const nested = (reference: { shape: string } | undefined) => reference && modelShapeFacts(model, shapeNamed(model, reference.shape))
  return {
    type: shape.type,
    minimum: shape.min,
    maximum: shape.max,
    pattern: shape.pattern,
    words: shape.enum,
    sensitive: shape.sensitive,
    item: nested(shape.member),
    key: nested(shape.key),
    value: nested(shape.value),
    members: Object.fromEntries(Object.entries(shape.members ?? {}).map(([name, member]) => [name, nested(member)])),
    required: shape.required?.toSorted() ?? [],
  }
}

/** All facts that the contract states of an operation. */
export function contractFacts(operation: Operation): Fact {
  return {
    method: operation.method,
    path: operation.path,
    selector: operation.selector && `${operation.selector.name}=${operation.selector.value}`,
    status: operation.status,
    errors: operation.errors.toSorted(),
    input: contractShapeFacts(operation.input),
    places: Object.fromEntries(Object.entries(operation.bindings).map(([member, place]) => [member, { in: place.in, name: place.name }])),
    idempotencyTokens: operation.idempotencyToken === undefined ? [] : [operation.idempotencyToken],
    output: contractShapeFacts(operation.output),
    outputOrder: Object.keys(operation.output.properties),
  }
}

function contractShapeFacts(shape: Shape): Fact {
  const nested = (inner: Shape | undefined) => inner && contractShapeFacts(inner)
  return {
    type: modelType(shape),
    minimum: shape.minLength ?? shape.minimum ?? shape.minItems,
    maximum: shape.maxLength ?? shape.maximum ?? shape.maxItems,
    pattern: shape.writtenPattern,
    words: shape.enum,
    sensitive: shape.sensitive,
    item: nested(shape.items),
    key: nested(shape.propertyNames),
    value: nested(shape.additionalProperties),
    members: Object.fromEntries(Object.entries(shape.properties ?? {}).map(([name, member]) => [name, nested(member)])),
    required: shape.required?.toSorted() ?? [],
  }
}

function modelType(shape: Shape): string | undefined {
  if (shape.timestamp) return 'timestamp'
  if (shape.enum) return 'string'
  if (shape.additionalProperties) return 'map'
  return shape.type === 'object' ? 'structure' : shape.type === 'array' ? 'list' : shape.type
}

/** The differences of two statements, as paths with both values. */
export function differences(model: Fact, contract: Fact, path = ''): string[] {
  if (typeof model !== 'object' || typeof contract !== 'object') {
    return model === contract ? [] : [`${path}: the model says ${JSON.stringify(model)}, the contract ${JSON.stringify(contract)}`]
  }
  const left = Object.entries(model)
  const right = new Map<string, Fact>(Object.entries(contract))
  const found = left.flatMap(([name, fact]) => differences(fact, right.get(name), `${path}/${name}`))
  const known = new Set(left.map(([name]) => name))
  return [...found, ...[...right].flatMap(([name, fact]) => (known.has(name) ? [] : differences(undefined, fact, `${path}/${name}`)))]
}
