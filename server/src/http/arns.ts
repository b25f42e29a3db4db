import { parseArn, type Arn, type ArnKind, type NamedArns } from '../arn.ts'
import { kindsOfMember, type ArnMember } from '../contract/arns.ts'
import type { Operation } from '../contract/operation.ts'
import { badRequest } from '../errors.ts'

/** In the identity service the ARN of a user names a user only: bots have operations of their own. */
const isAboutUsersOnly = ({ path }: Operation) => path.startsWith('/app-instance-users')

const shape: Record<ArnKind, string> = {
  'app-instance': 'app-instance/ID',
  user: 'app-instance/ID/user/ID',
  bot: 'app-instance/ID/bot/ID',
  channel: 'app-instance/ID/channel/ID',
  'channel-flow': 'app-instance/ID/channel-flow/ID',
}

function checked(member: string, text: string, kinds: readonly ArnKind[]): Arn {
  const arn = parseArn(text)
  if (arn && kinds.includes(arn.kind)) return arn
  const name = member.charAt(0).toLowerCase() + member.slice(1)
  throw badRequest(
    `1 validation error detected: Value '${text}' at '${name}' failed to satisfy constraint: Member must be the ARN of ${kinds.map(article).join(' or ')}`,
    `${member} must look like ${kinds.map(kind => `arn:aws:chime:REGION:ACCOUNT:${shape[kind]}`).join(' or ')}.`,
  )
}

const article = (kind: ArnKind) => (kind === 'app-instance' ? 'an app instance' : `a ${kind.replace('-', ' ')}`)

/** Target is a list of structures: the ARN of its one entry. */
const targetIn = ([target]: readonly { MemberArn?: string }[]) => (target?.MemberArn === undefined ? [] : [target.MemberArn])

/**
 * Returns a function that parses the ARNs of this service in an input; made once per operation. It throws BadRequestException for
 * an ARN of the wrong kind.
 */
export function arnsOf(operation: Operation): (input: Readonly<Record<string, unknown>>) => NamedArns {
  const members = Object.keys(operation.bindings)
    .filter(member => member in kindsOfMember)
    .map(member => {
      const isUser = member === 'AppInstanceUserArn' && isAboutUsersOnly(operation)
      return { member, kinds: isUser ? (['user'] as const) : kindsOfMember[member as ArnMember] }
    })

  return input => {
    const arns = new Map<string, readonly Arn[]>()
    for (const { member, kinds } of members) {
      const value = input[member]
      if (typeof value === 'string') arns.set(member, [checked(member, value, kinds)])
      else if (Array.isArray(value)) {
        const [name, texts] = member === 'Target' ? ['target.1.member.memberArn', targetIn(value)] : [member, value as string[]]
        const found = texts.map(text => checked(name, text, kinds))
        arns.set(member, found)
      }
    }
    return arns
  }
}
