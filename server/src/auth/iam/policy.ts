import { isObject } from '../../tools/json.ts'
import { parseStrictJson } from './json.ts'
import { PolicyError, within } from './policy-error.ts'
import { statementOf, type Statement } from './statement.ts'

/** A parsed policy. */
export interface Policy {
  /** Returns the statements that apply to an action. */
  readonly statementsAbout: (action: string) => readonly Statement[]
  /** Whether the policy uses the tags of the resource. */
  readonly usesResourceTags: boolean
  /** Actions that look like those of this server and are none: what is said about them has no effect. */
  readonly unknownActions: readonly string[]
}

/** Amazon's limit for all policies of a role; white space does not count. */
const longestPolicy = 10_240

/**
 * Parses a policy in IAM's language. Throws a PolicyError, which says what is wrong and where, for anything that it does not understand: an
 * ignored part might be the one that denies. Only statements that can never apply to this server are ignored.
 */
export function parsePolicy(text: string): Policy {
  const { length } = text.replaceAll(/\s+/g, '')
  if (length > longestPolicy) throw new PolicyError(`It has ${length} characters; at most ${longestPolicy} are allowed.`)
  const document = parseStrictJson(text)
  if (!isObject(document)) throw new PolicyError('It must be a JSON object with Version and Statement.')
  const { Version = '2008-10-17', Id = '', Statement, ...others } = document
  const [stray] = Object.keys(others)
  if (stray !== undefined) throw new PolicyError(`${stray} is not an element of a policy: its elements are Version, Id and Statement.`)
  if (Version !== '2012-10-17' && Version !== '2008-10-17')
    throw new PolicyError('Version must be "2012-10-17", or the older "2008-10-17".')
  if (typeof Id !== 'string') throw new PolicyError('Id must be a string.')
  if (Statement === undefined) throw new PolicyError('Statement is missing.')
  const given: unknown[] = Array.isArray(Statement) ? Statement : [Statement]
  if (given.length === 0) throw new PolicyError('Statement is an empty list.')
  const variables = Version === '2012-10-17'
  const statements = given.map((each, index) => within(`Statement ${index + 1}`, () => statementOf(each, { number: index + 1, variables })))
  const sids = statements.flatMap(({ sid }) => sid || [])
  const twice = sids.find((sid, index) => sids.indexOf(sid) !== index)
  if (twice !== undefined) throw new PolicyError(`The Sid ${twice} occurs twice.`)
  return policyOf(statements)
}

function policyOf(statements: readonly Statement[]): Policy {
  // The server names the actions, never a request, so this map stays small.
  const about = new Map<string, readonly Statement[]>()
  return {
    usesResourceTags: statements.some(({ usesResourceTags }) => usesResourceTags),
    unknownActions: [...new Set(statements.flatMap(({ unknownActions }) => unknownActions))],
    statementsAbout(action) {
      let found = about.get(action)
      if (!found) {
        found = statements.filter(({ isAboutAction }) => isAboutAction(action))
        about.set(action, found)
      }
      return found
    },
  }
}
