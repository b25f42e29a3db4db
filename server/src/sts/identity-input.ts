import { ApiError } from '../errors.ts'
import { isObject, type JsonObject } from '../tools/json.ts'

/** The tokens of a call, by the names of their providers; empty for a guest. */
export type Logins = ReadonlyMap<string, string>

/** Amazon Cognito answers every error of the caller with 400. */
export const poolError = (type: string, message: string, reason?: string) => new ApiError(type, 400, message, reason)

const id = { pattern: /^[\w-]+:[0-9a-f-]+$/, shown: String.raw`[\w-]+:[0-9a-f-]+`, longest: 55 }
const arn = { pattern: /^arn:[!-~]+$/, shown: 'arn:…', longest: 2048 }
/** Amazon's bounds. */
const mostLogins = 10
const longestProvider = 128
const longestToken = 50_000

const constraint = (value: string, member: string, rule: string) =>
  poolError(
    'ValidationException',
    `1 validation error detected: Value ${value} at '${member.replace(/^./, first => first.toLowerCase())}' failed to satisfy constraint: Member must ${rule}`,
  )

function textOf(members: JsonObject, member: string, { pattern, shown, longest }: typeof id): string | undefined {
  const value = members[member]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw unparsable(`The member ${member} must be a string.`)
  if (value.length > longest) throw constraint('given', member, `have length less than or equal to ${longest}`)
  if (!pattern.test(value)) throw constraint(`'${value}'`, member, `satisfy regular expression pattern: ${shown}`)
  return value
}

function requiredId(members: JsonObject, member: string): string {
  const value = textOf(members, member, id)
  if (value === undefined) throw constraint('null', member, 'not be null')
  return value
}

function loginsOf({ Logins: logins }: JsonObject): Logins {
  if (logins === undefined || logins === null) return new Map()
  if (!isObject(logins)) throw unparsable('The member Logins must be an object: the token of each provider, by the name of the provider.')
  const entries = Object.entries(logins)
  if (entries.length > mostLogins) throw constraint('given', 'Logins', `have length less than or equal to ${mostLogins}`)
  for (const [provider, token] of entries) {
    if (typeof token !== 'string') throw unparsable('Each value of Logins must be a string: the token of that provider.')
    if (provider.length === 0 || provider.length > longestProvider || token.length === 0 || token.length > longestToken)
      throw constraint('given', 'Logins', `have names of 1 to ${longestProvider} and tokens of 1 to ${longestToken} characters`)
  }
  return new Map(entries as [string, string][])
}

const unparsable = (reason: string) => poolError('SerializationException', 'The request could not be understood', reason)

function membersOf(body: Uint8Array): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    value = undefined
  }
  if (!isObject(value)) throw unparsable('The body of the request must be a JSON object in UTF-8.')
  return value
}

/** Reads the input of GetId; other members are dropped, as on Amazon. Throws if a member is missing or invalid. */
export function identityPoolInput(body: Uint8Array) {
  const members = membersOf(body)
  return { IdentityPoolId: requiredId(members, 'IdentityPoolId'), Logins: loginsOf(members) }
}

/** The same for GetCredentialsForIdentity. */
export function identityInput(body: Uint8Array) {
  const members = membersOf(body)
  const IdentityId = requiredId(members, 'IdentityId')
  return { IdentityId, Logins: loginsOf(members), CustomRoleArn: textOf(members, 'CustomRoleArn', arn) }
}
