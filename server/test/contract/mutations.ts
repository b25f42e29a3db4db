import type { Model, ModelMember, ModelOperation, ModelShape } from './facts.ts'

/** One wrong fact: `make` puts it into the model and returns a function that removes it. */
export interface Mutation {
  readonly what: string
  readonly make: () => () => void
}

/** Every single fact that a model states of an operation, changed in each way that could be mistyped. */
export function mutationsOf(model: Model, name: string): Mutation[] {
  const operation = model.operations[name]
  if (operation === undefined) return []
  return [...operationMutations(operation), ...[...reachableShapes(model, operation)].flatMap(shape => shapeMutations(model, shape))]
}

function set<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): Mutation {
  return {
    what: `${String(key)} becomes ${JSON.stringify(value)}`,
    make: () => {
      const had = Object.hasOwn(target, key)
      const before = target[key]
      if (value === undefined) delete target[key]
      else target[key] = value
      return () => {
        if (had) target[key] = before
        else delete target[key]
      }
    },
  }
}

function operationMutations({ http, errors, ...operation }: ModelOperation): Mutation[] {
  const all = { http, errors, ...operation }
  const [path, selector] = http.requestUri.split('?')
  return [
    ...['GET', 'PUT', 'POST', 'DELETE'].filter(method => method !== http.method).map(method => set(http, 'method', method)),
    set(http, 'requestUri', http.requestUri.replace(/.(?=\?|$)/, '')),
    set(http, 'requestUri', `${path}${selector === undefined ? '?scope=any' : ''}`),
    ...[200, 201, 202, 204].filter(status => status !== (http.responseCode ?? 200)).map(status => set(http, 'responseCode', status)),
    ...errors.map((_, index) => removed(errors, index)),
    ...['NotFoundException', 'ConflictException', 'ResourceLimitExceededException', 'BadRequestException']
      .filter(shape => !errors.some(error => error.shape === shape))
      .map(shape => added(errors, { shape })),
  ].filter(() => all.input !== undefined)
}

function removed(list: unknown[], index: number): Mutation {
  return {
    what: `${JSON.stringify(list[index])} is not listed`,
    make: () => {
      const taken = list.splice(index, 1)
      return () => list.splice(index, 0, ...taken)
    },
  }
}

function added<T>(list: T[], value: T): Mutation {
  return {
    what: `${JSON.stringify(value)} is listed too`,
    make: () => {
      list.push(value)
      return () => list.pop()
    },
  }
}

function reachableShapes(model: Model, operation: ModelOperation): Set<string> {
  const reached = new Set<string>()
  const visit = (name: string | undefined) => {
    if (name === undefined || reached.has(name)) return
    reached.add(name)
    const shape = model.shapes[name]
    for (const inner of [shape?.member, shape?.key, shape?.value, ...Object.values(shape?.members ?? {})]) visit(inner?.shape)
  }
  visit(operation.input?.shape)
  visit(operation.output?.shape)
  return reached
}

function shapeMutations(model: Model, name: string): Mutation[] {
  const shape = model.shapes[name]
  if (shape === undefined) return []
  const mutations = [
    ...limitMutations(shape),
    ...wordMutations(shape),
    set(shape, 'sensitive', shape.sensitive ? undefined : true),
    set(shape, 'type', shape.type === 'string' ? 'integer' : 'string'),
    ...Object.entries(shape.members ?? {}).flatMap(([member, facts]) => memberMutations(shape, member, facts)),
    ...[shape.member, shape.key, shape.value].flatMap(inner => (inner === undefined ? [] : set(inner, 'shape', otherShape(inner.shape)))),
  ]
  return mutations.map(({ what, make }) => ({ what: `${name}: ${what}`, make }))
}

const otherShape = (name: string) => (name === 'ChannelMode' ? 'ChannelPrivacy' : name === 'ChimeArn' ? 'Metadata' : 'ChimeArn')

function limitMutations(shape: ModelShape): Mutation[] {
  if (!['string', 'integer', 'list'].includes(shape.type) || shape.enum) return []
  const off = (limit: 'min' | 'max') => {
    const value = shape[limit]
    return value === undefined
      ? [set(shape, limit, 7)]
      : [set(shape, limit, value + 1), set(shape, limit, value - 1), set(shape, limit, undefined)]
  }
  const pattern = shape.type === 'string' ? [set(shape, 'pattern', `${shape.pattern ?? ''}x?`)] : []
  return [...off('min'), ...off('max'), ...pattern, ...(shape.pattern === undefined ? [] : [set(shape, 'pattern', undefined)])]
}

function wordMutations({ enum: words }: ModelShape): Mutation[] {
  if (words === undefined) return []
  return [added(words, 'ANOTHER'), ...words.flatMap((word, index) => [removed(words, index), set(words, index, word.toLowerCase() + '_')])]
}

function memberMutations(shape: ModelShape, name: string, member: ModelMember): Mutation[] {
  const { members = {}, required = [] } = shape
  const others = required.filter(other => other !== name)
  const mutations = [
    set(members, name, undefined),
    set(shape, 'required', required.includes(name) ? others : [...required, name]),
    set(shape, 'members', { ...withoutMember(members, name), [`${name}s`]: member }),
    set(member, 'shape', otherShape(member.shape)),
  ]
  if (shape.type === 'structure' && isInput(members)) {
    mutations.push(set(member, 'idempotencyToken', member.idempotencyToken ? undefined : true))
    mutations.push(set(member, 'location', member.location === 'querystring' ? 'uri' : 'querystring'))
    mutations.push(set(member, 'locationName', `${member.locationName ?? name}-x`))
  }
  return mutations.map(({ what, make }) => ({ what: `${name}: ${what}`, make }))
}

const withoutMember = (members: Record<string, ModelMember>, name: string) =>
  Object.fromEntries(Object.entries(members).filter(([other]) => other !== name))

/** Only the members of an input have different bindings; a member with a binding or a token tells an input from other structures. */
const isInput = (members: Record<string, ModelMember>) =>
  Object.values(members).some(member => member.location !== undefined || member.idempotencyToken)
