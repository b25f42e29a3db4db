import { expect, test } from 'vitest'
import type { Value } from '../../src/database/database.ts'
import { Seam } from '../support/seam.ts'
import { listen } from '../support/sockets.ts'
import { onBothDatabases, refusal, type World } from '../support/world.ts'
import { channelsOf, open, purged, rowsIn, say } from './acts.ts'

const seam = new Seam()

const denied = { name: 'ForbiddenException', status: 403 }
const conflict = { name: 'ConflictException', status: 409 }

/** The look-up that authorizes a call: the facts of its bearer in a channel. */
const factsOf = (bearer: string) => ({
  text: /left join moderators moderator on/,
  values: (values: readonly Value[]) => values.slice(0, 3).join('/') === bearer,
})

/** The look-up of the app instance in which a call creates something. */
const appInstanceFound = (arn: string) => ({
  text: /from app_instances where arn = \$1 and deleted_at is null$/,
  values: ([found]: readonly Value[]) => found === arn,
})

const identityFound = (arn: string) => ({
  text: /i\.configuration,[^]*i\.kind = \$2 and i\.external_id = \$3[^]*where a\.arn = \$1 and a\.deleted_at is null$/,
  values: (values: readonly Value[]) => values.slice(0, 3).join('/') === arn,
})

const messageFound = (MessageId: string) => ({
  text: /from messages m[^]*m\.private in \(0, 1\)/,
  values: (values: readonly Value[]) => values.includes(MessageId.slice(24)),
})

/** Calls, and does something else between the moment at which the call is authorized and its change. */
async function meanwhile<Answer>(
  held: Parameters<Seam['hold']>[0],
  ask: () => Promise<Answer>,
  act: () => Promise<unknown>,
): Promise<Answer> {
  const hold = seam.hold(held)
  const asked = ask()
  asked.catch(() => {})
  await hold.reached
  await act()
  hold.release()
  return asked
}

onBothDatabases(
  'a fact that changes after a call was authorized',
  world => {
    async function scene(extra: Parameters<typeof open>[2] = {}) {
      const { messaging } = world()
      const { arn, user } = await world().appInstance(['owner', 'm', 'x'], { admins: ['root'] })
      const [owner, m, x, root] = [user('owner'), user('m'), user('x'), user('root')]
      const ChannelArn = await open(world(), owner, { MemberArns: [m], ...extra })
      const asOwner = { ChannelArn, ChimeBearer: owner }
      const ban = (MemberArn: string) => messaging.createChannelBan({ ...asOwner, MemberArn })
      const moderate = (ChannelModeratorArn: string) => messaging.createChannelModerator({ ...asOwner, ChannelModeratorArn })
      const membersOf = async () => (await messaging.listChannelMemberships(asOwner)).ChannelMemberships!.map(({ Member }) => Member!.Arn!)
      return { arn, user, owner, m, x, root, ChannelArn, asOwner, ban, moderate, membersOf, messaging }
    }

    test('a user that is banned meanwhile does not join', async () => {
      const { x, ChannelArn, ban, membersOf, messaging, owner, m } = await scene({ Privacy: 'PUBLIC' })
      const join = () => messaging.createChannelMembership({ ChannelArn, MemberArn: x, Type: 'DEFAULT', ChimeBearer: x })
      const refused = await refusal(meanwhile(factsOf(x), join, () => ban(x)))
      expect(refused).toMatchObject({ ...denied, reason: expect.stringContaining('is banned from the channel') })
      expect(new Set(await membersOf())).toEqual(new Set([owner, m]))
    })

    test('a user that is banned meanwhile does not become a moderator', async () => {
      const { x, root, ban, asOwner, messaging } = await scene()
      const make = () => messaging.createChannelModerator({ ...asOwner, ChannelModeratorArn: x, ChimeBearer: root })
      expect(await refusal(meanwhile(factsOf(root), make, () => ban(x)))).toMatchObject(conflict)
      expect((await messaging.listChannelModerators(asOwner)).ChannelModerators).toHaveLength(1)
    })

    test.each(['moderator', 'admin'] as const)('a user that has become a %s meanwhile is not banned', async what => {
      const { arn, m, root, moderate, asOwner, messaging, membersOf, owner } = await scene()
      const ban = () => messaging.createChannelBan({ ...asOwner, MemberArn: m, ChimeBearer: root })
      const become = () =>
        what === 'moderator' ? moderate(m) : world().identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: m })
      expect(await refusal(meanwhile(factsOf(root), ban, become))).toMatchObject(denied)
      expect((await messaging.listChannelBans(asOwner)).ChannelBans).toEqual([])
      expect(new Set(await membersOf())).toEqual(new Set([owner, m]))
    })

    test('a user that is deleted meanwhile becomes neither member nor moderator and is not banned, even if a new one has its ARN', async () => {
      const { arn, x, root, asOwner, messaging } = await scene()
      const { identity } = world()
      const again = async () => {
        await identity.deleteAppInstanceUser({ AppInstanceUserArn: x })
        await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'x', Name: 'another' })
      }
      const named = { ...asOwner, ChimeBearer: root }
      const join = () => messaging.createChannelMembership({ ...named, MemberArn: x, Type: 'DEFAULT' })
      expect((await meanwhile(factsOf(root), join, again)).Member).toEqual({ Arn: x, Name: 'another' })
      await purged(world())
      expect([...(await channelsOf(world(), x)).keys()]).toEqual([asOwner.ChannelArn])
    })

    test('a channel that is deleted meanwhile gets no message, and neither does a new one with its id', async () => {
      const { m, owner, asOwner, messaging } = await scene({ ChannelId: 'again' })
      const { ChannelArn } = asOwner
      const again = async () => {
        await messaging.deleteChannel(asOwner)
        await open(world(), owner, { ChannelId: 'again', MemberArns: [m] })
      }
      const send = () => say(world(), m, ChannelArn)
      expect(await refusal(meanwhile(factsOf(m), send, again))).toMatchObject({
        ...denied,
        reason: `The channel ${ChannelArn} does not exist.`,
      })
      expect((await messaging.listChannelMessages(asOwner)).ChannelMessages).toEqual([])
      const { Channel } = await messaging.describeChannel(asOwner)
      expect(Channel!.LastMessageTimestamp).toBeUndefined()
    })

    test.each([
      ['a member', (named: Named, x: string) => world().messaging.createChannelMembership({ ...named, MemberArn: x, Type: 'DEFAULT' })],
      ['members', (named: Named, x: string) => world().messaging.batchCreateChannelMembership({ ...named, MemberArns: [x] })],
      ['a moderator', (named: Named, x: string) => world().messaging.createChannelModerator({ ...named, ChannelModeratorArn: x })],
      ['a ban', (named: Named, x: string) => world().messaging.createChannelBan({ ...named, MemberArn: x })],
      [
        'an expiration',
        (named: Named) =>
          world().messaging.putChannelExpirationSettings({
            ...named,
            ExpirationSettings: { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' },
          }),
      ],
    ])('a channel that is deleted and created again does not get %s that was meant for the old one', async (_, ask) => {
      const { x, owner, root, asOwner, messaging } = await scene({ ChannelId: 'again' })
      const again = async () => {
        await messaging.deleteChannel(asOwner)
        await open(world(), owner, { ChannelId: 'again' })
      }
      const named = { ...asOwner, ChimeBearer: root }
      expect(await refusal(meanwhile(factsOf(root), () => ask(named, x), again))).toMatchObject(denied)
      expect((await messaging.listChannelMemberships(asOwner)).ChannelMemberships).toHaveLength(1)
      expect((await messaging.listChannelModerators(asOwner)).ChannelModerators).toHaveLength(1)
      expect((await messaging.listChannelBans(asOwner)).ChannelBans).toEqual([])
      expect((await messaging.describeChannel(asOwner)).Channel!.ExpirationSettings).toBeUndefined()
    })

    test('a message that is redacted meanwhile is not edited, one that is deleted is neither edited nor redacted, and nobody gets an event', async () => {
      const { m, root, owner, asOwner, messaging } = await scene()
      const { ChannelArn } = asOwner
      const hearing = await listen(world().app, owner)
      const [first, second, third] = [
        await say(world(), m, ChannelArn),
        await say(world(), m, ChannelArn),
        await say(world(), m, ChannelArn),
      ]
      const edit = (MessageId: string) => () => messaging.updateChannelMessage({ ChannelArn, MessageId, Content: 'new', ChimeBearer: m })
      const redact = (MessageId: string) => () => messaging.redactChannelMessage({ ChannelArn, MessageId, ChimeBearer: m })
      const redactAsRoot = () => messaging.redactChannelMessage({ ChannelArn, MessageId: first, ChimeBearer: root })
      const remove = (MessageId: string) => () => messaging.deleteChannelMessage({ ChannelArn, MessageId, ChimeBearer: root })
      expect(await refusal(meanwhile(messageFound(first), edit(first), redactAsRoot))).toMatchObject(conflict)
      expect(await refusal(meanwhile(messageFound(second), edit(second), remove(second)))).toMatchObject(conflict)
      await meanwhile(messageFound(third), redact(third), remove(third))
      const fourth = await say(world(), m, ChannelArn)
      await meanwhile(messageFound(fourth), redact(fourth), redact(fourth))
      await say(world(), m, ChannelArn, 'end')
      const heard = await hearing.until(({ payload }) => payload?.['Content'] === 'end')
      expect(heard.slice(3).map(({ type, payload }) => [type, payload!['MessageId']])).toEqual([
        ['REDACT_CHANNEL_MESSAGE', first],
        ['DELETE_CHANNEL_MESSAGE', second],
        ['DELETE_CHANNEL_MESSAGE', third],
        ['CREATE_CHANNEL_MESSAGE', fourth],
        ['REDACT_CHANNEL_MESSAGE', fourth],
      ])
    })

    test('a channel flow that is deleted meanwhile is associated with no channel, and authorized messages are sent without it', async () => {
      const { arn, m, owner, asOwner, messaging } = await scene()
      const { ChannelArn } = asOwner
      const Configuration = {
        Lambda: { ResourceArn: 'arn:aws:lambda:us-east-1:123456789012:function:f', InvocationType: 'ASYNC' as const },
      }
      const Processors = [{ Name: 'p', Configuration, ExecutionOrder: 1, FallbackAction: 'ABORT' as const }]
      const make = async () => (await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors })).ChannelFlowArn!
      const [first, second] = [await make(), await make()]
      const give = (ChannelFlowArn: string) => messaging.associateChannelFlow({ ...asOwner, ChannelFlowArn })
      const gone = () => messaging.deleteChannelFlow({ ChannelFlowArn: first })
      expect(await refusal(meanwhile(factsOf(owner), () => give(first), gone))).toMatchObject({ name: 'NotFoundException' })
      await give(second)
      const id = await meanwhile(
        factsOf(m),
        () => say(world(), m, ChannelArn),
        async () => {
          await messaging.disassociateChannelFlow({ ...asOwner, ChannelFlowArn: second })
          await messaging.deleteChannelFlow({ ChannelFlowArn: second })
        },
      )
      const { ChannelMessage } = await messaging.getChannelMessage({ ...asOwner, MessageId: id })
      expect(ChannelMessage!.Status!.Value).toBe('SENT')
    })
  },
  {},
  { through: seam.through },
)

interface Named {
  readonly ChannelArn: string
  readonly ChimeBearer: string
}

const Lex = { LexBotAliasArn: 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST', LocaleId: 'en_US' }
const Lambda = { ResourceArn: 'arn:aws:lambda:us-east-1:123456789012:function:f', InvocationType: 'ASYNC' as const }

onBothDatabases(
  'in an app instance that is deleted after a call has found it',
  world => {
    test.each([
      [
        'user',
        ({ identity }: World, AppInstanceArn: string) =>
          identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'late', Name: 'late', Tags: [{ Key: 'k', Value: 'v' }] }),
      ],
      [
        'bot',
        ({ identity }: World, AppInstanceArn: string) =>
          identity.createAppInstanceBot({ AppInstanceArn, Configuration: { Lex }, Tags: [{ Key: 'k', Value: 'v' }] }),
      ],
      [
        'channel flow',
        ({ messaging }: World, AppInstanceArn: string) =>
          messaging.createChannelFlow({
            AppInstanceArn,
            Name: 'late',
            Processors: [{ Name: 'p', Configuration: { Lambda }, ExecutionOrder: 1, FallbackAction: 'ABORT' }],
            Tags: [{ Key: 'k', Value: 'v' }],
          }),
      ],
      [
        'admin',
        ({ identity }: World, AppInstanceArn: string) =>
          identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: `${AppInstanceArn}/user/a` }),
      ],
    ])('no %s is created, and nothing is left after the purge', async (_, make) => {
      const { arn } = await world().appInstance(['a'])
      const deleted = async () => {
        await world().identity.deleteAppInstance({ AppInstanceArn: arn })
        await purged(world())
      }
      const held = appInstanceFound(arn)
      expect(await refusal(meanwhile(held, () => make(world(), arn), deleted))).toMatchObject(denied)
      await purged(world())
      for (const table of ['app_instances', 'identities', 'channel_flows', 'admins', 'tags']) expect(await rowsIn(world(), table)).toBe(0)
    })
  },
  {},
  { through: seam.through },
)

onBothDatabases(
  'a user that is deleted after a call has found it',
  (world, kind) => {
    test('becomes no admin and gets no device', async () => {
      const { identity } = world()
      const { arn, user } = await world().appInstance(['a', 'b'])
      const gone = (AppInstanceUserArn: string) => async () => {
        await identity.deleteAppInstanceUser({ AppInstanceUserArn })
        await purged(world())
      }
      const admin = () => identity.createAppInstanceAdmin({ AppInstanceArn: arn, AppInstanceAdminArn: user('a') })
      // SQLite finds the user in the transaction, which nothing can interrupt; the app instance is found before it.
      const found = kind === 'postgres' ? identityFound(user('a')) : appInstanceFound(arn)
      expect(await refusal(meanwhile(found, admin, gone(user('a'))))).toMatchObject(denied)
      const device = () =>
        identity.registerAppInstanceUserEndpoint({
          AppInstanceUserArn: user('b'),
          Type: 'GCM',
          ResourceArn: 'arn:aws:mobiletargeting:us-east-1:123456789012:apps/x',
          EndpointAttributes: { DeviceToken: 'token' },
        })
      expect(await refusal(meanwhile(identityFound(user('b')), device, gone(user('b'))))).toMatchObject({ name: 'NotFoundException' })
      for (const table of ['admins', 'endpoints']) expect(await rowsIn(world(), table)).toBe(0)
    })
  },
  {},
  { through: seam.through },
)
