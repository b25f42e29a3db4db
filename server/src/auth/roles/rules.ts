import type { BearerOperation } from '../../contract/index.ts'
import {
  admin,
  allOf,
  anyOf,
  anyone,
  defaultMember,
  leftOut,
  member,
  moderator,
  onlySelf,
  outsider,
  ownMessage,
  publicChannel,
  self,
  undividedChannel,
  unlessHidden,
  unrestrictedChannel,
  without,
  type Rule,
} from './requirements.ts'

const inCharge = anyOf(admin, moderator)
const openToAll = allOf(publicChannel, undividedChannel)
const reader = anyOf(inCharge, member, openToAll)
/**
 * The Mode of a channel decides who may add others. Users may join a PUBLIC channel whatever its Mode
 * (docs/service/memberships.md#who-may-add-whom).
 */
const mayAdd = (itself: Rule) =>
  anyOf(
    inCharge,
    allOf(defaultMember, unrestrictedChannel, without('Type', 'HIDDEN')),
    allOf(itself, unlessHidden, publicChannel, without('Type', 'HIDDEN')),
  )

/**
 * THE TABLE: who may do what (docs/service/authorization.md#the-table). A banned user or bot has no role in a channel unless it is
 * an AppInstanceAdmin. That, and the wall between app instances, are in authorize.ts. An operation without a bearer has no rule: any key may
 * call it that IAM permits.
 */
export const rules: Readonly<Record<BearerOperation, Rule>> = {
  // Channels
  CreateChannel: anyone,
  DescribeChannel: anyOf(inCharge, member, publicChannel),
  ListChannels: anyOf(admin, without('Privacy', 'PRIVATE')),
  SearchChannels: anyone,
  UpdateChannel: inCharge,
  DeleteChannel: inCharge,
  PutChannelExpirationSettings: inCharge,
  ListSubChannels: inCharge,

  // Memberships
  CreateChannelMembership: mayAdd(self('MemberArn')),
  BatchCreateChannelMembership: mayAdd(onlySelf('MemberArns')),
  DescribeChannelMembership: anyOf(inCharge, defaultMember, allOf(member, self('MemberArn')), allOf(outsider, openToAll)),
  ListChannelMemberships: anyOf(inCharge, allOf(anyOf(defaultMember, openToAll), without('Type', 'HIDDEN'))),
  DeleteChannelMembership: anyOf(inCharge, allOf(defaultMember, self('MemberArn'))),
  ListChannelMembershipsForAppInstanceUser: anyOf(self('AppInstanceUserArn'), admin),
  DescribeChannelMembershipForAppInstanceUser: anyOf(self('AppInstanceUserArn'), admin),
  PutChannelMembershipPreferences: allOf(member, self('MemberArn')),
  GetChannelMembershipPreferences: allOf(member, self('MemberArn')),
  UpdateChannelReadMarker: member,
  ListChannelReadMarkers: anyOf(inCharge, defaultMember),
  PutChannelReadMarker: member,
  SearchMessages: anyOf(allOf(anyone, leftOut('ChannelArn')), reader),
  ListChannelUnreadCounts: anyOf(self('AppInstanceUserArn'), admin),
  GetUnreadSummary: anyOf(self('AppInstanceUserArn'), admin),

  // Moderators
  CreateChannelModerator: inCharge,
  DescribeChannelModerator: inCharge,
  ListChannelModerators: inCharge,
  DeleteChannelModerator: inCharge,
  ListChannelsModeratedByAppInstanceUser: anyOf(self('AppInstanceUserArn'), admin),
  DescribeChannelModeratedByAppInstanceUser: allOf(undividedChannel, anyOf(self('AppInstanceUserArn'), admin)),

  // Bans
  CreateChannelBan: inCharge,
  DescribeChannelBan: inCharge,
  ListChannelBans: inCharge,
  DeleteChannelBan: inCharge,

  // Messages
  SendChannelMessage: defaultMember,
  GetChannelMessage: reader,
  ListChannelMessages: reader,
  UpdateChannelMessage: allOf(defaultMember, ownMessage),
  RedactChannelMessage: anyOf(inCharge, allOf(member, ownMessage)),
  DeleteChannelMessage: admin,
  GetChannelMessageStatus: allOf(ownMessage, anyOf(undividedChannel, inCharge, member)),
  SendTypingIndicator: defaultMember,
  PutMessageReactions: defaultMember,
  BatchGetMessageReactions: reader,
  ListMessageReactionMembers: reader,
  ListThreadMessages: reader,
  BatchGetThreads: reader,
  PinMessage: inCharge,
  UnpinMessage: inCharge,
  ListPinnedMessages: reader,

  // Presence; sight.ts says whose presence the caller sees
  PutPresenceStatus: self('AppInstanceUserArn'),
  BatchGetPresence: anyone,
  GetChannelPresence: anyOf(inCharge, defaultMember),
  WatchPresence: anyone,

  // Channel flows
  AssociateChannelFlow: inCharge,
  DisassociateChannelFlow: inCharge,
}
