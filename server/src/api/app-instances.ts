import { randomUUID } from 'node:crypto'
import type { Call, Handlers } from '../call.ts'
import { forbidden, notFound } from '../errors.ts'
import { checkCount } from '../domain/counts.ts'
import { retentionGrace } from '../domain/expiration.ts'
import { checkMetadataSize } from '../domain/sizes.ts'
import { tagNew } from '../domain/tags.ts'
import {
  appInstanceByArn,
  buryAppInstance,
  countAppInstances,
  insertAppInstance,
  listAppInstances,
  putRetention,
  updateAppInstance,
  type Retention,
} from '../store/app-instances.ts'
import { lockCreation } from '../store/leases.ts'
import { once } from './idempotency.ts'
import { paged } from './paging.ts'

const missing = (arn: string) => notFound('The app instance does not exist.', `There is no app instance ${arn}.`)

/** The app instance that something is made in or listed of; its absence is not told apart from no access (spec/operations.md G2). */
export async function requireAppInstance({ db }: Call, arn: string) {
  const found = await appInstanceByArn(db, arn)
  if (!found) throw forbidden(`There is no app instance ${arn}.`)
  return found
}

const retentionSettings = ({ days, startsAt }: Retention) => ({
  AppInstanceRetentionSettings: { ChannelRetentionSettings: days === undefined ? {} : { RetentionDays: days } },
  InitiateDeletionTimestamp: startsAt,
})

export const appInstances: Handlers<
  | 'CreateAppInstance'
  | 'DescribeAppInstance'
  | 'ListAppInstances'
  | 'UpdateAppInstance'
  | 'DeleteAppInstance'
  | 'PutAppInstanceRetentionSettings'
  | 'GetAppInstanceRetentionSettings'
> = {
  async CreateAppInstance(input, call) {
    checkMetadataSize(input.Metadata)
    return once(call, '', input, async tx => {
      await lockCreation(tx, 'app-instances')
      checkCount(await countAppInstances(tx), 'appInstances', call.limits)
      const arn = `arn:aws:chime:${call.region}:${call.account}:app-instance/${randomUUID()}`
      const id = await insertAppInstance(tx, { arn, name: input.Name, metadata: input.Metadata, now: call.now() })
      await tagNew(tx, { kind: 'app-instance', id }, input.Tags)
      return { AppInstanceArn: arn }
    })
  },

  async DescribeAppInstance({ AppInstanceArn }, { db }) {
    const found = await appInstanceByArn(db, AppInstanceArn)
    if (!found) throw missing(AppInstanceArn)
    return {
      AppInstance: {
        AppInstanceArn: found.arn,
        Name: found.name,
        CreatedTimestamp: found.createdAt,
        LastUpdatedTimestamp: found.updatedAt,
        Metadata: found.metadata,
      },
    }
  },

  async ListAppInstances(input, call) {
    const { items, NextToken } = await paged(call, input, [], (after, limit) => listAppInstances(call.db, after, limit))
    return { AppInstances: items.map(({ arn, name, metadata }) => ({ AppInstanceArn: arn, Name: name, Metadata: metadata })), NextToken }
  },

  async UpdateAppInstance({ AppInstanceArn, Name, Metadata }, { db, now }) {
    checkMetadataSize(Metadata)
    const found = await db.transaction(tx => updateAppInstance(tx, AppInstanceArn, { name: Name, metadata: Metadata, now: now() }))
    if (!found) throw missing(AppInstanceArn)
    return { AppInstanceArn }
  },

  async DeleteAppInstance({ AppInstanceArn }, { db, now, purgeSoon }) {
    await db.transaction(async tx => {
      const appInstanceId = await buryAppInstance(tx, AppInstanceArn, now())
      if (appInstanceId !== undefined) tx.tell({ type: 'app-instance-deleted', appInstanceId })
    })
    purgeSoon()
  },

  /** A new or a changed period starts to delete after thirty days; until then messages can come back. */
  async PutAppInstanceRetentionSettings({ AppInstanceArn, AppInstanceRetentionSettings }, { db, now }) {
    const days = AppInstanceRetentionSettings.ChannelRetentionSettings?.RetentionDays
    return db.transaction(async tx => {
      const found = await appInstanceByArn(tx, AppInstanceArn)
      if (!found) throw missing(AppInstanceArn)
      const startsAt = days === found.retention.days ? found.retention.startsAt : new Date(now() + retentionGrace)
      const retention = { days, startsAt: days === undefined ? undefined : startsAt }
      await putRetention(tx, found.id, retention)
      return retentionSettings(retention)
    })
  },

  async GetAppInstanceRetentionSettings({ AppInstanceArn }, { db }) {
    const found = await appInstanceByArn(db, AppInstanceArn)
    if (!found) throw missing(AppInstanceArn)
    return retentionSettings(found.retention)
  },
}
