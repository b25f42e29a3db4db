import type { Handlers } from './call.ts'
import { requireAppInstance } from '../domain/app-instances.ts'
import { changeUser, createUser, deleteUser, requireUser, setUserExpiration } from '../domain/users.ts'
import { listIdentities } from '../store/identities.ts'
import { once } from './idempotency.ts'
import { named } from './named.ts'
import { paged } from './paging.ts'

const expiration = (days: number | undefined) =>
  days === undefined ? undefined : { ExpirationDays: days, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }

export const users = {
  async CreateAppInstanceUser(input, call) {
    const appInstance = await requireAppInstance(call.db, input.AppInstanceArn)
    const user = {
      id: input.AppInstanceUserId,
      name: input.Name,
      metadata: input.Metadata,
      expirationDays: input.ExpirationSettings?.ExpirationDays,
      tags: input.Tags,
    }
    return once(call, appInstance.arn, input, async tx => ({ AppInstanceUserArn: await createUser(tx, call, appInstance, user) }))
  },

  async DescribeAppInstanceUser(_, call) {
    const user = await requireUser(call.db, named(call, 'AppInstanceUserArn'))
    return {
      AppInstanceUser: {
        AppInstanceUserArn: user.arn,
        Name: user.name,
        Metadata: user.metadata,
        CreatedTimestamp: user.createdAt,
        LastUpdatedTimestamp: user.updatedAt,
        ExpirationSettings: expiration(user.expirationDays),
      },
    }
  },

  async ListAppInstanceUsers(input, call) {
    const { AppInstanceArn } = input
    await requireAppInstance(call.db, AppInstanceArn)
    const { items, NextToken } = await paged(call, input, [AppInstanceArn], (after, limit) =>
      listIdentities(call.db, AppInstanceArn, 'user', after, limit),
    )
    const AppInstanceUsers = items.map(({ arn, name, metadata }) => ({ AppInstanceUserArn: arn, Name: name, Metadata: metadata }))
    return { AppInstanceArn, AppInstanceUsers, NextToken }
  },

  async UpdateAppInstanceUser({ AppInstanceUserArn, Name, Metadata }, call) {
    await call.db.transaction(tx => changeUser(tx, call, named(call, 'AppInstanceUserArn'), { name: Name, metadata: Metadata }))
    return { AppInstanceUserArn }
  },

  async PutAppInstanceUserExpirationSettings({ AppInstanceUserArn, ExpirationSettings }, call) {
    await call.db.transaction(tx => setUserExpiration(tx, call, named(call, 'AppInstanceUserArn'), ExpirationSettings?.ExpirationDays))
    return { AppInstanceUserArn, ExpirationSettings }
  },

  async DeleteAppInstanceUser(_, call) {
    await call.db.transaction(tx => deleteUser(tx, call, named(call, 'AppInstanceUserArn')))
  },
} satisfies Partial<Handlers>
