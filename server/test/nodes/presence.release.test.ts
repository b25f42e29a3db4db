import { expect, test } from 'vitest'
import { hasNats, startNats } from '../support/nats.ts'
import { keyVariables, rootKey, serve } from '../support/process.ts'
import { listen, type Listening, type Received } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, makersOf, masterKey } from '../support/world.ts'
import { until } from './two-nodes.ts'

const graceSeconds = 4

interface Shown {
  readonly AppInstanceUserArn: string
  readonly IsOnline: boolean
}

const told = (events: readonly Received[]) => events.flatMap(({ payload }) => (payload?.['Presences'] ?? []) as Shown[])

/** The names of the users who are online, by the frames of the session. */
const onlineIn = ({ events }: Listening) => {
  const last = new Map(told(events).map(({ AppInstanceUserArn, IsOnline }) => [AppInstanceUserArn, IsOnline]))
  return [...last].filter(([, isOnline]) => isOnline).map(([arn]) => arn.split('/').at(-1)!)
}

test.skipIf(!hasNats)(
  'on three nodes typing and presence are heard on all; when a node is killed, a user who does not reconnect elsewhere is offline after the grace period',
  async () => {
    const { url: natsUrl } = await startNats()
    const databaseUrl = await createPostgresDatabase()
    const flags = ['--port', '0', '--database-url', databaseUrl, '--nats-url', natsUrl]
    const settings = ['--presence-grace-seconds', String(graceSeconds), '--typing-seconds', '2']
    const env = { ...keyVariables, CARILLON_MASTER_KEY: masterKey }
    const servers = [1, 2, 3].map(() => serve([...flags, ...settings], { env }))
    const [one, two, three] = await Promise.all(servers.map(async server => ({ url: await server.url(), rootKey })))
    const { identity, messaging, carillon } = clientsOf(one!)
    const { arn, user } = await makersOf(identity).appInstance(['ann', 'ben', 'cid', 'dan'])
    const [ann, ben, cid, dan] = [user('ann'), user('ben'), user('cid'), user('dan')]
    const { ChannelArn = '' } = await messaging.createChannel({
      AppInstanceArn: arn,
      Name: 'x',
      MemberArns: [ben, cid, dan],
      ChimeBearer: ann,
    })
    const ofAnn = await listen(three!, ann, { sessionId: 'of ann', query: { 'carillon-events': 'typing' } })
    // Another node than that of the session runs the call.
    await carillon.call('WatchPresence', { SessionId: 'of ann', ChannelArns: [ChannelArn], ChimeBearer: ann })
    const ofBen = await listen(one!, ben)
    await listen(two!, cid)
    await listen(one!, dan)
    await until(() => ['ann', 'ben', 'cid', 'dan'].every(name => onlineIn(ofAnn).includes(name)))

    const typing = () => ofAnn.events.filter(({ type }) => type === 'UPDATE_TYPING_INDICATOR').map(({ payload }) => payload!['IsTyping'])
    await carillon.call('SendTypingIndicator', { ChannelArn, IsTyping: true, ChimeBearer: ben })
    await until(() => typing().length === 1)
    const [before, killedAt] = [ofAnn.events.length, Date.now()]
    servers[0]!.kill('SIGKILL')
    await ofBen.closed
    await listen(two!, ben)
    // Dan does not reconnect.
    await until(() => !onlineIn(ofAnn).includes('dan'))
    expect(Date.now() - killedAt).toBeGreaterThan((graceSeconds - 2) * 1000)
    expect(onlineIn(ofAnn).toSorted()).toEqual(['ann', 'ben', 'cid'])
    expect(typing()).toEqual([true, false])
    expect(told(ofAnn.events.slice(before)).some(({ AppInstanceUserArn, IsOnline }) => AppInstanceUserArn === ben && !IsOnline)).toBe(false)
    // A node that starts learns from the others who is online.
    const late = serve([...flags, ...settings], { env })
    const { carillon: lately } = clientsOf({ url: await late.url(), rootKey })
    const found = async () => {
      const { Presences } = await lately.call('BatchGetPresence', { AppInstanceUserArns: [ben, cid, dan], ChimeBearer: ann })
      return Presences!.map(({ IsOnline }) => IsOnline)
    }
    await until(async () => String(await found()) === 'true,true,false')
  },
)
