import { randomUUID } from 'node:crypto'
import { services } from '../../src/contract/index.ts'
import type { World } from '../support/world.ts'

const processor = (name: string) => ({
  Name: name,
  Configuration: { Lambda: { ResourceArn: `arn:aws:lambda:us-east-1:123456789012:function:${name}`, InvocationType: 'ASYNC' as const } },
  ExecutionOrder: 1,
  FallbackAction: 'ABORT' as const,
})

const nothing = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Deny', Action: '*', Resource: '*' } })

type Clients = Pick<World, 'identity' | 'messaging' | 'carillon' | 'appInstance' | 'bot'>

/** One for each client: an app instance that no test changes, with one AppInstanceAdmin. */
const strangers = new WeakMap<World['identity'], ReturnType<World['appInstance']>>()

function strangerOf({ identity, appInstance }: Clients) {
  let stranger = strangers.get(identity)
  if (!stranger) strangers.set(identity, (stranger = appInstance([], { admins: ['root'] })))
  return stranger
}

/** A new app instance with a person of each role, and makers of the resources that operations change. */
export async function makeFixture<Here extends Clients>(world: Here) {
  const { identity, messaging } = world
  const { arn, user } = await world.appInstance(['mod', 'alice', 'bob', 'eve'], { admins: ['root'] })
  const stranger = await strangerOf(world)
  const fixture = {
    ...world,
    arn,
    root: user('root'),
    mod: user('mod'),
    alice: user('alice'),
    bob: user('bob'),
    /** In no channel. */
    eve: user('eve'),
    nobody: user('nobody'),
    /** An AppInstanceAdmin of another app instance. */
    stranger: stranger.user('root'),
    async remove() {
      await identity.deleteAppInstance({ AppInstanceArn: arn })
    },
    noSuchAppInstance: arn.replace(/[^/]+$/, randomUUID()),
    noSuchChannel: `${arn}/channel/none`,
    noSuchFlow: `${arn}/channel-flow/${randomUUID()}`,
    processor,
    lex: { Lex: { LexBotAliasArn: 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST', LocaleId: 'en_US' } },
    tags: [{ Key: 'team', Value: 'blue' }],
    /** moderated by mod, with alice and bob as members. */
    async channel() {
      const { ChannelArn } = await messaging.createChannel({
        AppInstanceArn: arn,
        Name: 'channel',
        Privacy: 'PRIVATE',
        MemberArns: [fixture.alice, fixture.bob],
        ChimeBearer: fixture.mod,
      })
      return ChannelArn!
    },
    /** Elastic, moderated by mod, with alice in its one sub-channel. */
    async elastic() {
      const { ChannelArn } = await messaging.createChannel({
        AppInstanceArn: arn,
        Name: 'elastic',
        Mode: 'RESTRICTED',
        ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 40 },
        ChimeBearer: fixture.mod,
      })
      const joined = await messaging.createChannelMembership({
        ChannelArn,
        MemberArn: fixture.alice,
        Type: 'DEFAULT',
        ChimeBearer: fixture.mod,
      })
      return { ChannelArn: ChannelArn!, SubChannelId: joined.SubChannelId! }
    },
    /** By alice. */
    async message(ChannelArn: string, SubChannelId?: string) {
      const { MessageId } = await messaging.sendChannelMessage({
        ChannelArn,
        ...(SubChannelId === undefined ? {} : { SubChannelId }),
        Content: 'hello',
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        ChimeBearer: fixture.alice,
      })
      return MessageId!
    },
    async flow() {
      const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors: [processor('p')] })
      return ChannelFlowArn!
    },
    /** The id of an access key that is allowed nothing. */
    async accessKey() {
      const { AccessKeyId } = await world.carillon.call('CreateAccessKey', { Policy: nothing })
      return AccessKeyId!
    },
    /** The name of a role that is allowed nothing. */
    async iamRole() {
      const RoleName = randomUUID()
      await world.carillon.call('CreateIamRole', { RoleName, Policy: nothing })
      return RoleName
    },
    nothing,
    async endpoint(DeviceToken: string = randomUUID()) {
      const { EndpointId } = await identity.registerAppInstanceUserEndpoint({
        AppInstanceUserArn: fixture.alice,
        Type: 'GCM',
        ResourceArn: 'arn:aws:mobiletargeting:us-east-1:123456789012:apps/x',
        EndpointAttributes: { DeviceToken },
      })
      return EndpointId!
    },
  }
  return fixture
}

export type Fixture = Awaited<ReturnType<typeof makeFixture<Clients>>>

/** An input as a test writes it; the SDK types it at the call. */
export type AnyInput = Record<string, unknown>

const ours: ReadonlySet<string> = new Set(services.carillon)

/** Calls an operation of any service by its name: Amazon's through the stock SDK, ours through `carillon/client`. */
export async function call(
  { identity, messaging, carillon }: Pick<World, 'identity' | 'messaging' | 'carillon'>,
  operation: string,
  input: AnyInput,
): Promise<AnyInput> {
  if (ours.has(operation)) return (carillon as unknown as { call(name: string, input: AnyInput): Promise<AnyInput> }).call(operation, input)
  const method = operation.charAt(0).toLowerCase() + operation.slice(1)
  const client = (method in messaging ? messaging : identity) as unknown as Record<string, (input: AnyInput) => Promise<AnyInput>>
  return client[method]!(input)
}
