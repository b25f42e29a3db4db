import { pageOf, type Page } from '../store/page.ts'
import type { ConnectedTo, ConnectedUser } from '../store/nodes.ts'
import type { Hub } from './hub.ts'
import type { Session } from './session.ts'

function sessionsOf(hub: Hub, { of, id }: ConnectedTo): readonly Session[] {
  if (of === 'user') return hub.sessionsOf(id)
  if (of === 'channel') return hub.sessionsIn(id)
  return hub.allSessions().filter(({ appInstanceId }) => appInstanceId === id)
}

/** A page of the users who have a socket on this node, in the order of their ids; `node` is its name. */
export function connectedHere(hub: Hub, to: ConnectedTo, node: string, after: number, limit: number): Page<ConnectedUser> {
  const byUser = Map.groupBy(sessionsOf(hub, to), ({ userId }) => userId)
  const ids = [...byUser.keys()].filter(userId => userId > after).toSorted((a, b) => a - b)
  const item = (userId: number) => {
    const sockets = byUser.get(userId)!.map(({ claim: { connectedAt, sourceAddress } }) => ({ node, connectedAt, sourceAddress }))
    return { userId, sockets: sockets.toSorted((a, b) => a.connectedAt - b.connectedAt) }
  }
  return pageOf(ids.slice(0, limit + 1), limit, userId => [userId], item)
}
