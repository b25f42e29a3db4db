import { parseArn, type Arn, type ArnKind } from '../arn.ts'
import type { Operation } from '../contract/operation.ts'
import { badRequest } from '../errors.ts'

const person: readonly ArnKind[] = ['user', 'bot']
const any: readonly ArnKind[] = ['app-instance', 'user', 'bot', 'channel', 'channel-flow']

/** What kind of ARN each member takes. ARNs of other services (Lambda, Kinesis, Lex, Pinpoint) are not among them. */
const kindsOfMember: Readonly<Record<string, readonly ArnKind[]>> = {
  AppInstanceArn: ['app-instance'],
  AppInstanceUserArn: person,
  AppInstanceBotArn: ['bot'],
  AppInstanceAdminArn: person,
  ChannelArn: ['channel'],
  ChannelFlowArn: ['channel-flow'],
  ChannelModeratorArn: person,
  MemberArn: person,
  MemberArns: person,
  ModeratorArns: person,
  ResourceARN: any,
}

/** In the identity service a user's ARN is a user's: bots have operations of their own. */
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

/**
 * Made once per operation: the ARNs of this service that an input names, by member (those of a list by member and position).
 * BadRequestException where one is of the wrong kind.
 */
export function arnsOf(operation: Operation): (input: Readonly<Record<string, unknown>>) => ReadonlyMap<string, Arn> {
  const members = Object.keys(operation.places).flatMap(member => {
    const kinds = member === 'AppInstanceUserArn' && isAboutUsersOnly(operation) ? (['user'] as const) : kindsOfMember[member]
    return kinds ? [{ member, kinds }] : []
  })
  const hasTarget = 'Target' in operation.places

  return input => {
    const arns = new Map<string, Arn>()
    for (const { member, kinds } of members) {
      const value = input[member]
      if (typeof value === 'string') arns.set(member, checked(member, value, kinds))
      else if (Array.isArray(value)) {
        for (const [index, text] of value.entries()) arns.set(`${member}.${index + 1}`, checked(member, String(text), kinds))
      }
    }
    if (hasTarget) {
      const [target] = (input['Target'] ?? []) as { MemberArn?: string }[]
      if (target?.MemberArn !== undefined) arns.set('Target', checked('target.1.member.memberArn', target.MemberArn, person))
    }
    return arns
  }
}
