import { open } from '../api/acts.ts'
import { until } from '../support/processor.ts'
import { listen, type Listening } from '../support/sockets.ts'
import type { World } from '../support/world.ts'

type Shown = Readonly<Record<string, unknown>>

/** The last presence of that user that the session was sent; undefined if there was none. */
export const shown = ({ events }: Listening, userArn: string): Shown | undefined =>
  events
    .flatMap(({ payload }) => (payload?.['Presences'] ?? []) as Shown[])
    .findLast(({ AppInstanceUserArn }) => AppInstanceUserArn === userArn)

export const isShown = async (session: Listening, userArn: string, IsOnline: boolean) =>
  until(() => shown(session, userArn)?.['IsOnline'] === IsOnline)

/** A channel of Ann, Ben and Cid; Dan is in none, and root is an AppInstanceAdmin. */
export async function makeScene(world: World) {
  const { app, carillon, appInstance } = world
  const { arn, user } = await appInstance(['ann', 'ben', 'cid', 'dan'], { admins: ['root'] })
  const [ann, ben, cid, dan] = [user('ann'), user('ben'), user('cid'), user('dan')]
  const ChannelArn = await open(world, ann, { MemberArns: [ben, cid] })
  const watching = async (userArn: string, what: { ChannelArns?: string[]; AppInstanceUserArns?: string[] }) => {
    const SessionId = crypto.randomUUID()
    const session = await listen(app, userArn, { sessionId: SessionId })
    const watch = async (whom: typeof what) => carillon.call('WatchPresence', { SessionId, ...whom, ChimeBearer: userArn })
    return Object.assign(session, { watch, answer: await watch(what) })
  }
  const get = async (ChimeBearer: string, ...AppInstanceUserArns: string[]) =>
    (await carillon.call('BatchGetPresence', { AppInstanceUserArns, ChimeBearer })).Presences!
  const isOnline = async (bearer: string, userArn: string) => (await get(bearer, userArn))[0]?.IsOnline
  return { arn, user, ann, ben, cid, dan, root: user('root'), ChannelArn, watching, get, isOnline }
}
