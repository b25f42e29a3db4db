import type { Subject } from './subject.ts'
import type { RequestContext } from './request-context.ts'
import { isVariable, many, one, partsOf, valueOf, type Part, type Variable } from './template.ts'

/** Literal texts with exactly one arbitrary character between each and the next. */
type Run = readonly string[]

/** Runs with any number of characters between them. */
type Glob = readonly Run[]

export type Pattern = (text: string, start: number, end: number, principal: Subject, context: RequestContext) => boolean

/** A pattern that matches the part of a text from `start` to before `end`. */
export function patternOf(parts: readonly Part[]): Pattern {
  if (parts.length === 1 && parts[0] === many) return () => true
  if (parts.some(isVariable)) {
    return (text, start, end, principal, context) => {
      const glob = globOf(parts, variable => valueOf(variable, principal, context))
      return matches(glob, text, start, end)
    }
  }
  const glob = globOf(parts, () => '')
  return (text, start, end) => matches(glob, text, start, end)
}

/** Compiles a pattern without variables. */
export function wildcardsOf(pattern: string): (text: string) => boolean {
  const glob = globOf(partsOf(pattern, { wildcards: true, variables: false }), () => '')
  return text => matches(glob, text, 0, text.length)
}

function globOf(parts: readonly Part[], valueOfVariable: (variable: Variable) => string): Glob {
  let run = ['']
  const glob = [run]
  for (const part of parts) {
    if (part === many) glob.push((run = ['']))
    else if (part === one) run.push('')
    else run[run.length - 1] += typeof part === 'string' ? part : valueOfVariable(part)
  }
  return glob
}

const lengthOf = (run: Run) => run.reduce((length, literal) => length + literal.length, run.length - 1)

/**
 * Searches each run behind the previous one, at its first occurrence, which leaves the most room for the runs that follow. So there
 * is no backtracking: with `*` alone the time grows with the sum of the lengths of text and pattern, not with their product.
 */
function matches(glob: Glob, text: string, start: number, end: number): boolean {
  const first = glob[0]!
  if (glob.length === 1) return lengthOf(first) === end - start && isAt(first, text, start)
  const last = glob.at(-1)!
  const limit = end - lengthOf(last)
  let at = start + lengthOf(first)
  if (at > limit || !isAt(first, text, start) || !isAt(last, text, limit)) return false
  for (let index = 1; index < glob.length - 1; index++) {
    at = endOf(glob[index]!, text, at, limit)
    if (at === -1) return false
  }
  return true
}

function isAt(run: Run, text: string, at: number): boolean {
  for (const literal of run) {
    if (!text.startsWith(literal, at)) return false
    at += literal.length + 1
  }
  return true
}

/** The end of the first such run at or after `from`; -1 if none ends before `limit`. */
function endOf(run: Run, text: string, from: number, limit: number): number {
  const length = lengthOf(run)
  if (run.length === 1) {
    const at = text.indexOf(run[0]!, from)
    return at === -1 || at + length > limit ? -1 : at + length
  }
  for (let at = from; at + length <= limit; at++) if (isAt(run, text, at)) return at + length
  return -1
}
