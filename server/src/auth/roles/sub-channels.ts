import type { Facts } from '../../store/facts.ts'
import type { OperationName } from '../../contract/index.ts'
import type { Operation } from '../../contract/operation.ts'
import { badRequest, forbidden } from '../../errors.ts'
import type { RuleInput } from './requirements.ts'

/**
 * Operations for which the member in the call decides whether the call must name a sub-channel; domain/sub-channels.ts checks that.
 */
const dependsOnMember: ReadonlySet<OperationName> = new Set([
  'CreateChannelMembership',
  'BatchCreateChannelMembership',
  'DeleteChannelMembership',
])

/** The checks of SubChannelId for an operation; made once per operation (docs/service/elastic-channels.md#subchannelid). */
export function subChannelChecksOf(name: OperationName, operation: Operation) {
  const isNeeded = 'SubChannelId' in operation.bindings && !dependsOnMember.has(name)
  return {
    /**
     * Before the rule: an elastic channel needs a SubChannelId. A caller without a role in the channel does not learn that it is
     * elastic.
     */
    given({ channel, admin, moderator, membership }: Facts, { SubChannelId }: RuleInput) {
      if (!isNeeded || !channel?.elastic || SubChannelId !== undefined) return
      if (!admin && !moderator && membership === undefined) return
      throw badRequest('SubChannelId is required for elastic channels', `${channel.arn} is elastic: name the sub-channel.`)
    },

    /** After the rule: an ordinary channel takes no SubChannelId, and the sub-channel exists. */
    known({ channel, subChannel }: Facts, { SubChannelId }: RuleInput) {
      if (!channel || SubChannelId === undefined || subChannel) return
      if (channel.elastic) throw forbidden(`There is no sub-channel of that SubChannelId in ${channel.arn}.`)
      throw badRequest('SubChannelId is only supported for elastic channels', 'Leave SubChannelId out: the channel is not elastic.')
    },
  }
}
