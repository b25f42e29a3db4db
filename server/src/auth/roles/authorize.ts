import type { Arn, NamedArns } from '../../arn.ts'
import { findFacts, type Facts } from '../../store/facts.ts'
import { isBearerOperation, type OperationName } from '../../contract/index.ts'
import type { Operation } from '../../contract/operation.ts'
import { forbidden, notFound, unauthorizedBearer } from '../../errors.ts'
import type { Queries } from '../../database/database.ts'
import type { RuleInput } from './requirements.ts'
import { rules } from './rules.ts'
import { subChannelChecksOf } from './sub-channels.ts'

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

/**
 * The wall between app instances: every ARN of a call belongs to the app instance of its bearer
 * (docs/service/operations.md#the-wall-between-app-instances).
 */
function wall(arns: NamedArns, appInstanceArn: string) {
  for (const named of arns.values()) {
    for (const arn of named) {
      if (arn.appInstanceArn !== appInstanceArn) throw forbidden(`${arn.text} is not in the app instance of this call, ${appInstanceArn}.`)
    }
  }
}

/**
 * The gate of roles, made once per operation. Resolves to the facts about the bearer, if the operation has one. Rejects with 401 (no such
 * bearer), 403, or 404 (a missing channel, if the bearer is an admin and the operation declares it:
 * docs/service/operations.md#missing-resources). A caller without a role in a private channel and a caller who names a missing channel get
 * the same error.
 */
export function authorizerOf(name: OperationName, operation: Operation) {
  const rule = isBearerOperation(name) ? rules[name] : undefined
  const subChannelChecks = subChannelChecksOf(name, operation)
  const declaresNotFound = operation.errors.includes('NotFoundException')

  return async function authorize(db: Queries, bearer: Arn | undefined, arns: NamedArns, input: RuleInput): Promise<Facts | undefined> {
    if (!bearer || !rule) {
      const [[first] = []] = arns.values()
      if (first) wall(arns, first.appInstanceArn)
      return undefined
    }
    const [channel] = arns.get('ChannelArn') ?? []
    const isAboutChannel = channel !== undefined
    const about = { channel, subChannelName: textOf(input['SubChannelId']), messageId: textOf(input['MessageId']) }
    const facts = await findFacts(db, bearer, about)
    if (!facts) throw unauthorizedBearer(`${bearer.text} is not a user or bot that exists.`)
    wall(arns, bearer.appInstanceArn)
    if (isAboutChannel && !facts.channel && facts.admin && declaresNotFound) {
      throw notFound(`The channel does not exist.`, `There is no channel ${channel.text}.`)
    }
    const isBarred = isAboutChannel && (!facts.channel || (facts.banned && !facts.admin))
    if (!isBarred) subChannelChecks.given(facts, input)
    if (isBarred || !rule.holds(facts, input)) {
      const where = isAboutChannel ? ` for ${channel.text}, or there is no such channel, or the bearer is banned from it` : ''
      throw forbidden(`${name} is allowed to: ${rule.says}. The bearer ${bearer.text} has none of these roles${where}.`)
    }
    subChannelChecks.known(facts, input)
    return facts
  }
}
