import type { Arn } from '../../arn.ts'
import type { Facts } from '../../store/facts.ts'
import type { OperationName } from '../../contract/index.ts'
import type { Operation } from '../../contract/operation.ts'
import { forbidden, notFound, unauthorizedBearer } from '../../errors.ts'
import type { Queries } from '../../database/database.ts'
import { elasticOf } from '../../store/channels.ts'
import { selectFacts } from '../../store/facts.ts'
import { findMessage } from '../../store/messages.ts'
import { told } from '../../store/text.ts'
import type { RuleInput } from './facts.ts'
import { rules } from './rules.ts'
import { subChannelChecksOf } from './sub-channels.ts'

/** The ARNs that an input names, by member. */
export type NamedArns = ReadonlyMap<string, Arn>

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

async function gather(db: Queries, bearer: Arn, channel: Arn | undefined, input: RuleInput): Promise<Facts> {
  const subChannelName = textOf(input['SubChannelId'])
  const messageId = textOf(input['MessageId'])
  const row = await selectFacts(db, bearer, channel?.id, subChannelName)
  if (!row) throw unauthorizedBearer(`${bearer.text} is not a user or bot that exists.`)
  const called =
    channel && row.channelId
      ? {
          id: row.channelId,
          arn: channel.text,
          mode: row.mode!,
          privacy: row.privacy!,
          flowId: row.flowId ?? undefined,
          elastic: elasticOf(row.elastic),
        }
      : undefined
  const subChannel = row.subChannelId ? { id: row.subChannelId, name: subChannelName! } : undefined
  return {
    caller: {
      id: row.callerId,
      arn: bearer.text,
      name: told(row.callerName),
      appInstanceId: row.appInstanceId,
      appInstanceArn: bearer.appInstanceArn,
    },
    retentionDays: row.retentionDays ?? undefined,
    admin: row.adminId !== null,
    channel: called,
    subChannel,
    membership: row.membershipType ?? undefined,
    moderator: (row.moderatorId ?? null) !== null,
    banned: (row.bannedId ?? null) !== null,
    message: called && messageId !== undefined ? await findMessage(db, called.id, subChannel?.id ?? 0, messageId) : undefined,
  }
}

/**
 * The wall between app instances: everything that a call names belongs to the app instance of its bearer
 * (docs/service/operations.md#the-wall-between-app-instances).
 */
function wall(arns: NamedArns, appInstanceArn: string) {
  for (const arn of arns.values()) {
    if (arn.appInstanceArn !== appInstanceArn) throw forbidden(`${arn.text} is not in the app instance of this call, ${appInstanceArn}.`)
  }
}

/**
 * The gate of roles, made once per operation. Resolves to what is known of the bearer, if the operation has one. Rejects with 401 (no such
 * bearer), 403, or 404 (a missing channel, where the bearer is an admin and the operation declares it:
 * docs/service/operations.md#missing-resources).
 * An outsider of a private channel and a caller who names a missing channel get the same words.
 */
export function authorizerOf(name: OperationName, operation: Operation) {
  const rule = rules[name]
  const isAboutChannel = 'ChannelArn' in operation.places
  const subChannelChecks = subChannelChecksOf(name, operation)
  const declaresNotFound = operation.errors.includes('NotFoundException')
  const says = `${name} is allowed to: ${rule.says}.`

  return async function authorize(db: Queries, bearer: Arn | undefined, arns: NamedArns, input: RuleInput): Promise<Facts | undefined> {
    if (!bearer) {
      const [first] = arns.values()
      if (first) wall(arns, first.appInstanceArn)
      return undefined
    }
    const channel = arns.get('ChannelArn')
    const facts = await gather(db, bearer, channel, input)
    wall(arns, bearer.appInstanceArn)
    if (isAboutChannel && !facts.channel && facts.admin && declaresNotFound) {
      throw notFound(`The channel does not exist.`, `There is no channel ${channel?.text}.`)
    }
    const isKept = isAboutChannel && (!facts.channel || (facts.banned && !facts.admin))
    if (!isKept) subChannelChecks.given(facts, input)
    if (isKept || !rule.holds(facts, input)) {
      const about = isAboutChannel ? ` for ${channel?.text}, or there is no such channel, or the bearer is banned from it` : ''
      throw forbidden(`${says} The bearer ${bearer.text} is none of these${about}.`)
    }
    subChannelChecks.known(facts, input)
    return facts
  }
}
