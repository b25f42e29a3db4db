import type { Call, Handlers } from './call.ts'
import { changeUserEndpoint, deregisterUserEndpoint, missingUserEndpoint, registerUserEndpoint } from '../domain/user-endpoints.ts'
import { requireUser } from '../domain/users.ts'
import type { Queries } from '../database/database.ts'
import { findUserEndpoint, listUserEndpoints, type UserEndpoint } from '../store/user-endpoints.ts'
import { findIdentity } from '../store/identities.ts'
import { once } from './idempotency.ts'
import { named } from './named.ts'
import { paged } from './paging.ts'

/** The user whose devices they are. */
const userOf = async (call: Call, db: Queries = call.db) => requireUser(db, named(call, 'AppInstanceUserArn'))

const summary = (user: string, endpoint: UserEndpoint) => ({
  AppInstanceUserArn: user,
  EndpointId: endpoint.endpointId,
  Name: endpoint.name,
  Type: endpoint.type,
  AllowMessages: endpoint.allowMessages,
  EndpointState: { Status: endpoint.statusReason ? ('INACTIVE' as const) : ('ACTIVE' as const), StatusReason: endpoint.statusReason },
})

export const userEndpoints = {
  async RegisterAppInstanceUserEndpoint(input, call) {
    const user = await userOf(call)
    const device = {
      name: input.Name,
      type: input.Type,
      resourceArn: input.ResourceArn,
      deviceToken: input.EndpointAttributes.DeviceToken,
      voipDeviceToken: input.EndpointAttributes.VoipDeviceToken,
      allowMessages: input.AllowMessages ?? 'ALL',
    }
    // The user's id in the database: a new user under the id of a deleted one has another.
    return once(call, String(user.id), input, async tx => {
      return { AppInstanceUserArn: user.arn, EndpointId: await registerUserEndpoint(tx, call, user, device) }
    })
  },

  async DescribeAppInstanceUserEndpoint({ EndpointId }, call) {
    const user = await userOf(call)
    const endpoint = await findUserEndpoint(call.db, user.id, EndpointId)
    if (!endpoint) throw missingUserEndpoint(EndpointId, user)
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
    const { id, arn } = await userOf(call)
    const { items, NextToken } = await paged(call, input, [arn], (after, limit) => listUserEndpoints(call.db, id, after, limit))
    return { AppInstanceUserEndpoints: items.map(endpoint => summary(arn, endpoint)), NextToken }
  },

  async UpdateAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId, Name, AllowMessages }, call) {
    await call.db.transaction(async tx => {
      const user = await userOf(call, tx)
      await changeUserEndpoint(tx, call, user, EndpointId, { name: Name, allowMessages: AllowMessages })
    })
    return { AppInstanceUserArn, EndpointId }
  },

  async DeregisterAppInstanceUserEndpoint({ EndpointId }, call) {
    await call.db.transaction(async tx => {
      const user = await findIdentity(tx, named(call, 'AppInstanceUserArn'))
      if (user) await deregisterUserEndpoint(tx, user, EndpointId)
    })
  },
} satisfies Partial<Handlers>
