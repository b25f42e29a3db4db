import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { pages } from '../api/acts.ts'
import { figuresOf } from '../support/figures.ts'
import { listen, type Listening } from '../support/sockets.ts'
import { until } from '../nodes/two-nodes.ts'
import { onBothDatabases, type World } from '../support/world.ts'

/* Details that were read for one reader are sent to others. They are compared with answers of the API, which shares nothing. */

const people = ['alice', 'bob', 'carol', 'dave'] as const
type Person = (typeof people)[number]

interface Shown {
  readonly Channel: {
    readonly ChannelArn: string
    readonly Name: string
    readonly Metadata?: string
    readonly LastMessageTimestamp?: string
  }
  readonly ChannelMessages: readonly { readonly MessageId: string; readonly Content: string; readonly Sender: { readonly Name: string } }[]
  readonly ChannelMessagesHasMore: boolean
  readonly ChannelMemberships: readonly { readonly Member: { readonly Arn: string; readonly Name: string } }[]
  readonly ReadMarkerTimestamp?: string
}

const details = ({ events }: Listening) =>
  events.filter(({ type }) => type === 'CHANNEL_DETAILS').map(({ payload }) => payload as unknown as Shown)

/** A channel as a reader sees it, in the order of the messages, newest first. */
interface Known {
  name: string
  messages: { id: string; content: string; sender: string }[]
  more: boolean
  members: string[]
}

const known = ({ Channel, ChannelMessages, ChannelMessagesHasMore, ChannelMemberships }: Shown): Known => ({
  name: `${Channel.Name} ${Channel.Metadata ?? ''}`,
  messages: ChannelMessages.map(({ MessageId, Content, Sender }) => ({ id: MessageId, content: Content, sender: Sender.Name })),
  more: ChannelMessagesHasMore,
  members: ChannelMemberships.map(({ Member: { Arn, Name } }) => `${Arn} ${Name}`),
})

/** The same from the API; undefined if the reader is not a member. */
async function answered({ messaging }: World, ChannelArn: string, ChimeBearer: string): Promise<Known | undefined> {
  const entries = await pages(NextToken => messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer, NextToken }))
  const entry = entries.flatMap(page => page.ChannelMemberships!).find(({ ChannelSummary }) => ChannelSummary?.ChannelArn === ChannelArn)
  if (!entry) return undefined
  const [messages, members] = await Promise.all([
    messaging.listChannelMessages({ ChannelArn, ChimeBearer, MaxResults: 20 }),
    messaging.listChannelMemberships({ ChannelArn, ChimeBearer, Type: 'DEFAULT', MaxResults: 30 }),
  ])
  return {
    name: `${entry.ChannelSummary!.Name} ${entry.ChannelSummary!.Metadata ?? ''}`,
    messages: messages.ChannelMessages!.map(each => ({ id: each.MessageId!, content: each.Content ?? '', sender: each.Sender!.Name! })),
    more: messages.NextToken !== undefined,
    members: members.ChannelMemberships!.map(({ Member }) => `${Member!.Arn} ${Member!.Name}`),
  }
}

const kinds = [
  'send',
  'target',
  'edit',
  'redact',
  'delete',
  'channel',
  'join',
  'leave',
  'rename',
  'deleteUser',
  'retention',
  'hours',
] as const
type Kind = (typeof kinds)[number]

/** Two channels of two app instances, with the same names, and everything that may happen in them. */
class NoMessage extends Error {}

async function scene(world: World) {
  const { messaging, identity } = world
  const tenants: { arn: string; user: (id: string) => string; channels: string[]; sent: { id: string; from: Person }[][] }[] = []
  for (const tenant of [0, 1]) {
    const { arn, user } = await world.appInstance([...people, 'extra'], { admins: ['root'] })
    const channels: string[] = []
    for (const ChannelId of ['one', 'two']) {
      const { ChannelArn } = await messaging.createChannel({
        AppInstanceArn: arn,
        ChannelId: `${ChannelId}-channel`,
        Name: `${ChannelId} of ${tenant}`,
        Privacy: 'PRIVATE',
        MemberArns: people.map(user),
        ChimeBearer: user('alice'),
      })
      channels.push(ChannelArn!)
    }
    // While a session is connected, details that were read for one reader are there for the next.
    await listen(world.app, user('dave'))
    tenants.push({ arn, user, channels, sent: channels.map(() => []) })
  }
  const placeOf = (tenant: number, channel: number) => {
    const { arn, user, channels, sent } = tenants[tenant]!
    return { arn, user, ChannelArn: channels[channel]!, sent: sent[channel]! }
  }
  const send = async (tenant: number, channel: number, from: Person, Content: string, to?: Person) => {
    const { ChannelArn, user, sent } = placeOf(tenant, channel)
    const { MessageId } = await messaging.sendChannelMessage({
      ChannelArn,
      Content,
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ClientRequestToken: crypto.randomUUID(),
      ChimeBearer: user(from),
      ...(to && { Target: [{ MemberArn: user(to) }] }),
    })
    sent.push({ id: MessageId!, from })
  }
  const messageOf = (tenant: number, channel: number, number: number) => {
    const { sent, ...place } = placeOf(tenant, channel)
    const message = sent[number % sent.length]
    if (!message) throw new NoMessage()
    return { ...place, message }
  }
  /** A call of the channel's admin; on a message that does not exist, or about a user who is no member, nothing happens. */
  const acts = {
    send: (tenant, channel, number) => send(tenant, channel, people[number % 4]!, `message ${number}`),
    target: (tenant, channel, number) => send(tenant, channel, people[number % 4]!, `only for one ${number}`, people[(number + 1) % 4]),
    edit: async (tenant, channel, number) => {
      const { ChannelArn, user, message } = messageOf(tenant, channel, number)
      await messaging.updateChannelMessage({
        ChannelArn,
        MessageId: message.id,
        Content: `edit ${number}`,
        ChimeBearer: user(message.from),
      })
    },
    redact: async (tenant, channel, number) => {
      const { ChannelArn, user, message } = messageOf(tenant, channel, number)
      await messaging.redactChannelMessage({ ChannelArn, MessageId: message.id, ChimeBearer: user('root') })
    },
    delete: async (tenant, channel, number) => {
      const { ChannelArn, user, message } = messageOf(tenant, channel, number)
      await messaging.deleteChannelMessage({ ChannelArn, MessageId: message.id, ChimeBearer: user('root') })
    },
    channel: (tenant, channel, number) => {
      const { ChannelArn, user } = placeOf(tenant, channel)
      const given = { Name: `name ${number}`, Mode: 'UNRESTRICTED', Metadata: `${number}` } as const
      return messaging.updateChannel({ ChannelArn, ...given, ChimeBearer: user('root') })
    },
    join: (tenant, channel, number) => {
      const { ChannelArn, user } = placeOf(tenant, channel)
      const member = { ChannelArn, MemberArn: user('extra'), Type: number % 2 ? 'HIDDEN' : 'DEFAULT' } as const
      return messaging.createChannelMembership({ ...member, ChimeBearer: user('root') })
    },
    leave: (tenant, channel) => {
      const { ChannelArn, user } = placeOf(tenant, channel)
      return messaging.deleteChannelMembership({ ChannelArn, MemberArn: user('extra'), ChimeBearer: user('root') })
    },
    rename: (tenant, channel, number) =>
      identity.updateAppInstanceUser({
        AppInstanceUserArn: placeOf(tenant, channel).user(people[number % 4]!),
        Name: `called ${number}`,
        Metadata: '',
      }),
    deleteUser: async (tenant, channel) => {
      const { arn, user } = placeOf(tenant, channel)
      await identity.deleteAppInstanceUser({ AppInstanceUserArn: user('extra') })
      await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'extra', Name: 'another' })
    },
    retention: (tenant, channel, number) => {
      const ChannelRetentionSettings = number % 3 === 0 ? {} : { RetentionDays: number % 3 }
      const AppInstanceRetentionSettings = { ChannelRetentionSettings }
      return identity.putAppInstanceRetentionSettings({ AppInstanceArn: placeOf(tenant, channel).arn, AppInstanceRetentionSettings })
    },
    hours: async (_tenant, _channel, number) => world.advance((number % 30) * 3_600_000),
  } satisfies Record<Kind, (tenant: number, channel: number, number: number) => Promise<unknown>>
  const act = async (kind: Kind, tenant: number, channel: number, number: number) => {
    try {
      await acts[kind](tenant, channel, number)
      done.set(kind, (done.get(kind) ?? 0) + 1)
    } catch (error) {
      // The message or the member does not exist (any more), or is redacted.
      if (error instanceof NoMessage) return
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 500
      if (![400, 403, 404, 409].includes(status)) throw error
    }
  }
  return { tenants, act }
}

const readers = [
  ['read', 0, 0, 0],
  ['read', 0, 1, 0],
  ['read', 1, 2, 0],
] as const
const step = fc.oneof(
  fc.tuple(fc.constantFrom(...kinds), fc.nat(1), fc.nat(1), fc.nat(60)),
  fc.tuple(fc.constant('read' as const), fc.nat(1), fc.nat(2), fc.nat(60)),
)
type Step = readonly [Kind | 'read', number, number, number]
const manyMessages = Array.from({ length: 20 }, (_, index): Step => ['send', 0, 0, index])
/** What random walks find too rarely. */
const examples: [Step[]][] = [
  // A user gets another name.
  [
    [
      ['send', 0, 0, 0],
      ['read', 0, 2, 0],
      ['rename', 0, 0, 0],
    ],
  ],
  // A message is hidden because it has become too old, the retention has become shorter, or longer.
  [
    [
      ['retention', 0, 0, 1],
      ['send', 0, 0, 0],
      ['read', 0, 2, 0],
      ['hours', 0, 0, 26],
    ],
  ],
  [
    [
      ['send', 0, 0, 0],
      ['hours', 0, 0, 26],
      ['read', 0, 2, 0],
      ['retention', 0, 0, 1],
    ],
  ],
  [
    [
      ['send', 0, 0, 0],
      ['hours', 0, 0, 26],
      ['retention', 0, 0, 1],
      ['read', 0, 2, 0],
      ['retention', 0, 0, 0],
    ],
  ],
  // The message after the last one that is shown is hidden, so there are no more.
  [[['retention', 0, 0, 1], ['send', 0, 0, 0], ['hours', 0, 0, 10], ...manyMessages, ['read', 0, 2, 0], ['hours', 0, 0, 15]]],
  [
    [
      ['send', 0, 0, 0],
      ['read', 0, 2, 0],
      ['edit', 0, 0, 0],
    ],
  ],
  // Each call, with a reader before it.
  [
    [
      ['send', 0, 0, 0],
      ...kinds.flatMap((kind, index): Step[] => [
        ['read', 0, index % 3, 0],
        [kind, 0, 0, 1],
      ]),
    ],
  ],
  // One of two readers has a message that not all members see.
  [
    [
      ['send', 0, 0, 0],
      ['target', 0, 0, 0],
      ['read', 0, 2, 0],
    ],
  ],
]

/** How often each call has succeeded. */
const done = new Map<Kind, number>()

const sharedOn = async ({ app }: World) =>
  Number(/^carillon_prefetched_channels_total\{details="shared"\} (\d+)$/m.exec(await figuresOf(app.url))?.[1] ?? 0)

onBothDatabases('details that readers share', world => {
  test('are what the API returns, after any sequence of calls, and only of the reader’s own channels', async () => {
    done.clear()
    await fc.assert(
      fc.asyncProperty(fc.array<Step>(step, { minLength: 5, maxLength: 20 }), async steps => {
        const { tenants, act } = await scene(world())
        for (const [kind, tenant, index, number] of [...steps, ...readers]) {
          if (kind !== 'read') {
            await act(kind, tenant, index, number)
            continue
          }
          const { user, channels } = tenants[tenant]!
          const reader = user(people[index]!)
          const session = await listen(world().app, reader, { query: { 'prefetch-on': 'connect' } })
          await until(() => details(session).length === channels.length)
          for (const channel of channels) {
            const shown = details(session).find(({ Channel }) => Channel.ChannelArn === channel)
            expect(shown && known(shown)).toEqual(await answered(world(), channel, reader))
          }
        }
      }),
      { numRuns: 12, examples },
    )
    expect(await sharedOn(world())).toBeGreaterThan(10)
    expect(kinds.filter(kind => !done.has(kind))).toEqual([])
  })
})
