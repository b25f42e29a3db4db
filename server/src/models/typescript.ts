import { carillonOperations } from '../contract/index.ts'
import type { Shape } from '../contract/shapes.ts'
import { kindOf } from './shapes.ts'

const types = { string: 'string', integer: 'number', boolean: 'boolean', timestamp: 'Date' } as const

/** A shape as a TypeScript type, in one line. Members of an answer are optional, as the SDKs have them. */
function typeOf(shape: Shape, isRequired: (member: string) => boolean): string {
  const kind = kindOf(shape)
  if (shape.enum) return shape.enum.map(word => `'${word}'`).join(' | ')
  if (kind === 'list') {
    const item = typeOf(shape.items!, isRequired)
    return `readonly ${item.includes('|') ? `(${item})` : item}[]`
  }
  if (kind === 'map') return `Readonly<Record<string, ${typeOf(shape.additionalProperties!, isRequired)}>>`
  if (kind !== 'structure') return types[kind]
  const members = Object.entries(shape.properties ?? {}).map(([name, inner]) => {
    const own = shape.required ?? []
    return `readonly ${name}${isRequired(name) && own.includes(name) ? '' : '?'}: ${typeOf(inner, isRequired)}`
  })
  return members.length === 0 ? '{}' : `{ ${members.join('; ')} }`
}

/** The source of client/operations.ts: the types and routes of the service `carillon`. Prettier lays it out. */
export function clientOperations(): string {
  const all = Object.entries(carillonOperations)
  const described = all.map(([name, { input, output }]) => {
    return `  ${name}: { input: ${typeOf(input, () => true)}; output: ${typeOf(output, () => false)} }`
  })
  const routes = all.map(([name, { method, path }]) => `  ${name}: '${method} ${path}',`)
  return `// Made from the contract: npx vitest run server/test/models -u

/** The operations of the service \`carillon\`: what goes in, and what comes out. */
export interface Operations {
${described.join('\n')}
}

export const routes: Readonly<Record<keyof Operations, \`\${'GET' | 'POST' | 'PUT' | 'DELETE'} /\${string}\`>> = {
${routes.join('\n')}
}
`
}
