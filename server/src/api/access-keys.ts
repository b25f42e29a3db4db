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

/** The change of `disabledAt` that a Status in an input means; empty without one. A key that is disabled already keeps its time. */
function disabled(status: 'ENABLED' | 'DISABLED' | undefined, { disabledAt }: StoredAccessKey, now: number) {
  if (status === undefined) return {}
  return { disabledAt: status === 'ENABLED' ? undefined : (disabledAt?.getTime() ?? now) }
}

export const accessKeys = {
  async CreateAccessKey(input, { keyRing, account }) {
    const { id, name, secret } = await keyRing.makeKey({ name: input.UserName, policy: requirePolicy(input) })
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

  async UpdateAccessKey({ AccessKeyId, Status, ...given }, { db, keyRing, account, now }) {
    const policy = givenPolicy(given)
    const { id, name } = await changeAccessKey(db, AccessKeyId, key => ({
      ...(policy !== undefined && { policy }),
      ...disabled(Status, key, now()),
    }))
    await keyRing.refresh()
    return { AccessKeyId: id, PrincipalArn: userArn(account, name) }
  },

  async DeleteAccessKey({ AccessKeyId }, { db, keyRing }) {
    await removeAccessKey(db, AccessKeyId)
    await keyRing.refresh()
  },
} satisfies Partial<Handlers>
