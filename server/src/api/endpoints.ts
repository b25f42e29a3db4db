import { parseArn } from '../arn.ts'
import type { Handlers } from './call.ts'
import { notFound } from '../errors.ts'
import { changeEndpoint, deregisterEndpoint, missingEndpoint, registerEndpoint } from '../domain/endpoints.ts'
import type { Queries } from '../database/database.ts'
import { findEndpoint, listEndpoints, type Endpoint } from '../store/endpoints.ts'
import { identityByArn } from '../store/identities.ts'
import { once } from './idempotency.ts'
import { paged } from './paging.ts'

async function findUser(db: Queries, text: string) {
  const arn = parseArn(text)
  return arn?.kind === 'user' ? identityByArn(db, arn) : undefined
}

async function requireUser(db: Queries, text: string) {
  const user = await findUser(db, text)
  if (!user) throw notFound('The app instance user does not exist.', `There is no user ${text}.`)
  return user
}

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
    const user = await requireUser(call.db, AppInstanceUserArn)
    const device = {
      name: input.Name,
      type: input.Type,
      resourceArn: input.ResourceArn,
      deviceToken: input.EndpointAttributes.DeviceToken,
      voipDeviceToken: input.EndpointAttributes.VoipDeviceToken,
      allowMessages: input.AllowMessages ?? 'ALL',
    }
    // Its number, since a user who comes back under the id of a deleted one is another.
    return once(call, String(user.id), input, async tx => {
      return { AppInstanceUserArn, EndpointId: await registerEndpoint(tx, call, user, device) }
    })
  },

  async DescribeAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId }, { db }) {
    const user = await requireUser(db, AppInstanceUserArn)
    const endpoint = await findEndpoint(db, user.id, EndpointId)
    if (!endpoint) throw missingEndpoint(EndpointId, user)
    return {
      AppInstanceUserEndpoint: {
        ...summary(user.arn, endpoint),
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

  async UpdateAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId, Name, AllowMessages }, call) {
    await call.db.transaction(async tx => {
      const user = await requireUser(tx, AppInstanceUserArn)
      await changeEndpoint(tx, call, user, EndpointId, { name: Name, allowMessages: AllowMessages })
    })
    return { AppInstanceUserArn, EndpointId }
  },

  async DeregisterAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId }, { db }) {
    await db.transaction(async tx => {
      const user = await findUser(tx, AppInstanceUserArn)
      if (user) await deregisterEndpoint(tx, user, EndpointId)
    })
  },
}
