import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { TestContext } from 'vitest'
import { open, say } from '../api/acts.ts'
import { until } from '../support/processor.ts'
import { listen, type Received } from '../support/sockets.ts'
import { clientsOf, isSpread, type World } from '../support/world.ts'

/** The events that a user has heard; of a socket that was closed the code is the last. */
export type Heard = Pick<Received, 'type'> & Partial<Received>

/** Listens with an established socket of each user; returns what each has heard since the last call. */
export async function audience<Name extends string>(
  world: World,
  arn: string,
  people: Readonly<Record<Name, string>>,
  onFinished?: TestContext['onTestFinished'],
) {
  const { app, identity } = world
  const AppInstanceUserId = `bell-${randomUUID()}`
  await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId, Name: 'bell' })
  const bell = `${arn}/user/${AppInstanceUserId}`
  const nodes = world.nodes.map(node => clientsOf(node))
  const names = Object.keys(people) as Name[]
  const everywhere = await open(world, bell, { MemberArns: Object.values(people) })
  const listeners = await Promise.all(
    names.map(async name => ({ name, listening: await listen(app, people[name], {}, onFinished), taken: 1 })),
  )

  /** Events are in order, so a message to all of them marks the end. */
  const heard = async (): Promise<Partial<Record<Name, Heard[]>>> => {
    // A node reads what it has missed of a channel that one of its sessions has joined 100 ms later.
    if (isSpread) await setTimeout(500)
    // The events of one node are in order, so all of these messages mark the end.
    const marks: string[] = nodes.map(() => randomUUID())
    const isMark = ({ payload }: Received) => marks.includes(payload?.Content as string)
    for (const [index, node] of nodes.entries())
      await say(node, bell, everywhere, marks[index], { Persistence: 'NON_PERSISTENT' }).catch(() => {})
    const told: Partial<Record<Name, Heard[]>> = {}
    await Promise.all(
      listeners.map(async listener => {
        const { events, closed } = listener.listening
        let code: number | undefined
        void closed.then(ended => (code = ended.code))
        // One more than the index, since `until` waits for what is not 0.
        await until(() => code !== undefined || events.filter(isMark).length === marks.length)
        const end = code === undefined ? events.findLastIndex(isMark) + 1 : events.length
        const news: Heard[] = events.slice(listener.taken, end).filter(event => !isMark(event))
        listener.taken = end
        if (code !== undefined) news.push({ type: `closed with ${code}` })
        if (news.length > 0) told[listener.name] = news
      }),
    )
    return told
  }
  return { heard, everywhere }
}

export const typesOf = <Name extends string>(heard: Partial<Record<Name, Heard[]>>) =>
  Object.fromEntries(Object.entries<Heard[] | undefined>(heard).map(([name, events]) => [name, events?.map(({ type }) => type)]))

/**
 * A channel of alice, who moderates it, bob, tom and the hidden carol. Dave is in no channel, root an AppInstanceAdmin who is
 * in none either. All of them listen. A concurrent test gives its own `onFinished`.
 */
export async function makeScene(world: World, onFinished?: TestContext['onTestFinished']) {
  const { messaging, appInstance } = world
  const { arn, user } = await appInstance(['alice', 'bob', 'carol', 'dave', 'tom'], { admins: ['root'] })
  const people = {
    alice: user('alice'),
    bob: user('bob'),
    carol: user('carol'),
    dave: user('dave'),
    root: user('root'),
    tom: user('tom'),
  }
  const { alice, bob, carol, tom } = people
  const ChannelArn = await open(world, alice, { Name: 'channel', MemberArns: [bob, tom] })
  await messaging.createChannelMembership({ ChannelArn, MemberArn: carol, Type: 'HIDDEN', ChimeBearer: alice })
  const { heard, everywhere } = await audience(world, arn, people, onFinished)
  const channel = { ChannelArn, ChimeBearer: alice }

  return {
    ...world,
    ...people,
    world,
    arn,
    user,
    ChannelArn,
    /** The events of all six. */
    everywhere,
    channel,
    heard,
    say: async (content?: string, extra?: Parameters<typeof say>[4], by: string = bob) => say(world, by, ChannelArn, content, extra),
    /** Moderated by alice; its two sub-channels have room for three members each, and none is moved. */
    async elastic(...members: string[]) {
      const elastic = await open(world, alice, {
        ElasticChannelConfiguration: { MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 3, MinimumMembershipPercentage: 1 },
      })
      const input = { ChannelArn: elastic, ChimeBearer: alice }
      const places = []
      for (const MemberArn of members) {
        const { SubChannelId } = await messaging.createChannelMembership({ ...input, MemberArn, Type: 'DEFAULT' })
        places.push(SubChannelId!)
      }
      return { ...input, places }
    },
  }
}

export type Scene = Awaited<ReturnType<typeof makeScene>>
