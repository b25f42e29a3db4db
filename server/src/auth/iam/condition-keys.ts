import { absentKey } from './absent-keys.ts'
import type { Subject } from './subject.ts'
import { PolicyError } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'

/** The value of a condition key in a request; undefined where the request has none. */
type Read<Value> = (principal: Subject, context: RequestContext) => Value | undefined

export type ReadText = Read<string>

export interface ConditionKey {
  readonly name: string
  /** Whether the key is multivalued, so that a condition must use ForAnyValue or ForAllValues. */
  readonly isList: boolean
  readonly usesResourceTags: boolean
  readonly read: Read<string | readonly string[]>
}

interface TextKey extends ConditionKey {
  readonly isList: false
  readonly read: ReadText
}

interface ListKey extends ConditionKey {
  readonly isList: true
}

/** Splits `arn:aws:iam::ACCOUNT:user/PATH/NAME` and the like, as far as conditions need it. */
function identityOf({ arn }: Subject): { readonly account: string; readonly kind: string; readonly path: readonly string[] } {
  const [, , , , account = '', ...rest] = arn.split(':')
  const [kind = '', ...path] = rest.join(':').split('/')
  return { account, kind, path }
}

/** The ARN that Amazon uses in conditions: for a session of a role it is the ARN of the role. */
function principalArn(principal: Subject): string {
  const { account, kind, path } = identityOf(principal)
  return kind === 'assumed-role'
    ? `${principal.arn.slice(0, principal.arn.indexOf(':', 4))}:iam::${account}:role/${path[0]}`
    : principal.arn
}

const typesOfPrincipal: Readonly<Record<string, string>> = {
  root: 'Account',
  user: 'User',
  'assumed-role': 'AssumedRole',
  'federated-user': 'FederatedUser',
}

function userName(principal: Subject): string | undefined {
  const { kind, path } = identityOf(principal)
  return kind === 'user' ? path.at(-1) : undefined
}

const dateOf = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`

/** The account of an ARN; the server's own account for a resource without one. */
const accountOf = (resource: string, account: string) => resource.split(':', 5)[4] || account

const texts: Readonly<Record<string, ReadText>> = {
  'aws:currenttime': (_, { now }) => dateOf(now),
  'aws:epochtime': (_, { now }) => String(Math.floor(now / 1000)),
  // This server has no second factors. As on Amazon, the condition key has no value in a call with a long-lived access key.
  'aws:multifactorauthpresent': ({ issuedAt }) => (issuedAt === undefined ? undefined : 'false'),
  'aws:principalaccount': principal => identityOf(principal).account,
  'aws:principalarn': principalArn,
  'aws:principalisawsservice': () => 'false',
  'aws:principaltype': principal => typesOfPrincipal[identityOf(principal).kind],
  'aws:referer': (_, { headers }) => headers.referer,
  'aws:requestedregion': (_, { region }) => region,
  'aws:resourceaccount': (_, { resource, account }) => accountOf(resource, account),
  'aws:securetransport': (_, { isSecure }) => String(isSecure),
  'aws:sourceip': (_, { sourceAddress }) => sourceAddress,
  'aws:tokenissuetime': ({ issuedAt }) => (issuedAt === undefined ? undefined : dateOf(issuedAt)),
  'aws:useragent': (_, { headers }) => headers['user-agent'],
  'aws:userid': ({ userId }) => userId,
  'aws:username': userName,
  'aws:viaawsservice': () => 'false',
  'cognito-identity.amazonaws.com:sub': ({ subject }) => subject,
}

/**
 * The names of condition keys are not case-sensitive, including the tag keys in them. Returns the value of the tag with exactly
 * this spelling, or else of one that differs only in case.
 */
export function valueUnder<Value>(values: ReadonlyMap<string, Value> | undefined, name: string): Value | undefined {
  if (!values || values.has(name)) return values?.get(name)
  const folded = name.toLowerCase()
  for (const [key, value] of values) if (key.toLowerCase() === folded) return value
  return undefined
}

/** Returns the condition key of that name, for conditions and variables. */
export function conditionKey(name: string): TextKey | ListKey {
  const folded = name.toLowerCase()
  const slash = name.indexOf('/')
  const tag = slash === -1 ? '' : name.slice(slash + 1)
  const ofText = (read: ReadText, usesResourceTags = false): TextKey => ({ name, isList: false, usesResourceTags, read })
  if (tag && folded.startsWith('aws:principaltag/')) return ofText(({ tags }) => valueUnder(tags, tag))
  if (tag && folded.startsWith('aws:requesttag/')) return ofText((_, { requestTags }) => valueUnder(requestTags, tag))
  if (tag && folded.startsWith('aws:resourcetag/')) return ofText((_, { resourceTags }) => valueUnder(resourceTags, tag), true)
  if (folded === 'aws:tagkeys')
    return { name, isList: true, usesResourceTags: false, read: (_, { requestTags }) => requestTags && [...requestTags.keys()] }
  const read = Object.hasOwn(texts, folded) ? texts[folded] : undefined
  if (read) return ofText(read)
  const absent = absentKey(folded)
  if (absent) return absent.isList ? { name, isList: true, usesResourceTags: false, read: () => undefined } : ofText(() => undefined)
  const claims = folded.includes('.') ? ' The claims of a login are session tags here: write aws:PrincipalTag/CLAIM.' : ''
  throw new PolicyError(
    `${name} is not a condition key that this server knows: docs/security.md lists those that it knows, and their values.${claims}`,
  )
}
