import type { Handlers } from './call.ts'
import { changeAppInstance, createAppInstance, deleteAppInstance, namedAppInstance, setRetention } from '../domain/app-instances.ts'
import { listAppInstances, type Retention } from '../store/app-instances.ts'
import { once } from './idempotency.ts'
import { paged } from './paging.ts'

const retentionSettings = ({ days, startsAt }: Retention) => ({
  AppInstanceRetentionSettings: { ChannelRetentionSettings: days === undefined ? {} : { RetentionDays: days } },
  InitiateDeletionTimestamp: startsAt,
})

export const appInstances = {
  async CreateAppInstance(input, call) {
    const { region, account } = call
    const asked = { region, account, name: input.Name, metadata: input.Metadata, tags: input.Tags }
    return once(call, '', input, async tx => ({ AppInstanceArn: await createAppInstance(tx, call, asked) }))
  },

  async DescribeAppInstance({ AppInstanceArn }, { db }) {
    const found = await namedAppInstance(db, AppInstanceArn)
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

  async UpdateAppInstance({ AppInstanceArn, Name, Metadata }, call) {
    await call.db.transaction(tx => changeAppInstance(tx, call, AppInstanceArn, { name: Name, metadata: Metadata }))
    return { AppInstanceArn }
  },

  async DeleteAppInstance({ AppInstanceArn }, call) {
    await call.db.transaction(tx => deleteAppInstance(tx, call, AppInstanceArn))
  },

  async PutAppInstanceRetentionSettings({ AppInstanceArn, AppInstanceRetentionSettings }, call) {
    const days = AppInstanceRetentionSettings.ChannelRetentionSettings?.RetentionDays
    return retentionSettings(await call.db.transaction(tx => setRetention(tx, call, AppInstanceArn, days)))
  },

  async GetAppInstanceRetentionSettings({ AppInstanceArn }, { db }) {
    const found = await namedAppInstance(db, AppInstanceArn)
    return retentionSettings(found.retention)
  },
} satisfies Partial<Handlers>
