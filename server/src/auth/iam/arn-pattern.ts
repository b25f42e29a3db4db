import type { Subject } from './subject.ts'
import { patternOf } from './pattern.ts'
import { PolicyError } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'
import { many, partsOf, type Grammar, type Part } from './template.ts'

/** arn : partition : service : region : account : resource, which may hold further colons. */
const components = 6

export interface ArnPattern {
  readonly parts: readonly Part[]
  readonly matches: (arn: string, principal: Subject, context: RequestContext) => boolean
}

/** Returns the components of an ARN pattern. The value of a variable is inserted later, so it never starts another component. */
function componentsOf(parts: readonly Part[]): Part[][] {
  let component: Part[] = []
  const all = [component]
  for (const part of parts) {
    let rest = part
    while (typeof rest === 'string' && all.length < components && rest.includes(':')) {
      const colon: number = rest.indexOf(':')
      if (colon > 0) component.push(rest.slice(0, colon))
      rest = rest.slice(colon + 1)
      all.push((component = []))
    }
    if (rest !== '') component.push(rest)
  }
  // As on Amazon, a shortened ARN is completed with wildcards.
  while (all.length < components) all.push([many])
  return all
}

/**
 * Compiles `*`, or an ARN whose six components may each have wildcards and variables. A wildcard or variable never matches beyond
 * its component.
 */
export function arnPatternOf(text: string, variables: boolean): ArnPattern {
  const grammar: Grammar = { wildcards: true, variables }
  const parts = partsOf(text, grammar)
  if (parts.length === 1 && parts[0] === many) return { parts, matches: () => true }
  if (!text.startsWith('arn:')) throw new PolicyError(`'${text}' is neither an ARN (arn:aws:chime:REGION:ACCOUNT:…) nor *.`)
  const all = componentsOf(parts)
  const resource = patternOf(all[components - 1]!)
  const head = all.slice(0, -1).map(component => (component.length === 0 ? '' : component.length === 1 ? component[0]! : many))
  if (head.every(component => typeof component === 'string')) {
    // The usual and fastest case: only the last component has wildcards or variables.
    const start = `${head.join(':')}:`
    return {
      parts,
      matches: (arn, principal, context) => arn.startsWith(start) && resource(arn, start.length, arn.length, principal, context),
    }
  }
  const patterns = all.map(patternOf)
  return {
    parts,
    matches(arn, principal, context) {
      let start = 0
      for (let index = 0; index < components - 1; index++) {
        const end = arn.indexOf(':', start)
        if (end === -1 || !patterns[index]!(arn, start, end, principal, context)) return false
        start = end + 1
      }
      return patterns[components - 1]!(arn, start, arn.length, principal, context)
    },
  }
}
