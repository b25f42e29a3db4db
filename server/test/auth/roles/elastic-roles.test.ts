import { expect, test } from 'vitest'
import { onBothDatabases, type World } from '../../support/world.ts'
import { say } from '../../api/acts.ts'
import { openElastic } from '../../api/elastic-acts.ts'

/** `bad` where the role permits the call and an elastic channel refuses its input; `public` where the channel is PUBLIC. */
type Cell = 'yes' | 'no' | 'bad' | 'public'

const people = ['admin', 'moderator', 'moderator there', 'member there', 'member elsewhere', 'outsider', 'banned'] as const

type Person = (typeof people)[number]

/**
 * Written by hand from docs/service/authorization.md#the-table, docs/service/elastic-channels.md and docs/beyond-amazon.md; in the order of
 * `people`.
 */
const matrix: Readonly<Record<string, readonly Cell[]>> = {
  'describe the channel': ['yes', 'yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'list sub-channels': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'list members': ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no'],
  'list HIDDEN members': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'describe a membership': ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no'],
  'describe the channel as moderated': ['no', 'no', 'no', 'no', 'no', 'no', 'no'],
  'mark as read': ['no', 'no', 'bad', 'bad', 'bad', 'no', 'no'],
  'mark as read up to a message': ['no', 'no', 'bad', 'bad', 'bad', 'no', 'no'],
  'list read markers': ['bad', 'bad', 'bad', 'bad', 'bad', 'no', 'no'],
  'get own preferences': ['no', 'no', 'bad', 'bad', 'bad', 'no', 'no'],
  'list messages': ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no'],
  // Without --search on the call is refused to those whom the role permits it.
  'search messages': ['bad', 'bad', 'bad', 'bad', 'no', 'no', 'no'],
  'get a message': ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no'],
  'put reactions': ['no', 'no', 'yes', 'yes', 'no', 'no', 'no'],
  'get reactions': ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no'],
  'list who has reacted': ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no'],
  'list replies': ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no'],
  'count replies': ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no'],
  'pin a message': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'list pins': ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no'],
  'unpin a message': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'indicate typing': ['no', 'no', 'yes', 'yes', 'no', 'no', 'no'],
  'get the presence in the channel': ['yes', 'yes', 'yes', 'yes', 'yes', 'no', 'no'],
  'send a message': ['no', 'no', 'yes', 'yes', 'no', 'no', 'no'],
  'update the message of another': ['no', 'no', 'no', 'no', 'no', 'no', 'no'],
  'ask for the status of the message of another': ['no', 'no', 'no', 'no', 'no', 'no', 'no'],
  'redact the message of another': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'delete the message of another': ['yes', 'no', 'no', 'no', 'no', 'no', 'no'],
  'add another': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'add another as HIDDEN': ['bad', 'bad', 'bad', 'no', 'no', 'no', 'no'],
  'remove another': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'make a moderator': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'remove a moderator': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'list bans': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'ban another': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'describe a ban': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'delete a ban': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'list moderators': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'describe a moderator': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'describe own membership for a user': ['no', 'no', 'yes', 'yes', 'yes', 'no', 'no'],
  'put own preferences': ['no', 'no', 'bad', 'bad', 'bad', 'no', 'no'],
  'put expiration settings': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'add others in a batch': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'associate a flow': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'disassociate a flow': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'make it UNRESTRICTED': ['bad', 'bad', 'bad', 'no', 'no', 'no', 'no'],
  'update the channel': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  leave: ['yes', 'yes', 'yes', 'yes', 'yes', 'no', 'no'],
  'join without SubChannelId': ['yes', 'bad', 'bad', 'public', 'public', 'public', 'no'],
  'join in a batch': ['yes', 'yes', 'yes', 'public', 'public', 'public', 'no'],
  'add itself and another': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
  'delete the channel': ['yes', 'yes', 'yes', 'no', 'no', 'no', 'no'],
}

/** u0 and u1 are in the first sub-channel, u2 in the second; the person's role is with regard to the first. */
async function outcomes(world: World, person: Person, Privacy: 'PUBLIC' | 'PRIVATE') {
  const { identity, messaging, carillon } = world
  const isMember = person.startsWith('member')
  const scene = await openElastic(world, { maximum: 3, target: 2, percentage: 10 }, ['me', 'u0', 'u1', 'u2', 'other', 'bad'], { Privacy })
  const { arn, user, channel, ChannelArn } = scene
  const [ChimeBearer, owner] = [user('me'), scene.owner]
  if (person === 'member there') await scene.join('me')
  const SubChannelId = await scene.join('u0')
  await scene.join('u1')
  if (person !== 'member there') await scene.join('u2')
  if (person === 'member elsewhere') await scene.join('me')
  if (person === 'admin') await identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: ChimeBearer })
  if (person.startsWith('moderator')) await messaging.createChannelModerator({ ...channel, ChannelModeratorArn: ChimeBearer })
  if (person === 'moderator there') await scene.join('me', SubChannelId)
  if (person === 'banned') await messaging.createChannelBan({ ...channel, MemberArn: ChimeBearer })
  expect(await scene.placesOf('me')).toHaveLength(isMember || person === 'moderator there' ? 1 : 0)
  const MessageId = await say(world, user('u0'), ChannelArn, 'x', { SubChannelId })

  const Lambda = { ResourceArn: 'arn:aws:lambda:us-east-1:123456789012:function:f', InvocationType: 'ASYNC' } as const
  const { ChannelFlowArn } = await messaging.createChannelFlow({
    AppInstanceArn: arn,
    Name: 'flow',
    Processors: [{ Name: 'p', Configuration: { Lambda }, ExecutionOrder: 1, FallbackAction: 'ABORT' }],
  })
  const here = { ChannelArn, ChimeBearer }
  const there = { ...here, SubChannelId }
  const message = { ...there, MessageId }
  const deeds: Record<string, () => Promise<unknown>> = {
    'describe the channel': () => messaging.describeChannel(here),
    'list sub-channels': () => messaging.listSubChannels(here),
    'list moderators': () => messaging.listChannelModerators(here),
    'describe a moderator': () => messaging.describeChannelModerator({ ...here, ChannelModeratorArn: owner }),
    'list members': () => messaging.listChannelMemberships(there),
    'list HIDDEN members': () => messaging.listChannelMemberships({ ...there, Type: 'HIDDEN' }),
    'describe a membership': () => messaging.describeChannelMembership({ ...there, MemberArn: user('u0') }),
    'describe the channel as moderated': () =>
      messaging.describeChannelModeratedByAppInstanceUser({ ...here, AppInstanceUserArn: ChimeBearer }),
    'mark as read': () => messaging.updateChannelReadMarker(here),
    'mark as read up to a message': () => carillon.call('PutChannelReadMarker', { ...here, MessageId }),
    'list read markers': () => carillon.call('ListChannelReadMarkers', here),
    'get own preferences': () => messaging.getChannelMembershipPreferences({ ...here, MemberArn: ChimeBearer }),
    'list messages': () => messaging.listChannelMessages(there),
    'search messages': () => carillon.call('SearchMessages', { ...there, SearchText: 'x' }),
    'get a message': () => messaging.getChannelMessage(message),
    'put reactions': () => carillon.call('PutMessageReactions', { ...message, Reactions: ['x'] }),
    'get reactions': () => carillon.call('BatchGetMessageReactions', { ...there, MessageIds: [MessageId] }),
    'list who has reacted': () => carillon.call('ListMessageReactionMembers', { ...message, Reaction: 'x' }),
    'list replies': () => carillon.call('ListThreadMessages', message),
    'count replies': () => carillon.call('BatchGetThreads', { ...there, MessageIds: [MessageId] }),
    'pin a message': () => carillon.call('PinMessage', message),
    'list pins': () => carillon.call('ListPinnedMessages', there),
    'unpin a message': () => carillon.call('UnpinMessage', message),
    'indicate typing': () => carillon.call('SendTypingIndicator', { ...there, IsTyping: true }),
    'get the presence in the channel': () => carillon.call('GetChannelPresence', here),
    'send a message': () => say(world, ChimeBearer, ChannelArn, 'x', { SubChannelId }),
    'update the message of another': () => messaging.updateChannelMessage({ ...message, Content: 'y' }),
    'ask for the status of the message of another': () => messaging.getChannelMessageStatus(message),
    'redact the message of another': () => messaging.redactChannelMessage(message),
    'delete the message of another': () => messaging.deleteChannelMessage(message),
    'add another': () => messaging.createChannelMembership({ ...here, MemberArn: user('other'), Type: 'DEFAULT' }),
    'add another as HIDDEN': () => messaging.createChannelMembership({ ...here, MemberArn: user('other'), Type: 'HIDDEN' }),
    'remove another': () => messaging.deleteChannelMembership({ ...here, MemberArn: user('other') }),
    'make a moderator': () => messaging.createChannelModerator({ ...here, ChannelModeratorArn: user('other') }),
    'remove a moderator': () => messaging.deleteChannelModerator({ ...here, ChannelModeratorArn: owner }),
    'list bans': () => messaging.listChannelBans(here),
    'ban another': () => messaging.createChannelBan({ ...here, MemberArn: user('bad') }),
    'describe a ban': () => messaging.describeChannelBan({ ...here, MemberArn: user('bad') }),
    'delete a ban': () => messaging.deleteChannelBan({ ...here, MemberArn: user('bad') }),
    'describe own membership for a user': () =>
      messaging.describeChannelMembershipForAppInstanceUser({ ...here, AppInstanceUserArn: ChimeBearer }),
    'put own preferences': () =>
      messaging.putChannelMembershipPreferences({
        ...here,
        MemberArn: ChimeBearer,
        Preferences: { PushNotifications: { AllowNotifications: 'NONE' } },
      }),
    'put expiration settings': () =>
      messaging.putChannelExpirationSettings({
        ...here,
        ExpirationSettings: { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' },
      }),
    'add others in a batch': () => messaging.batchCreateChannelMembership({ ...here, MemberArns: [user('bad')] }),
    'associate a flow': () => messaging.associateChannelFlow({ ...here, ChannelFlowArn }),
    'disassociate a flow': () => messaging.disassociateChannelFlow({ ...here, ChannelFlowArn }),
    'make it UNRESTRICTED': () => messaging.updateChannel({ ...here, Mode: 'UNRESTRICTED' }),
    'update the channel': () => messaging.updateChannel({ ...here, Name: 'renamed' }),
    leave: () => messaging.deleteChannelMembership({ ...here, MemberArn: ChimeBearer }),
    'join without SubChannelId': () => messaging.createChannelMembership({ ...here, MemberArn: ChimeBearer, Type: 'DEFAULT' }),
    'join in a batch': () => messaging.batchCreateChannelMembership({ ...here, MemberArns: [ChimeBearer] }),
    'add itself and another': () => messaging.batchCreateChannelMembership({ ...here, MemberArns: [ChimeBearer, user('other')] }),
    'delete the channel': () => messaging.deleteChannel(here),
  }
  const found: Record<string, string> = {}
  for (const [deed, act] of Object.entries(deeds)) {
    found[deed] = await act().then(
      () => 'yes',
      (error: Error) => ({ BadRequestException: 'bad', ForbiddenException: 'no' })[error.name] ?? error.name,
    )
  }
  return found
}

onBothDatabases('The matrix of roles in an elastic channel', world => {
  test.each(people)('%s may do what docs/service says, and nothing else', async person => {
    for (const privacy of ['PUBLIC', 'PRIVATE'] as const) {
      const told = Object.entries(matrix).map(([deed, row]) => {
        const cell = row[people.indexOf(person)]
        return [deed, cell === 'public' ? (privacy === 'PUBLIC' ? 'yes' : 'no') : cell]
      })
      expect(await outcomes(world(), person, privacy)).toEqual(Object.fromEntries(told))
    }
  })
})
