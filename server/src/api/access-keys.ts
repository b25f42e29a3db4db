import { changeAccessKey, removeAccessKey, requireAccessKey } from '../keys/access-keys.ts'
import { userArn } from '../keys/principals.ts'
import { listAccessKeys, type StoredAccessKey } from '../store/access-keys.ts'
import type { Handlers } from './call.ts'
import { givenPolicy, requirePolicy } from './given-policy.ts'
import { paged } from './paging.ts'

const summaryOf = ({ id, name, disabledAt, createdAt }: StoredAccessKey) => ({
  AccessKeyId: id,
  UserName: name,
  Status: disabledAt ? ('DISABLED' as const) : ('ENABLED' as const),
  CreatedTimestamp: createdAt,
})

/** The times at which a key is disabled from then on, or undefined for one that is enabled; nothing if that does not change. */
function disabled(status: 'ENABLED' | 'DISABLED' | undefined, { disabledAt }: StoredAccessKey, now: number) {
  if (status === undefined) return {}
  return { disabledAt: status === 'ENABLED' ? undefined : (disabledAt?.getTime() ?? now) }
}

export const accessKeys: Handlers<'CreateAccessKey' | 'ListAccessKeys' | 'DescribeAccessKey' | 'UpdateAccessKey' | 'DeleteAccessKey'> = {
  async CreateAccessKey(input, { keys, account }) {
    const { id, name, secret } = await keys.makeKey({ name: input.UserName, policy: requirePolicy(input) })
    return { AccessKeyId: id, SecretAccessKey: secret, UserName: name, PrincipalArn: userArn(account, name) }
  },

  async ListAccessKeys(input, call) {
    const { items, NextToken } = await paged(call, input, [], (after, limit) => listAccessKeys(call.db, after, limit))
    return { AccessKeys: items.map(summaryOf), NextToken }
  },

  async DescribeAccessKey({ AccessKeyId }, { db, account }) {
    const key = await requireAccessKey(db, AccessKeyId)
    return { AccessKey: { ...summaryOf(key), PrincipalArn: userArn(account, key.name), Policy: key.policy } }
  },

  async UpdateAccessKey({ AccessKeyId, Status, ...given }, { db, keys, account, now }) {
    const policy = givenPolicy(given)
    const { id, name } = await changeAccessKey(db, AccessKeyId, key => ({
      ...(policy !== undefined && { policy }),
      ...disabled(Status, key, now()),
    }))
    await keys.refresh()
    return { AccessKeyId: id, PrincipalArn: userArn(account, name) }
  },

  async DeleteAccessKey({ AccessKeyId }, { db, keys }) {
    await removeAccessKey(db, AccessKeyId)
    await keys.refresh()
  },
}
