import { parseArn } from '../arn.ts'
import { actionOf } from '../auth/iam/actions.ts'
import { operations, type OperationName } from '../contract/index.ts'
import { badRequest } from '../errors.ts'

const underVariable = /^(arn:[^${}*?]+:app-instance\/[^/${}*?]+)\/user\/([\w.@:-]*\$\{[^{}$]+\}[\w.@:-]*)$/

/** The app instance of a user's ARN, whose id may contain a policy variable. */
function appInstanceOf(user: string): string {
  const arn = parseArn(user)
  const appInstanceArn = arn?.kind === 'user' ? arn.appInstanceArn : underVariable.exec(user)?.[1]
  if (appInstanceArn !== undefined && (underVariable.test(user) || !/[*?$]/.test(user))) return appInstanceArn
  throw badRequest(
    'The usual policy is that of a user',
    `It needs the ARN of an AppInstanceUser (arn:aws:chime:REGION:ACCOUNT:app-instance/ID/user/ID), not '${user}'.`,
  )
}

const named = (isIncluded: (name: OperationName) => boolean) =>
  (Object.keys(operations) as OperationName[]).filter(name => operations[name].bearer && isIncluded(name)).map(actionOf)

const isAboutFlow = (name: string) => /^(?:Associate|Disassociate)ChannelFlow$/.test(name)

/**
 * The usual policy of a chat user: it may act as that user, and as nobody else, on the channels of its app instance, connect, and
 * manage its devices. The role in a channel may still refuse a call.
 */
export function usualPolicy(user: string): string {
  const appInstance = appInstanceOf(user)
  const statements = [
    { Effect: 'Allow', Action: 'chime:GetMessagingSessionEndpoint', Resource: '*' },
    {
      Effect: 'Allow',
      Action: ['chime:Connect', 'chime:DescribeAppInstanceUser', 'chime:*AppInstanceUserEndpoint', 'chime:ListAppInstanceUserEndpoints'],
      Resource: user,
    },
    { Effect: 'Allow', Action: named(name => !isAboutFlow(name)), Resource: [user, `${appInstance}/channel/*`] },
    { Effect: 'Allow', Action: named(isAboutFlow), Resource: [user, `${appInstance}/channel/*`, `${appInstance}/channel-flow/*`] },
  ]
  return JSON.stringify({ Version: '2012-10-17', Statement: statements }, undefined, 2)
}
