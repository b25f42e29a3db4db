import { expect, test } from 'vitest'
import { rules } from '../../../src/auth/roles/rules.ts'
import { onBothDatabases, type World } from '../../support/world.ts'

type Privacy = 'PUBLIC' | 'PRIVATE'
type Mode = 'UNRESTRICTED' | 'RESTRICTED'

/**
 * A cell of docs/service/authorization.md#the-table, or of "Who may" in docs/beyond-amazon.md: `yes` and `no`; `public` where the channel is PUBLIC; `free` where it is UNRESTRICTED;
 * `member` where the moderator or admin is a DEFAULT member too.
 */
type Cell = 'yes' | 'no' | 'public' | 'free' | 'member'
type Row = readonly [admin: Cell, moderator: Cell, member: Cell, hidden: Cell, outsider: Cell, banned: Cell]

/** Written from docs/service and docs/beyond-amazon.md by hand, not from src/auth/roles/rules.ts. */
const matrix = {
  'create a channel': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'list channels': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'list PRIVATE channels': ['yes', 'no', 'no', 'no', 'no', 'no'],
  'list own channels': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'list the channels of another': ['yes', 'no', 'no', 'no', 'no', 'no'],
  'list own moderated channels': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'list the moderated channels of another': ['yes', 'no', 'no', 'no', 'no', 'no'],
  'describe own membership for a user': ['member', 'member', 'yes', 'yes', 'no', 'no'],
  'describe the membership of another for a user': ['yes', 'no', 'no', 'no', 'no', 'no'],
  'describe the channel as moderated by another': ['yes', 'no', 'no', 'no', 'no', 'no'],
  'describe the channel': ['yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'describe a membership': ['yes', 'yes', 'yes', 'no', 'public', 'no'],
  'describe own membership': ['member', 'member', 'yes', 'yes', 'no', 'no'],
  'list members': ['yes', 'yes', 'yes', 'public', 'public', 'no'],
  'list HIDDEN members': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'describe a moderator': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'list moderators': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'get a message': ['yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'list messages': ['yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'search messages': ['yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'mark as read': ['member', 'member', 'yes', 'yes', 'no', 'no'],
  'mark as read up to a message': ['member', 'member', 'yes', 'yes', 'no', 'no'],
  'list read markers': ['yes', 'yes', 'yes', 'no', 'no', 'no'],
  'list own unread counts': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'list the unread counts of another': ['yes', 'no', 'no', 'no', 'no', 'no'],
  'get own unread summary': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'get the unread summary of another': ['yes', 'no', 'no', 'no', 'no', 'no'],
  'put reactions': ['member', 'member', 'yes', 'no', 'no', 'no'],
  'get reactions': ['yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'list who has reacted': ['yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'list replies': ['yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'count replies': ['yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'pin a message': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'list pins': ['yes', 'yes', 'yes', 'yes', 'public', 'no'],
  'unpin a message': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'indicate typing': ['member', 'member', 'yes', 'no', 'no', 'no'],
  'put own presence status': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'put the presence status of another': ['no', 'no', 'no', 'no', 'no', 'no'],
  'get the presence of others': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'get the presence in the channel': ['yes', 'yes', 'yes', 'no', 'no', 'no'],
  'watch presence': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'send a message': ['member', 'member', 'yes', 'no', 'no', 'no'],
  'send a message that is not persistent': ['member', 'member', 'yes', 'no', 'no', 'no'],
  'search channels': ['yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  'put own preferences': ['member', 'member', 'yes', 'yes', 'no', 'no'],
  'get own preferences': ['member', 'member', 'yes', 'yes', 'no', 'no'],
  'put the preferences of another': ['no', 'no', 'no', 'no', 'no', 'no'],
  'get the preferences of another': ['no', 'no', 'no', 'no', 'no', 'no'],
  'get the status of own message': ['yes', 'yes', 'yes', 'yes', 'yes', 'no'],
  'get the status of the message of another': ['no', 'no', 'no', 'no', 'no', 'no'],
  'put expiration settings': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'list bans': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'ban another': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'describe a ban': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'delete a ban': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'update own message': ['member', 'member', 'yes', 'no', 'no', 'no'],
  'update the message of another': ['no', 'no', 'no', 'no', 'no', 'no'],
  'redact own message': ['yes', 'yes', 'yes', 'yes', 'no', 'no'],
  'redact the message of another': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'delete own message': ['yes', 'no', 'no', 'no', 'no', 'no'],
  'delete the message of another': ['yes', 'no', 'no', 'no', 'no', 'no'],
  'add another as DEFAULT member': ['yes', 'yes', 'free', 'no', 'no', 'no'],
  'add another as HIDDEN member': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'add others in a batch': ['yes', 'yes', 'free', 'no', 'no', 'no'],
  'add others in a HIDDEN batch': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'remove another member': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'make a moderator': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'remove a moderator': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'associate a flow': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'disassociate a flow': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'list sub-channels': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'update the channel': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'leave the channel': ['yes', 'yes', 'yes', 'no', 'no', 'no'],
  'join as HIDDEN': ['yes', 'yes', 'no', 'no', 'no', 'no'],
  'join in a batch': ['yes', 'yes', 'public', 'no', 'public', 'no'],
  'join as DEFAULT': ['yes', 'yes', 'public', 'no', 'public', 'no'],
  'delete the channel': ['yes', 'yes', 'no', 'no', 'no', 'no'],
} as const satisfies Record<string, Row>

type Deed = keyof typeof matrix

const isDeed = (name: string): name is Deed => name in matrix
const deedNames = Object.keys(matrix).filter(isDeed)

/** People by their column of the matrix. Members are members when they act; `bot` says that a bot acts. */
const people = {
  'an admin': { column: 0, member: false, bot: false },
  'an admin that is a member': { column: 0, member: true, bot: false },
  'a bot that is an admin': { column: 0, member: false, bot: true },
  'a moderator': { column: 1, member: false, bot: false },
  'a moderator that is a member': { column: 1, member: true, bot: false },
  'a DEFAULT member': { column: 2, member: true, bot: false },
  'a bot that is a member': { column: 2, member: true, bot: true },
  'a HIDDEN member': { column: 3, member: false, bot: false },
  'an outsider': { column: 4, member: false, bot: false },
  'a bot that is an outsider': { column: 4, member: false, bot: true },
  'somebody banned': { column: 5, member: false, bot: false },
} as const

type Person = keyof typeof people

const isPerson = (name: string): name is Person => name in people

function expected(deed: Deed, { column, member }: (typeof people)[Person], privacy: Privacy, mode: Mode): boolean {
  const cell: Cell = matrix[deed][column]
  if (cell === 'public') return privacy === 'PUBLIC'
  if (cell === 'free') return mode === 'UNRESTRICTED'
  if (cell === 'member') return member
  return cell === 'yes'
}

interface Scene {
  readonly arn: string
  readonly me: string
  readonly owner: string
  readonly other: string
  readonly ChannelArn: string
  readonly ChannelFlowArn: string
  readonly mine: () => string
  readonly theirs: () => string
}

/** In this order the calls are made: the one that changes the scene most comes last. */
function deeds(
  { messaging, carillon }: Pick<World, 'messaging' | 'carillon'>,
  { arn, me, owner, other, ChannelArn, ChannelFlowArn, mine, theirs }: Scene,
): Record<Deed, () => Promise<unknown>> {
  const ChimeBearer = me
  const channel = { ChannelArn, ChimeBearer }
  const message = { ...channel, Content: 'x', Type: 'STANDARD' } as const
  const Preferences = { PushNotifications: { AllowNotifications: 'NONE' } } as const
  return {
    'create a channel': () => messaging.createChannel({ AppInstanceArn: arn, Name: 'mine', ChimeBearer }),
    'list channels': () => messaging.listChannels({ AppInstanceArn: arn, ChimeBearer }),
    'list PRIVATE channels': () => messaging.listChannels({ AppInstanceArn: arn, Privacy: 'PRIVATE', ChimeBearer }),
    'list own channels': () => messaging.listChannelMembershipsForAppInstanceUser({ AppInstanceUserArn: me, ChimeBearer }),
    'list the channels of another': () => messaging.listChannelMembershipsForAppInstanceUser({ AppInstanceUserArn: other, ChimeBearer }),
    'list own moderated channels': () => messaging.listChannelsModeratedByAppInstanceUser({ AppInstanceUserArn: me, ChimeBearer }),
    'list the moderated channels of another': () =>
      messaging.listChannelsModeratedByAppInstanceUser({ AppInstanceUserArn: owner, ChimeBearer }),
    'describe own membership for a user': () =>
      messaging.describeChannelMembershipForAppInstanceUser({ ...channel, AppInstanceUserArn: me }),
    'describe the membership of another for a user': () =>
      messaging.describeChannelMembershipForAppInstanceUser({ ...channel, AppInstanceUserArn: owner }),
    'describe the channel as moderated by another': () =>
      messaging.describeChannelModeratedByAppInstanceUser({ ...channel, AppInstanceUserArn: owner }),
    'describe the channel': () => messaging.describeChannel(channel),
    'describe a membership': () => messaging.describeChannelMembership({ ...channel, MemberArn: owner }),
    'describe own membership': () => messaging.describeChannelMembership({ ...channel, MemberArn: me }),
    'list members': () => messaging.listChannelMemberships(channel),
    'list HIDDEN members': () => messaging.listChannelMemberships({ ...channel, Type: 'HIDDEN' }),
    'describe a moderator': () => messaging.describeChannelModerator({ ...channel, ChannelModeratorArn: owner }),
    'list moderators': () => messaging.listChannelModerators(channel),
    'get a message': () => messaging.getChannelMessage({ ...channel, MessageId: theirs() }),
    'list messages': () => messaging.listChannelMessages(channel),
    'search messages': () => carillon.call('SearchMessages', { ...channel, SearchText: 'x' }),
    'mark as read': () => messaging.updateChannelReadMarker(channel),
    'mark as read up to a message': () => carillon.call('PutChannelReadMarker', { ...channel, MessageId: theirs() }),
    'list read markers': () => carillon.call('ListChannelReadMarkers', channel),
    'list own unread counts': () => carillon.call('ListChannelUnreadCounts', { ChimeBearer }),
    'list the unread counts of another': () => carillon.call('ListChannelUnreadCounts', { AppInstanceUserArn: other, ChimeBearer }),
    'get own unread summary': () => carillon.call('GetUnreadSummary', { AppInstanceUserArn: me, ChimeBearer }),
    'get the unread summary of another': () => carillon.call('GetUnreadSummary', { AppInstanceUserArn: other, ChimeBearer }),
    'put reactions': () => carillon.call('PutMessageReactions', { ...channel, MessageId: theirs(), Reactions: ['x'] }),
    'get reactions': () => carillon.call('BatchGetMessageReactions', { ...channel, MessageIds: [theirs()] }),
    'list who has reacted': () => carillon.call('ListMessageReactionMembers', { ...channel, MessageId: theirs(), Reaction: 'x' }),
    'list replies': () => carillon.call('ListThreadMessages', { ...channel, MessageId: theirs() }),
    'count replies': () => carillon.call('BatchGetThreads', { ...channel, MessageIds: [theirs()] }),
    'pin a message': () => carillon.call('PinMessage', { ...channel, MessageId: theirs() }),
    'list pins': () => carillon.call('ListPinnedMessages', channel),
    'unpin a message': () => carillon.call('UnpinMessage', { ...channel, MessageId: theirs() }),
    'indicate typing': () => carillon.call('SendTypingIndicator', { ...channel, IsTyping: true }),
    'put own presence status': () => carillon.call('PutPresenceStatus', { AppInstanceUserArn: me, Status: 'BUSY', ChimeBearer }),
    'put the presence status of another': () =>
      carillon.call('PutPresenceStatus', { AppInstanceUserArn: other, Status: 'BUSY', ChimeBearer }),
    'get the presence of others': () => carillon.call('BatchGetPresence', { AppInstanceUserArns: [owner, other], ChimeBearer }),
    'get the presence in the channel': () => carillon.call('GetChannelPresence', channel),
    'watch presence': () => carillon.call('WatchPresence', { SessionId: 'none', ChannelArns: [ChannelArn], ChimeBearer }),
    'send a message': () => messaging.sendChannelMessage({ ...message, Persistence: 'PERSISTENT' }),
    'send a message that is not persistent': () => messaging.sendChannelMessage({ ...message, Persistence: 'NON_PERSISTENT' }),
    'search channels': () => messaging.searchChannels({ ChimeBearer, Fields: [{ Key: 'MEMBERS', Operator: 'INCLUDES', Values: [me] }] }),
    'put own preferences': () => messaging.putChannelMembershipPreferences({ ...channel, MemberArn: me, Preferences }),
    'get own preferences': () => messaging.getChannelMembershipPreferences({ ...channel, MemberArn: me }),
    'put the preferences of another': () => messaging.putChannelMembershipPreferences({ ...channel, MemberArn: owner, Preferences }),
    'get the preferences of another': () => messaging.getChannelMembershipPreferences({ ...channel, MemberArn: owner }),
    'get the status of own message': () => messaging.getChannelMessageStatus({ ...channel, MessageId: mine() }),
    'get the status of the message of another': () => messaging.getChannelMessageStatus({ ...channel, MessageId: theirs() }),
    'put expiration settings': () =>
      messaging.putChannelExpirationSettings({
        ...channel,
        ExpirationSettings: { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' },
      }),
    'list bans': () => messaging.listChannelBans(channel),
    'ban another': () => messaging.createChannelBan({ ...channel, MemberArn: `${other}2` }),
    'describe a ban': () => messaging.describeChannelBan({ ...channel, MemberArn: `${other}2` }),
    'delete a ban': () => messaging.deleteChannelBan({ ...channel, MemberArn: `${other}2` }),
    'update own message': () => messaging.updateChannelMessage({ ...channel, MessageId: mine(), Content: 'y' }),
    'update the message of another': () => messaging.updateChannelMessage({ ...channel, MessageId: theirs(), Content: 'y' }),
    'redact own message': () => messaging.redactChannelMessage({ ...channel, MessageId: mine() }),
    'redact the message of another': () => messaging.redactChannelMessage({ ...channel, MessageId: theirs() }),
    'delete own message': () => messaging.deleteChannelMessage({ ...channel, MessageId: mine() }),
    'delete the message of another': () => messaging.deleteChannelMessage({ ...channel, MessageId: theirs() }),
    'add another as DEFAULT member': () => messaging.createChannelMembership({ ...channel, MemberArn: other, Type: 'DEFAULT' }),
    'add another as HIDDEN member': () => messaging.createChannelMembership({ ...channel, MemberArn: `${other}2`, Type: 'HIDDEN' }),
    'add others in a batch': () => messaging.batchCreateChannelMembership({ ...channel, MemberArns: [other, me] }),
    'add others in a HIDDEN batch': () => messaging.batchCreateChannelMembership({ ...channel, MemberArns: [`${other}2`], Type: 'HIDDEN' }),
    'remove another member': () => messaging.deleteChannelMembership({ ...channel, MemberArn: other }),
    'make a moderator': () => messaging.createChannelModerator({ ...channel, ChannelModeratorArn: other }),
    'remove a moderator': () => messaging.deleteChannelModerator({ ...channel, ChannelModeratorArn: other }),
    'associate a flow': () => messaging.associateChannelFlow({ ...channel, ChannelFlowArn }),
    'disassociate a flow': () => messaging.disassociateChannelFlow({ ...channel, ChannelFlowArn }),
    'list sub-channels': () => messaging.listSubChannels(channel),
    'update the channel': () => messaging.updateChannel({ ...channel, Name: 'renamed' }),
    'leave the channel': () => messaging.deleteChannelMembership({ ...channel, MemberArn: me }),
    'join as HIDDEN': () => messaging.createChannelMembership({ ...channel, MemberArn: me, Type: 'HIDDEN' }),
    'join in a batch': () => messaging.batchCreateChannelMembership({ ...channel, MemberArns: [me], Type: 'DEFAULT' }),
    'join as DEFAULT': () => messaging.createChannelMembership({ ...channel, MemberArn: me, Type: 'DEFAULT' }),
    'delete the channel': () => messaging.deleteChannel(channel),
  }
}

/** A channel of that kind in which the person has written and then got its role. */
async function sceneOf({ identity, messaging, appInstance, bot }: World, person: Person, privacy: Privacy, mode: Mode): Promise<Scene> {
  const { arn, user } = await appInstance(['owner', 'other', 'other2', 'me'])
  const me = people[person].bot ? await bot(arn) : user('me')
  const owner = user('owner')
  const { ChannelArn } = await messaging.createChannel({
    AppInstanceArn: arn,
    Name: 'scene',
    Privacy: privacy,
    Mode: mode,
    MemberArns: [me],
    ChimeBearer: owner,
  })
  const Lambda = { ResourceArn: 'arn:aws:lambda:us-east-1:123456789012:function:f', InvocationType: 'ASYNC' } as const
  const { ChannelFlowArn } = await messaging.createChannelFlow({
    AppInstanceArn: arn,
    Name: 'flow',
    Processors: [{ Name: 'p', Configuration: { Lambda }, ExecutionOrder: 1, FallbackAction: 'ABORT' }],
  })
  const send = async (ChimeBearer: string) => {
    const sent = await messaging.sendChannelMessage({ ChannelArn, ChimeBearer, Content: 'x', Type: 'STANDARD', Persistence: 'PERSISTENT' })
    return sent.MessageId!
  }
  const [mine, theirs] = [await send(me), await send(owner)]
  if (!people[person].member) await messaging.deleteChannelMembership({ ChannelArn, MemberArn: me, ChimeBearer: owner })
  if (people[person].column === 0) await identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: me })
  if (people[person].column === 1) await messaging.createChannelModerator({ ChannelArn, ChannelModeratorArn: me, ChimeBearer: owner })
  if (people[person].column === 3) {
    await messaging.createChannelMembership({ ChannelArn, MemberArn: me, Type: 'HIDDEN', ChimeBearer: owner })
  }
  if (people[person].column === 5) await messaging.createChannelBan({ ChannelArn, MemberArn: me, ChimeBearer: owner })
  const arns = { ChannelArn: ChannelArn!, ChannelFlowArn: ChannelFlowArn! }
  return { arn, me, owner, other: user('other'), ...arns, mine: () => mine, theirs: () => theirs }
}

/** `yes`, or the class of the refusal. */
const outcomeOf = async (call: Promise<unknown>) =>
  call.then(
    () => 'yes',
    (error: Error) => error.name,
  )

/** Ordinary channels have no sub-channels, this server has no search index, bots have no presence, and nobody has a session. */
function permitted(deed: string, isBot: boolean) {
  if (deed === 'watch presence') return 'NotFoundException'
  if (deed === 'put own presence status') return isBot ? 'BadRequestException' : 'yes'
  return deed === 'list sub-channels' || deed === 'search messages' ? 'BadRequestException' : 'yes'
}

test('the matrix of roles has a call of each operation in which a user or bot acts', async () => {
  const called = new Set<string>()
  const messaging = new Proxy({} as World['messaging'], {
    get: (_, method) => async () => void called.add(String(method).replace(/^./, first => first.toUpperCase())),
  })
  const carillon = { call: async (name: string) => void called.add(name) } as unknown as World['carillon']
  const scene = { arn: '', me: '', owner: '', other: '', ChannelArn: '', ChannelFlowArn: '', mine: () => '', theirs: () => '' }
  for (const act of Object.values(deeds({ messaging, carillon }, scene))) await act()
  expect([...called].toSorted()).toEqual(Object.keys(rules).toSorted())
})

onBothDatabases('The matrix of roles', world => {
  const kinds = (['PUBLIC', 'PRIVATE'] as const).flatMap(privacy =>
    (['UNRESTRICTED', 'RESTRICTED'] as const).map(mode => [privacy, mode] as const),
  )
  test.each(Object.keys(people).filter(isPerson))('%s may do what docs/service says, and nothing else', async person => {
    const rows = kinds.map(async ([privacy, mode]) => {
      const { messaging } = world()
      const scene = await sceneOf(world(), person, privacy, mode)
      const found: Record<string, string> = {}
      for (const [deed, act] of Object.entries(deeds(world(), scene))) {
        found[deed] = await outcomeOf(act())
        // The owner restores what later calls depend on.
        const channel = { ChannelArn: scene.ChannelArn, ChimeBearer: scene.owner }
        const isJoin = deed.startsWith('join') && !(people[person].column === 3 && found[deed] !== 'yes')
        if (isJoin) await messaging.deleteChannelMembership({ ...channel, MemberArn: scene.me })
      }
      return found
    })
    // Where the role permits the call and the thing does not exist, the answer is NotFound.
    const absent = (deed: string, privacy: Privacy) =>
      deed === 'describe own membership' && (people[person].column < 2 || (people[person].column === 4 && privacy === 'PUBLIC'))
    const told = kinds.map(([privacy, mode]) =>
      Object.fromEntries(
        deedNames.map(deed => [
          deed,
          expected(deed, people[person], privacy, mode)
            ? permitted(deed, people[person].bot)
            : absent(deed, privacy)
              ? 'NotFoundException'
              : 'ForbiddenException',
        ]),
      ),
    )
    expect(await Promise.all(rows)).toEqual(told)
  })

  test.each(['a user', 'a bot'])('%s that is admin of another app instance has no rights here', async kind => {
    const { identity, appInstance, bot } = world()
    const elsewhere = await appInstance([], { admins: ['boss'] })
    const me = kind === 'a bot' ? await bot(elsewhere.arn) : elsewhere.user('boss')
    await identity.createAppInstanceAdmin({ AppInstanceArn: elsewhere.arn, AppInstanceAdminArn: me })
    const own = new Set([
      'list own channels',
      'list own moderated channels',
      'search channels',
      'list own unread counts',
      'get own unread summary',
      'put own presence status',
    ])
    for (const [privacy, mode] of kinds) {
      const scene = { ...(await sceneOf(world(), 'an outsider', privacy, mode)), me }
      const found: Record<string, string> = {}
      for (const [deed, act] of Object.entries(deeds(world(), scene))) found[deed] = await outcomeOf(act())
      expect(found).toEqual(
        Object.fromEntries(deedNames.map(deed => [deed, own.has(deed) ? permitted(deed, kind === 'a bot') : 'ForbiddenException'])),
      )
    }
  })
})
