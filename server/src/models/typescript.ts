import { PolicyDecision } from '../contract/carillon/policy-decisions.ts'
import { Presence } from '../contract/carillon/presence.ts'
import { Identity } from '../contract/common.ts'
import { carillonOperations } from '../contract/index.ts'
import { ChannelMessageSummary } from '../contract/messages.ts'
import type { Shape } from '../contract/shapes.ts'
import { kindOf } from './shapes.ts'

/** The structures in the answers of several operations, which have a type of their own. */
const shared = { Identity, ChannelMessageSummary, Presence, PolicyDecision }

const types = { string: 'string', integer: 'number', boolean: 'boolean', timestamp: 'Date' } as const

/** The source of client/operations.ts: the types and routes of the service `carillon`. Prettier lays it out. */
export function clientOperations(): string {
  const names = new Map<string, string>()
  const structures = Object.entries(shared).map(([name, shape]) => {
    const members = typeOf(shape, false)
    names.set(members, name)
    return `export type ${name} = ${members}`
  })
  const all = Object.entries(carillonOperations)
  const described = all.map(([name, { input, output }]) => `  ${name}: { input: ${typeOf(input, true)}; output: ${typeOf(output, false)} }`)
  const routes = all.map(([name, { method, path }]) => `  ${name}: '${method} ${path}',`)
  return `// Made from the contract: npx vitest run server/test/models -u

${structures.join('\n\n')}

/** The operations of the service \`carillon\`: what goes in, and what comes out. */
export interface Operations {
${described.join('\n')}
}

export const routes: Readonly<Record<keyof Operations, \`\${'GET' | 'POST' | 'PUT' | 'DELETE'} /\${string}\`>> = {
${routes.join('\n')}
}
`

  /**
   * A shape as a TypeScript type, in one line. Members of an answer are optional, as the SDKs have them. An optional member of an input may be
   * given as undefined, as the NextToken of a first page is.
   */
  function typeOf(shape: Shape, isInput: boolean): string {
    const kind = kindOf(shape)
    if (shape.enum) return shape.enum.map(word => `'${word}'`).join(' | ')
    if (kind === 'list') {
      const item = typeOf(shape.items!, isInput)
      return `readonly ${item.includes('|') ? `(${item})` : item}[]`
    }
    if (kind === 'map') return `Readonly<Record<string, ${typeOf(shape.additionalProperties!, isInput)}>>`
    if (kind !== 'structure') return types[kind]
    const { properties = {}, required = [] } = shape
    const members = Object.entries(properties).map(([name, inner]) => {
      const isOptional = !isInput || !required.includes(name)
      return `${name}${isOptional ? '?' : ''}: ${typeOf(inner, isInput)}${isInput && isOptional ? ' | undefined' : ''}`
    })
    const type = members.length === 0 ? '{}' : `{ ${members.join('; ')} }`
    return names.get(type) ?? type
  }
}
