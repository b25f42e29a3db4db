import { badRequest, notFound } from '../errors.ts'
import { identity } from '../present/identities.ts'
import { identityOf } from '../store/identities.ts'
import { taggedResource } from '../store/tags.ts'
import type { Call, Handlers } from './call.ts'
import { named } from './named.ts'
import { paged } from './paging.ts'

/** Whose sockets are listed: the members of a channel, the users of an app instance, or one user. */
async function asked(call: Call) {
  const arn = named(call, 'ResourceARN')
  const { kind } = arn
  if (kind !== 'app-instance' && kind !== 'channel' && kind !== 'user')
    throw badRequest('Bots and channel flows have no sockets', 'ResourceARN must be the ARN of an app instance, a channel or a user.')
  const found = await taggedResource(call.db, arn)
  if (!found) throw notFound('The resource does not exist', `There is no ${kind.replace('-', ' ')} ${arn.text}.`)
  return { of: kind, id: found.id }
}

export const connections = {
  async ListConnectedUsers(input, call) {
    const of = await asked(call)
    const { items, NextToken } = await paged(call, input, [input.ResourceARN], (after, limit) =>
      call.presence.connected(of, after?.[0] ?? 0, limit),
    )
    // Look-ups of one turn share a round trip.
    const users = await Promise.all(items.map(async ({ userId }) => identityOf(call.db, userId)))
    const shown = items.map(({ sockets }, index) => ({
      User: users[index] && identity(users[index]),
      Connections: sockets.map(({ node, connectedAt, sourceAddress }) => ({
        NodeName: node,
        ConnectedTimestamp: connectedAt === undefined ? undefined : new Date(connectedAt),
        SourceIp: sourceAddress,
      })),
    }))
    // Without the users who have been deleted meanwhile.
    return { ConnectedUsers: shown.filter(({ User }) => User !== undefined), NextToken }
  },
} satisfies Partial<Handlers>
