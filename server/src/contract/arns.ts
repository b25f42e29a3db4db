import type { ArnKind } from '../arn.ts'

const person = ['user', 'bot'] as const

/** The kinds of ARN that each member takes. ARNs of other services (Lambda, Kinesis, Lex, Pinpoint) are not listed. */
export const kindsOfMember = {
  AppInstanceArn: ['app-instance'],
  AppInstanceUserArn: person,
  AppInstanceUserArns: ['user'],
  AppInstanceBotArn: ['bot'],
  AppInstanceAdminArn: person,
  ChannelArn: ['channel'],
  ChannelArns: ['channel'],
  ChannelFlowArn: ['channel-flow'],
  ChannelModeratorArn: person,
  MemberArn: person,
  MemberArns: person,
  ModeratorArns: person,
  SenderArn: person,
  /** The MemberArn of the only Target. */
  Target: person,
  ResourceARN: ['app-instance', 'user', 'bot', 'channel', 'channel-flow'],
} as const satisfies Readonly<Record<string, readonly ArnKind[]>>

/** A member of an input that is an ARN of this service, or a list of them. */
export type ArnMember = keyof typeof kindsOfMember
