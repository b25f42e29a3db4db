import type { Shape } from '../contract/shapes.ts'

/** What JSON.stringify writes; members that are undefined are left out. */
export type Json = string | number | boolean | undefined | Json[] | { [name: string]: Json }

/** The kind of a shape, in the words of Amazon's models. */
export function kindOf(shape: Shape): 'structure' | 'list' | 'map' | 'timestamp' | 'boolean' | 'integer' | 'string' {
  if (shape.timestamp) return 'timestamp'
  if (shape.additionalProperties) return 'map'
  if (shape.type === 'object') return 'structure'
  if (shape.type === 'array') return 'list'
  if (shape.type === 'boolean' || shape.type === 'integer') return shape.type
  return 'string'
}
