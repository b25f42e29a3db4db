import { randomUUID } from 'node:crypto'
import { parseArn } from '../arn.ts'
import type { Handlers } from '../call.ts'
import { conflict, notFound } from '../errors.ts'
import { checkCount } from '../domain/counts.ts'
import type { Queries } from '../store/database.ts'
import {
  countEndpoints,
  deleteEndpoint,
  endpointOfDevice,
  findEndpoint,
  insertEndpoint,
  listEndpoints,
  updateEndpoint,
  type Endpoint,
} from '../store/endpoints.ts'
import { identityByArn, lockIdentity } from '../store/identities.ts'
import { once } from './idempotency.ts'
import { paged } from './paging.ts'

async function findUser(db: Queries, text: string) {
  const arn = parseArn(text)
  return arn?.kind === 'user' ? identityByArn(db, arn) : undefined
}

const missingUser = (arn: string) => notFound('The app instance user does not exist.', `There is no user ${arn}.`)

async function requireUser(db: Queries, text: string) {
  const user = await findUser(db, text)
  if (!user) throw missingUser(text)
  return user
}

const missing = (EndpointId: string, user: string) =>
  notFound('The app instance user endpoint does not exist.', `${user} has no endpoint ${EndpointId}.`)

const summary = (user: string, endpoint: Endpoint) => ({
  AppInstanceUserArn: user,
  EndpointId: endpoint.endpointId,
  Name: endpoint.name,
  Type: endpoint.type,
  AllowMessages: endpoint.allowMessages,
  EndpointState: { Status: 'ACTIVE' as const },
})

export const endpoints: Handlers<
  | 'RegisterAppInstanceUserEndpoint'
  | 'DescribeAppInstanceUserEndpoint'
  | 'ListAppInstanceUserEndpoints'
  | 'UpdateAppInstanceUserEndpoint'
  | 'DeregisterAppInstanceUserEndpoint'
> = {
  async RegisterAppInstanceUserEndpoint(input, call) {
    const { AppInstanceUserArn } = input
    const { id } = await requireUser(call.db, AppInstanceUserArn)
    // Its number, since a user who comes back under the id of a deleted one is another.
    return once(call, String(id), input, async tx => {
      if (!(await lockIdentity(tx, id))) throw missingUser(AppInstanceUserArn)
      const endpoint = {
        endpointId: randomUUID(),
        name: input.Name,
        type: input.Type,
        resourceArn: input.ResourceArn,
        deviceToken: input.EndpointAttributes.DeviceToken,
        voipDeviceToken: input.EndpointAttributes.VoipDeviceToken,
        allowMessages: input.AllowMessages ?? 'ALL',
      }
      if (!(await insertEndpoint(tx, id, endpoint, call.now()))) {
        const present = await endpointOfDevice(tx, id, endpoint)
        throw conflict(
          'The device is registered already',
          `The endpoint with the EndpointId ${present} of this user has this Type, ResourceArn and DeviceToken: update that one, or deregister it.`,
        )
      }
      checkCount((await countEndpoints(tx, id)) - 1, 'endpointsPerUser', call.limits)
      return { AppInstanceUserArn, EndpointId: endpoint.endpointId }
    })
  },

  async DescribeAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId }, { db }) {
    const { id, arn } = await requireUser(db, AppInstanceUserArn)
    const endpoint = await findEndpoint(db, id, EndpointId)
    if (!endpoint) throw missing(EndpointId, AppInstanceUserArn)
    return {
      AppInstanceUserEndpoint: {
        ...summary(arn, endpoint),
        ResourceArn: endpoint.resourceArn,
        EndpointAttributes: { DeviceToken: endpoint.deviceToken, VoipDeviceToken: endpoint.voipDeviceToken },
        CreatedTimestamp: endpoint.createdAt,
        LastUpdatedTimestamp: endpoint.updatedAt,
      },
    }
  },

  async ListAppInstanceUserEndpoints(input, call) {
    const { id, arn } = await requireUser(call.db, input.AppInstanceUserArn)
    const { items, NextToken } = await paged(call, input, [arn], (after, limit) => listEndpoints(call.db, id, after, limit))
    return { AppInstanceUserEndpoints: items.map(endpoint => summary(arn, endpoint)), NextToken }
  },

  async UpdateAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId, Name, AllowMessages }, { db, now }) {
    await db.transaction(async tx => {
      const { id } = await requireUser(tx, AppInstanceUserArn)
      const given = { name: Name, allowMessages: AllowMessages, now: now() }
      if (!(await updateEndpoint(tx, id, EndpointId, given))) throw missing(EndpointId, AppInstanceUserArn)
    })
    return { AppInstanceUserArn, EndpointId }
  },

  async DeregisterAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId }, { db }) {
    await db.transaction(async tx => {
      const user = await findUser(tx, AppInstanceUserArn)
      if (user) await deleteEndpoint(tx, user.id, EndpointId)
    })
  },
}
