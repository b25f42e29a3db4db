import { arnWithin } from '../arn.ts'
import type { Handlers } from '../call.ts'
import { conflict, notFound } from '../errors.ts'
import { countOne, holdAppInstance } from '../domain/counts.ts'
import { expiryOf } from '../domain/expiration.ts'
import { deleteIdentity, findIdentity } from '../domain/identities.ts'
import { checkMetadataSize } from '../domain/sizes.ts'
import { tagNew } from '../domain/tags.ts'
import type { Queries } from '../store/database.ts'
import { insertIdentity, listIdentities, updateIdentity, updateIdentityExpiration, type IdentityRecord } from '../store/identities.ts'
import { requireAppInstance } from './app-instances.ts'
import { once } from './idempotency.ts'
import { paged } from './paging.ts'

async function requireUser(db: Queries, text: string): Promise<IdentityRecord> {
  const found = await findIdentity(db, text)
  if (!found) throw notFound('The app instance user does not exist.', `There is no user ${text}.`)
  return found
}

const expiration = (days: number | undefined) =>
  days === undefined ? undefined : { ExpirationDays: days, ExpirationCriterion: 'CREATED_TIMESTAMP' as const }

export const users: Handlers<
  | 'CreateAppInstanceUser'
  | 'DescribeAppInstanceUser'
  | 'ListAppInstanceUsers'
  | 'UpdateAppInstanceUser'
  | 'PutAppInstanceUserExpirationSettings'
  | 'DeleteAppInstanceUser'
> = {
  /** A user of the same id, Name and Metadata is answered as if it had just been made (spec/operations.md G5). */
  async CreateAppInstanceUser(input, call) {
    checkMetadataSize(input.Metadata)
    const { AppInstanceArn, AppInstanceUserId, Name, Metadata } = input
    const appInstance = await requireAppInstance(call, AppInstanceArn)
    const arn = arnWithin(AppInstanceArn, 'user', AppInstanceUserId)
    return once(call, AppInstanceArn, input, async tx => {
      const id = await insertIdentity(tx, {
        appInstanceArn: AppInstanceArn,
        kind: 'user',
        externalId: AppInstanceUserId,
        name: Name,
        metadata: Metadata,
        expirationDays: input.ExpirationSettings?.ExpirationDays,
        expiresAt: expiryOf(call.now(), input.ExpirationSettings?.ExpirationDays),
        now: call.now(),
      })
      if (id === undefined) {
        await holdAppInstance(tx, appInstance.id)
        const present = await requireUser(tx, arn)
        // Metadata is taken away by making it empty.
        if (present.name !== Name || (present.metadata ?? '') !== (Metadata ?? '')) {
          throw conflict('The app instance user already exists', `${arn} exists with another Name or Metadata. Use UpdateAppInstanceUser.`)
        }
      } else {
        await countOne(tx, 'users', appInstance.id, 'usersPerAppInstance', call.limits)
        await tagNew(tx, { kind: 'identity', id }, input.Tags)
      }
      return { AppInstanceUserArn: arn }
    })
  },

  async DescribeAppInstanceUser({ AppInstanceUserArn }, { db }) {
    const user = await requireUser(db, AppInstanceUserArn)
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
    await requireAppInstance(call, AppInstanceArn)
    const { items, NextToken } = await paged(call, input, [AppInstanceArn], (after, limit) =>
      listIdentities(call.db, AppInstanceArn, 'user', after, limit),
    )
    const AppInstanceUsers = items.map(({ arn, name, metadata }) => ({ AppInstanceUserArn: arn, Name: name, Metadata: metadata }))
    return { AppInstanceArn, AppInstanceUsers, NextToken }
  },

  async UpdateAppInstanceUser({ AppInstanceUserArn, Name, Metadata }, { db, now }) {
    checkMetadataSize(Metadata)
    await db.transaction(async tx => {
      const { id } = await requireUser(tx, AppInstanceUserArn)
      await updateIdentity(tx, id, { name: Name, metadata: Metadata, now: now() })
    })
    return { AppInstanceUserArn }
  },

  async PutAppInstanceUserExpirationSettings({ AppInstanceUserArn, ExpirationSettings }, { db, now }) {
    await db.transaction(async tx => {
      const { id, createdAt } = await requireUser(tx, AppInstanceUserArn)
      const days = ExpirationSettings?.ExpirationDays
      await updateIdentityExpiration(tx, id, { days, expiresAt: expiryOf(createdAt.getTime(), days), now: now() })
    })
    return { AppInstanceUserArn, ExpirationSettings }
  },

  async DeleteAppInstanceUser({ AppInstanceUserArn }, { db, now, purgeSoon }) {
    const user = await findIdentity(db, AppInstanceUserArn)
    if (!user) return
    await db.transaction(tx => deleteIdentity(tx, user.id, now()))
    purgeSoon()
  },
}
