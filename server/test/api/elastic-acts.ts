import type { World } from '../support/world.ts'
import { open, pages } from './acts.ts'

export const wrong = { name: 'BadRequestException', code: 'BadRequest', status: 400 }
export const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
export const full = { name: 'ResourceLimitExceededException', code: 'ResourceLimitExceeded', status: 400 }
export const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }

export interface Division {
  readonly maximum: number
  readonly target: number
  readonly percentage: number
}

/** An elastic channel, with short names for calls on it; its owner is a moderator and its root an admin. */
export async function openElastic(
  world: World,
  { maximum, target, percentage }: Division,
  members: readonly string[] = [],
  extra: Parameters<typeof open>[2] = {},
) {
  const { messaging, appInstance } = world
  const { arn, user } = await appInstance(['owner', ...members], { admins: ['root'] })
  const owner = user('owner')
  const ChannelArn = await open(world, owner, {
    ElasticChannelConfiguration: {
      MaximumSubChannels: maximum,
      TargetMembershipsPerSubChannel: target,
      MinimumMembershipPercentage: percentage,
    },
    ...extra,
  })
  const channel = { ChannelArn, ChimeBearer: owner }
  /** Resolves to the sub-channel in which the member has been placed. */
  const join = async (id: string, SubChannelId?: string) => {
    const joined = await messaging.createChannelMembership({ ...channel, MemberArn: user(id), Type: 'DEFAULT', SubChannelId })
    return joined.SubChannelId!
  }
  const leave = async (id: string, SubChannelId?: string) =>
    messaging.deleteChannelMembership({ ...channel, MemberArn: user(id), SubChannelId })
  /** The members of each sub-channel, by ARN. */
  const counts = async () => {
    const found = await pages(NextToken => messaging.listSubChannels({ ...channel, NextToken }))
    return found.flatMap(page => page.SubChannels!.map(entry => [entry.SubChannelId!, entry.MembershipCount!] as const))
  }
  const sizes = async () => (await counts()).map(([, count]) => count)
  const membersOf = async (SubChannelId: string) => {
    const found = await pages(NextToken => messaging.listChannelMemberships({ ...channel, SubChannelId, NextToken }))
    return found.flatMap(page => page.ChannelMemberships!.map(entry => entry.Member!.Arn!.split('/').at(-1)!))
  }
  /** The sub-channel of a member, as the member's own list of channels says. */
  const placesOf = async (id: string) => {
    const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user(id) })
    return ChannelMemberships!
      .filter(entry => entry.ChannelSummary!.ChannelArn === ChannelArn)
      .map(entry => entry.AppInstanceUserMembershipSummary!.SubChannelId!)
  }
  return { arn, user, owner, root: user('root'), ChannelArn, channel, join, leave, counts, sizes, membersOf, placesOf }
}

/** Names of so many users. */
export const named = (count: number, prefix = 'u') => Array.from({ length: count }, (_, index) => `${prefix}${index}`)
