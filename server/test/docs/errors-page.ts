import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { parseSync } from 'vite'

const source = join(import.meta.dirname, '../../src')

/** A node of the syntax tree (ESTree), as far as this file looks at it. */
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
  /** Constants and functions by name, wherever they stand. */
  readonly declared: ReadonlyMap<string, Node>
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
  return { file, nodes, declared }
}

/** What stands for a value that only a call knows. */
const unknown = ['…']
const mostAlternatives = 12
type Values = ReadonlyMap<string, readonly string[]>

const joined = (left: readonly string[], right: readonly string[]) =>
  left.flatMap(start => right.map(end => start + end)).slice(0, mostAlternatives)

const isFunction = ({ type }: Node) => type === 'FunctionDeclaration' || type === 'ArrowFunctionExpression'
const argumentsOf = (node: Node) => node['arguments'] as Node[]
const parametersOf = (node: Node) =>
  (node['params'] as Node[]).map(parameter => nameOf(parameter) ?? nameOf(parameter['left']) ?? nameOf(parameter['parameter']) ?? '')

/** The texts that an expression may be. */
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
  if (node.type === 'BinaryExpression' && node['operator'] === '+') return joined(next(node['left']), next(node['right']))
  const called = node.type === 'CallExpression' ? module.declared.get(nameOf(node['callee']) ?? '') : undefined
  return called && isFunction(called) ? returnedBy(called, argumentsOf(node).map(next), module, depth) : unknown
}

function returnedBy(made: Node, given: readonly (readonly string[])[], module: Module, depth: number): readonly string[] {
  const values = new Map(parametersOf(made).map((name, index) => [name, given[index] ?? ['']]))
  const body = made['body'] as Node
  const results =
    body.type === 'BlockStatement' ? all(body).filter(({ type }) => type === 'ReturnStatement') : [{ type: '', argument: body }]
  return [...new Set(results.flatMap(({ argument }) => textsOf(argument, module, values, depth + 1)))].slice(0, mostAlternatives)
}

interface Row {
  readonly type: string
  readonly status: string
  readonly code: string
  readonly message: string
  readonly reason: string
}

/** A function that makes errors: the call in it, and what its parameters are called. */
interface Maker {
  readonly module: Module
  readonly made: Node
  readonly call: Node
}

/** The errors that a call or `new` makes, by those that it goes through. */
function rowsOf(call: Node, module: Module, values: Values, makers: ReadonlyMap<string, Maker>, modelled: Values): Row[] {
  const name = nameOf(call['callee'])
  const given = argumentsOf(call).map(each => textsOf(each, module, values))
  if (name === 'failure' || name === 'ApiError') {
    const [type = '…'] = given[0] ?? []
    const [status = '…', code = '…'] = modelled.get(type) ?? (name === 'ApiError' ? [given[1]?.[0], given[2]?.[0]] : [])
    const [messages = unknown, reasons = ['']] = name === 'failure' ? given.slice(1) : given.slice(3)
    return messages.flatMap(message => reasons.map(reason => ({ type, status, code, message, reason })))
  }
  const maker = makers.get(name!)!
  const inner = new Map(parametersOf(maker.made).map((parameter, index) => [parameter, given[index] ?? defaultOf(maker, index)]))
  return rowsOf(maker.call, maker.module, inner, makers, modelled)
}

function defaultOf({ made, module }: Maker, index: number): readonly string[] {
  const parameter = (made['params'] as Node[])[index]
  return parameter?.type === 'AssignmentPattern' ? textsOf(parameter['right'], module, new Map()) : ['']
}

const isCall = ({ type }: Node) => type === 'CallExpression' || type === 'NewExpression'

/** All errors of the sources, as far as their texts stand there. */
function collected(): Row[] {
  const modules = globSync('**/*.ts', { cwd: source }).toSorted().map(moduleOf)
  const errors = modules.find(({ file }) => file === 'errors.ts')!
  const modelled = new Map(
    all(errors.declared.get('modelledErrors')!)
      .filter(node => node.type === 'Property' && (node['value'] as Node).type === 'ObjectExpression')
      .map(node => [
        nameOf(node['key'])!,
        all(node['value'] as Node).flatMap(({ type, value }) => (type === 'Literal' ? [String(value)] : [])),
      ]),
  )
  const makers = new Map<string, Maker>()
  const makes = (node: Node) =>
    isCall(node) && (['failure', 'ApiError'].includes(nameOf(node['callee']) ?? '') || makers.has(nameOf(node['callee']) ?? ''))
  // Makers of makers: as often as one is built on another.
  for (let round = 0; round < 3; round++) {
    for (const module of modules) {
      for (const [name, made] of module.declared) {
        if (!isFunction(made) || makers.has(name) || name === 'failure') continue
        const body = made['body'] as Node
        const last = body.type === 'BlockStatement' ? ((body['body'] as Node[]).at(-1)?.['argument'] as Node | undefined) : body
        if (last && makes(last)) makers.set(name, { module, made, call: last })
      }
    }
  }
  const inMakers = new Set([...makers.values()].map(({ call }) => call))
  return modules.flatMap(module => [
    ...module.nodes.filter(node => makes(node) && !inMakers.has(node)).flatMap(node => rowsOf(node, module, new Map(), makers, modelled)),
    ...faultsIn(module),
  ])
}

/** What the validation finds, many of which may stand in one message. */
function faultsIn(module: Module): Row[] {
  return module.nodes.flatMap(node => {
    if (node.type !== 'ObjectExpression') return []
    const members = new Map((node['properties'] as Node[]).map(property => [nameOf(property['key']), property['value']]))
    if (!members.has('sentence') || !members.has('reason')) return []
    const reasons = textsOf(members.get('reason'), module, new Map())
    return textsOf(members.get('sentence'), module, new Map()).flatMap(sentence =>
      reasons.map(reason => ({
        type: 'BadRequestException',
        status: '400',
        code: 'BadRequest',
        message: `1 validation error detected: ${sentence}`,
        reason,
      })),
    )
  })
}

const cell = (text: string) => (text === '' ? '–' : text.replaceAll(/([|*_<>\\`[\]])/g, String.raw`\$1`).replaceAll('\n', ' '))

/** docs/errors.md */
export async function errorsPage(): Promise<string> {
  const sections = new Map<string, Set<string>>()
  const rows = collected().toSorted((a, b) => (`${a.status} ${a.type} ${a.message}` < `${b.status} ${b.type} ${b.message}` ? -1 : 1))
  for (const { status, type, code, message, reason } of rows) {
    const title = `## ${status} ${type}\n\nCode \`${code}\``
    const lines = sections.get(title) ?? new Set()
    sections.set(title, lines.add(`| ${cell(message)} | ${cell(reason)} |`))
  }
  const tables = [...sections].map(([title, lines]) => `${title}\n\n| Message | Reason |\n| --- | --- |\n${[...lines].join('\n')}\n`)
  const page = `# Errors

Every error is JSON with \`Code\`, \`Message\` and \`Reason\`, and its type is in the header \`x-amzn-errortype\`. \`Code\`, \`Message\` and
status are Amazon's; \`Reason\` is ours, and says which check has failed and what to change. \`…\` stands for what only the call knows.
429 and 503 have a \`Retry-After\`. At the log level \`debug\` the log has each of them by its request id, and those of 5xx at any level.

This page is made from the sources: \`npx vitest run server/test/docs --update\`.

${tables.join('\n')}`
  return format(page, { ...(await resolveConfig(join(source, '../../docs/errors.md'))), parser: 'markdown' })
}
