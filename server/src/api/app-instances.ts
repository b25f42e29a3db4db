import { randomUUID } from 'node:crypto'
import type { Call, Handlers } from '../call.ts'
import { forbidden, notFound } from '../errors.ts'
import { checkMetadataSize } from '../domain/limits.ts'
import { tagNew } from '../domain/tags.ts'
import { appInstanceByArn, buryAppInstance, insertAppInstance, listAppInstances, updateAppInstance } from '../store/app-instances.ts'
import { once } from './idempotency.ts'
import { paged } from './paging.ts'

const missing = (arn: string) => notFound('The app instance does not exist.', `There is no app instance ${arn}.`)

/** The app instance that something is made in or listed of; its absence is not told apart from no access (spec/operations.md G2). */
export async function requireAppInstance({ db }: Call, arn: string) {
  const found = await appInstanceByArn(db, arn)
  if (!found) throw forbidden(`There is no app instance ${arn}.`)
  return found
}

export const appInstances: Handlers<
  'CreateAppInstance' | 'DescribeAppInstance' | 'ListAppInstances' | 'UpdateAppInstance' | 'DeleteAppInstance'
> = {
  async CreateAppInstance(input, call) {
    checkMetadataSize(input.Metadata)
    return once(call, '', input, async tx => {
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
    await db.transaction(tx => buryAppInstance(tx, AppInstanceArn, now()))
    purgeSoon()
  },
}
