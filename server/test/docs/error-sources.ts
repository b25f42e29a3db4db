import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'

const source = join(import.meta.dirname, '../../src')

/** A node of the syntax tree (ESTree), as far as this file reads it. */
interface Node {
  readonly type: string
  readonly [member: string]: unknown
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value
const childrenOf = (node: Node) => Object.values(node).flat().filter(isNode)
const all = (node: Node): Node[] => [node, ...childrenOf(node).flatMap(all)]
const nameOf = (node: unknown) => (isNode(node) && node.type === 'Identifier' ? (node['name'] as string) : undefined)

interface Module {
  readonly file: string
  readonly nodes: readonly Node[]
  /** Constants and functions by name, in whichever scope they are. */
  readonly declared: ReadonlyMap<string, Node>
  /** The names among them that other modules may use. */
  readonly exported: ReadonlySet<string>
}

/** An error of the sources. `…` stands for what is known only at a call. */
export interface SourceError {
  readonly type: string
  readonly status: string
  readonly message: string
  /** Empty where there is none. */
  readonly reason: string
}

function moduleOf(file: string): Module {
  const nodes = all(parseSync(file, readFileSync(join(source, file), 'utf8')).program as unknown as Node)
  const declared = new Map<string, Node>()
  for (const node of nodes) {
    const name = nameOf(node['id'])
    if (name === undefined || declared.has(name)) continue
    if (node.type === 'FunctionDeclaration') declared.set(name, node)
    if (node.type === 'VariableDeclarator' && isNode(node['init'])) declared.set(name, node['init'])
  }
  const exported = nodes
    .filter(({ type }) => type === 'ExportNamedDeclaration')
    .flatMap(({ declaration }) => (isNode(declaration) ? [declaration, ...childrenOf(declaration)] : []))
    .flatMap(({ id }) => nameOf(id) ?? [])
  return { file, nodes, declared, exported: new Set(exported) }
}

const modules = globSync('**/*.ts', { cwd: source }).toSorted().map(moduleOf)

/** Stands for a value that is known only at a call. */
const unknown = ['…']
const mostAlternatives = 12
type Values = ReadonlyMap<string, readonly string[]>

const joined = (left: readonly string[], right: readonly string[]) =>
  left.flatMap(start => right.map(end => start + end)).slice(0, mostAlternatives)

const isFunction = ({ type }: Node) => type === 'FunctionDeclaration' || type === 'ArrowFunctionExpression'
const argumentsOf = (node: Node) => node['arguments'] as Node[]
const parametersOf = (node: Node) =>
  (node['params'] as Node[]).map(parameter => nameOf(parameter) ?? nameOf(parameter['left']) ?? nameOf(parameter['parameter']) ?? '')

/** The texts that an expression may have. */
function textsOf(node: unknown, module: Module, values: Values, depth = 0): readonly string[] {
  if (!isNode(node) || depth > 4) return unknown
  const next = (child: unknown) => textsOf(child, module, values, depth + 1)
  const name = nameOf(node)
  if (name !== undefined) {
    if (name === 'undefined') return ['']
    const declared = module.declared.get(name)
    return values.get(name) ?? (declared && !isFunction(declared) ? next(declared) : unknown)
  }
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? [node['value']] : [String(node['value'])]
  if (node.type === 'TemplateLiteral') {
    const parts = (node['quasis'] as { value: { cooked: string } }[]).map(({ value }) => value.cooked)
    const holes = (node['expressions'] as Node[]).map(next)
    return parts.slice(1).reduce<readonly string[]>((texts, part, index) => joined(joined(texts, holes[index]!), [part]), [parts[0]!])
  }
  if (node.type === 'ConditionalExpression') return [...new Set([...next(node['consequent']), ...next(node['alternate'])])]
  if (node.type === 'LogicalExpression') return [...new Set([...next(node['left']), ...next(node['right'])])]
  // One of the texts of a table.
  if (node.type === 'MemberExpression') {
    const table = module.declared.get(nameOf(node['object']) ?? '')
    if (table?.type !== 'ObjectExpression') return unknown
    return (table['properties'] as Node[]).flatMap(property => next(property['value']))
  }
  if (node.type === 'BinaryExpression' && node['operator'] === '+') return joined(next(node['left']), next(node['right']))
  if (node.type !== 'CallExpression') return unknown
  const called = nameOf(node['callee']) ?? ''
  const home = module.declared.has(called) ? module : modules.find(each => each.exported.has(called))
  const made = home?.declared.get(called)
  return home && made && isFunction(made) ? returnedBy(made, argumentsOf(node).map(next), home, depth) : unknown
}

function returnedBy(made: Node, given: readonly (readonly string[])[], module: Module, depth: number): readonly string[] {
  const values = new Map(parametersOf(made).map((name, index) => [name, given[index] ?? ['']]))
  const body = made['body'] as Node
  const results =
    body.type === 'BlockStatement' ? all(body).filter(({ type }) => type === 'ReturnStatement') : [{ type: '', argument: body }]
  return [...new Set(results.flatMap(({ argument }) => textsOf(argument, module, values, depth + 1)))].slice(0, mostAlternatives)
}

/** A function that makes errors: the call in it, and the names of its parameters. */
interface Maker {
  readonly module: Module
  readonly made: Node
  readonly call: Node
}

type Makers = ReadonlyMap<string, readonly Maker[]>

/** The function that a name means in a module: its own, or else an exported one. */
const makerOf = (name: string | undefined, module: Module, makers: Makers) => {
  const known = makers.get(name ?? '') ?? []
  return known.find(maker => maker.module === module) ?? (module.declared.has(name ?? '') ? undefined : known[0])
}

/** The errors that a call or `new` makes, through the functions that it calls. */
function rowsOf(call: Node, module: Module, values: Values, makers: Makers, modelled: ReadonlyMap<string, string>): SourceError[] {
  const name = nameOf(call['callee'])
  const given = argumentsOf(call).map(each => textsOf(each, module, values))
  if (name === 'failure' || name === 'ApiError') {
    const [type = '…'] = given[0] ?? []
    const status = modelled.get(type) ?? (name === 'ApiError' ? given[1]?.[0] : undefined) ?? '…'
    const [messages = unknown, reasons = ['']] = given.slice(name === 'failure' ? 1 : 2)
    return messages.flatMap(message => reasons.map(reason => ({ type, status, message, reason })))
  }
  const maker = makerOf(name, module, makers)!
  const inner = new Map(parametersOf(maker.made).map((parameter, index) => [parameter, given[index] ?? defaultOf(maker, index)]))
  return rowsOf(maker.call, maker.module, inner, makers, modelled)
}

function defaultOf({ made, module }: Maker, index: number): readonly string[] {
  const parameter = (made['params'] as Node[])[index]
  return parameter?.type === 'AssignmentPattern' ? textsOf(parameter['right'], module, new Map()) : ['']
}

const isCall = ({ type }: Node) => type === 'CallExpression' || type === 'NewExpression'

/** All errors of the sources, as far as their texts are in the code. */
export function errorsOfTheSources(): SourceError[] {
  const errors = modules.find(({ file }) => file === 'errors.ts')!
  const modelled = new Map(
    all(errors.declared.get('statuses')!)
      .filter(({ type }) => type === 'Property')
      .map(({ key, value }) => [nameOf(key)!, String((value as Node)['value'])]),
  )
  const makers = new Map<string, Maker[]>()
  const makes = (node: Node, module: Module) =>
    isCall(node) &&
    (['failure', 'ApiError'].includes(nameOf(node['callee']) ?? '') || makerOf(nameOf(node['callee']), module, makers) !== undefined)
  // Functions that call such functions, to any depth.
  for (let round = 0; round < 3; round++) {
    for (const module of modules) {
      for (const [name, made] of module.declared) {
        const known = makers.get(name) ?? []
        if (!isFunction(made) || known.some(maker => maker.module === module) || name === 'failure') continue
        const body = made['body'] as Node
        const last = body.type === 'BlockStatement' ? ((body['body'] as Node[]).at(-1)?.['argument'] as Node | undefined) : body
        if (last && makes(last, module)) makers.set(name, [...known, { module, made, call: last }])
      }
    }
  }
  // The texts of such a function come from its callers. A function without text parameters may be passed on without a call: its texts are
  // its own.
  const inMakers = new Set([...makers.values()].flat().flatMap(({ call, made }) => (parametersOf(made).length > 0 ? call : [])))
  return modules.flatMap(module => [
    ...module.nodes
      .filter(node => makes(node, module) && !inMakers.has(node))
      .flatMap(node => rowsOf(node, module, new Map(), makers, modelled)),
    ...faultsIn(module),
  ])
}

/** The errors of validation, several of which may be in one message. */
function faultsIn(module: Module): SourceError[] {
  return module.nodes.flatMap(node => {
    if (node.type !== 'ObjectExpression') return []
    const members = new Map((node['properties'] as Node[]).map(property => [nameOf(property['key']), property['value']]))
    if (!members.has('sentence') || !members.has('reason')) return []
    const reasons = textsOf(members.get('reason'), module, new Map())
    return textsOf(members.get('sentence'), module, new Map()).flatMap(sentence =>
      reasons.map(reason => ({
        type: 'BadRequestException',
        status: '400',
        message: `1 validation error detected: ${sentence}`,
        reason,
      })),
    )
  })
}
