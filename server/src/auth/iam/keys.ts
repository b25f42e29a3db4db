import type { Principal } from '../principal.ts'
import { PolicyError } from './policy-error.ts'
import type { RequestContext } from './request-context.ts'

/** The value of a condition key in a request; undefined where the request has none. */
type Read<Value> = (principal: Principal, context: RequestContext) => Value | undefined

export type ReadText = Read<string>

export type ConditionKey =
  | { readonly name: string; readonly isList: false; readonly asksResourceTags: boolean; readonly read: ReadText }
  | { readonly name: string; readonly isList: true; readonly asksResourceTags: false; readonly read: Read<readonly string[]> }

/** `arn:aws:iam::ACCOUNT:user/PATH/NAME` and the like, as far as conditions ask for it. */
function identityOf({ arn }: Principal): { readonly account: string; readonly kind: string; readonly path: readonly string[] } {
  const [, , , , account = '', ...rest] = arn.split(':')
  const [kind = '', ...path] = rest.join(':').split('/')
  return { account, kind, path }
}

/** As Amazon shows it in conditions: of who has assumed a role it is the role's. */
function principalArn(principal: Principal): string {
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

function userName(principal: Principal): string | undefined {
  const { kind, path } = identityOf(principal)
  return kind === 'user' ? path.at(-1) : undefined
}

const timeOf = ({ now }: RequestContext) => `${new Date(now).toISOString().slice(0, 19)}Z`

const texts: Readonly<Record<string, ReadText>> = {
  'aws:currenttime': (_, context) => timeOf(context),
  'aws:epochtime': (_, { now }) => String(Math.floor(now / 1000)),
  'aws:principalaccount': principal => identityOf(principal).account,
  'aws:principalarn': principalArn,
  'aws:principaltype': principal => typesOfPrincipal[identityOf(principal).kind],
  'aws:securetransport': (_, { isSecure }) => String(isSecure),
  'aws:sourceip': (_, { sourceAddress }) => sourceAddress,
  'aws:userid': ({ userId }) => userId,
  'aws:username': userName,
  'cognito-identity.amazonaws.com:sub': ({ subject }) => subject,
}

/** The names of condition keys are not case-sensitive, those of tags in them included: the tag that is written so, or else one that differs in case. */
function tagOf<Value>(tags: ReadonlyMap<string, Value> | undefined, name: string): Value | undefined {
  if (!tags || tags.has(name)) return tags?.get(name)
  const folded = name.toLowerCase()
  for (const [key, value] of tags) if (key.toLowerCase() === folded) return value
  return undefined
}

const known =
  'aws:PrincipalTag/KEY, aws:ResourceTag/KEY, aws:RequestTag/KEY, aws:TagKeys, aws:SourceIp, aws:SecureTransport, aws:CurrentTime, aws:EpochTime, ' +
  'aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType, aws:userid and aws:username'

/** The condition key of that name, which conditions and variables ask for. */
export function conditionKey(name: string): ConditionKey {
  const folded = name.toLowerCase()
  const slash = name.indexOf('/')
  const tag = slash === -1 ? '' : name.slice(slash + 1)
  const ofTag = (read: ReadText, asksResourceTags = false): ConditionKey => ({ name, isList: false, asksResourceTags, read })
  if (tag && folded.startsWith('aws:principaltag/')) return ofTag(({ tags }) => tagOf(tags, tag))
  if (tag && folded.startsWith('aws:requesttag/')) return ofTag((_, { requestTags }) => tagOf(requestTags, tag))
  if (tag && folded.startsWith('aws:resourcetag/')) return ofTag((_, { resourceTags }) => tagOf(resourceTags, tag), true)
  if (folded === 'aws:tagkeys') {
    return { name, isList: true, asksResourceTags: false, read: (_, { requestTags }) => requestTags && [...requestTags.keys()] }
  }
  const read = Object.hasOwn(texts, folded) ? texts[folded] : undefined
  if (read) return ofTag(read)
  const claims = folded.includes('.') ? ' The claims of a login are session tags: write aws:PrincipalTag/CLAIM.' : ''
  throw new PolicyError(`${name} is not a condition key that is known here (${known}).${claims}`)
}
