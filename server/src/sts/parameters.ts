import { parsePolicy } from '../auth/iam/policy.ts'
import { ApiError } from '../errors.ts'
import { tagKey, tagValue } from '../keys/iam-roles.ts'

/** A parameter is missing or breaks a rule. */
export const invalid = (message: string) => new ApiError('ValidationError', 400, message)

/** The caller is not allowed; the message is Amazon's, the reason says what to change. */
export const denied = (arn: string, action: string, resource: string, reason: string) =>
  new ApiError('AccessDenied', 403, `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`, reason)

/** Throws if a name occurs twice, since it is not clear which value counts. */
export type Parameters = ReadonlyMap<string, string>

/** The pairs of a form, in the body or in the query. */
export function parametersOf(body: Uint8Array, query: string): Parameters {
  const parameters = new Map<string, string>()
  for (const text of [query, Buffer.from(body).toString('utf8')]) {
    for (const [name, value] of new URLSearchParams(text)) {
      if (parameters.has(name)) throw invalid(`The parameter ${name.slice(0, 64)} occurs twice`)
      parameters.set(name, value)
    }
  }
  return parameters
}

/** Throws for an unknown parameter: an ignored one might narrow the credentials. */
export function checkKnown(parameters: Parameters, known: readonly string[]) {
  for (const name of parameters.keys()) {
    const plain = name.replace(/\.member\.\d+(?:\.(?:Key|Value))?$/, '')
    if (!known.includes(plain)) throw invalid(`The parameter ${name.slice(0, 64)} is not supported`)
  }
}

export function text(parameters: Parameters, name: string, pattern: RegExp, meaning: string): string {
  const value = parameters.get(name)
  if (value === undefined || value === '')
    throw invalid(`1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must not be null`)
  if (!pattern.test(value))
    throw invalid(`1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must be ${meaning}`)
  return value
}

export const roleSessionName = (parameters: Parameters) =>
  text(parameters, 'RoleSessionName', /^[\w+=,.@-]{2,64}$/, '2 to 64 letters, digits and characters of _+=,.@-')

export const asciiArn = (parameters: Parameters, name: string) => text(parameters, name, /^[!-~]{20,2048}$/, 'an ARN')

/** DurationSeconds, within its bounds. */
export function duration(parameters: Parameters, usual: number, longest: number, tooLong: string): number {
  const given = parameters.get('DurationSeconds')
  if (given === undefined) return Math.min(usual, longest)
  if (!/^\d{1,9}$/.test(given) || Number(given) < 900)
    throw invalid(
      `1 validation error detected: Value '${given.slice(0, 20)}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900`,
    )
  if (Number(given) > longest) throw invalid(tooLong)
  return Number(given)
}

/** The session policy, in IAM's JSON. */
export function sessionPolicy(parameters: Parameters): string | undefined {
  const policy = parameters.get('Policy')
  if (policy === undefined || policy === '') return undefined
  if (policy.length > 2048) throw new ApiError('PackedPolicyTooLarge', 400, 'The session policy has more than 2048 characters')
  try {
    parsePolicy(policy)
  } catch (error) {
    throw new ApiError('MalformedPolicyDocument', 400, (error as Error).message)
  }
  return policy
}

export type SessionTags = ReadonlyMap<string, string>

const mostTags = 50

/** Keys that differ only in case are equal, as on Amazon. */
export function checkTags(tags: Iterable<readonly [key: string, value: string]>): SessionTags {
  const checked = new Map<string, string>()
  const folded = new Set<string>()
  for (const [key, value] of tags) {
    if (!tagKey.test(key) || !tagValue.test(value))
      throw invalid(`The session tag ${key.slice(0, 128)} has characters or a length that tags cannot have`)
    if (folded.has(key.toLowerCase())) throw invalid(`The session tag ${key} occurs twice`)
    folded.add(key.toLowerCase())
    checked.set(key, value)
  }
  if (checked.size > mostTags) throw invalid(`A session has at most ${mostTags} tags`)
  return checked
}

/** A list as the query protocol writes it: NAME.member.1, NAME.member.2, … */
function* members(parameters: Parameters, name: string, suffix: string): Generator<string> {
  for (let index = 1; ; index++) {
    const value = parameters.get(`${name}.member.${index}${suffix}`)
    if (value === undefined) return
    yield value
  }
}

export function tagsIn(parameters: Parameters): SessionTags {
  const keys = [...members(parameters, 'Tags', '.Key')]
  const values = [...members(parameters, 'Tags', '.Value')]
  const given = [...parameters.keys()].filter(name => name.startsWith('Tags.')).length
  if (given !== keys.length * 2 || values.length !== keys.length)
    throw invalid('Tags must be Tags.member.N.Key and Tags.member.N.Value, with N from 1 on')
  return checkTags(keys.map((key, index) => [key, values[index]!] as const))
}

export const transitiveKeys = (parameters: Parameters) => [...members(parameters, 'TransitiveTagKeys', '')]
